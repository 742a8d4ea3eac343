//! What the log says about a request that failed: who, from where, and what.

use axum::http::Uri;
use url::form_urlencoded;

use crate::app::App;
use crate::http::error::LogEntry;
use crate::login::ticket_url;

/// The most of a path that is logged, in characters.
const MAX_PATH: usize = 200;

/// What browsers ask for by themselves.
const PROBES: [&str; 4] = [
    "/favicon.ico",
    "/robots.txt",
    "/apple-touch-icon",
    "/.well-known/",
];

/// A request that failed.
pub(super) struct Failed<'a> {
    pub uri: &'a Uri,
    pub route: Option<&'a str>,
    pub address: &'a str,
    /// The client that the response names.
    pub client_id: Option<&'a str>,
}

impl Failed<'_> {
    /// Logs `entry` and returns the number of the request, which a page shows; `None` if nothing is logged.
    pub(super) fn log(&self, entry: &LogEntry, app: &App) -> Option<String> {
        let LogEntry {
            message, causes, ..
        } = entry;
        // Log only the first refusal, so that a flood of requests does not flood the log.
        let limited = entry.rate_limited.as_ref();
        if limited.is_some_and(|too_often| !too_often.should_log) || self.is_probe(app) {
            return None;
        }
        let path = self.path(app);
        let client_id = entry.client_id.as_deref().or(self.client_id);
        let client_id = client_id.or_else(|| self.named_client(app));
        let request_id = format!("{:08x}", rand::random::<u32>());
        let address = self.address;
        if entry.is_failure {
            tracing::error!(path, client_id, %address, request_id, causes, "{message}");
        } else {
            tracing::warn!(path, client_id, %address, request_id, causes, "{message}");
        }
        Some(request_id)
    }

    /// Whether a browser has asked for something of its own that does not exist here.
    fn is_probe(&self, app: &App) -> bool {
        let path = self.uri.path();
        let below = path.strip_prefix(app.issuer.path()).unwrap_or(path);
        let probed = |path: &str| PROBES.iter().any(|probe| path.starts_with(probe));
        self.route.is_none() && (probed(path) || probed(below))
    }

    /// The path without any ticket. The route stands for a path with an unknown client: such a text may be
    /// a secret.
    fn path(&self, app: &App) -> String {
        let route = self.route.unwrap_or_default();
        let is_unknown = route.contains("{client_id}") && self.launched_client(app).is_none();
        let path = if is_unknown { route } else { self.uri.path() };
        let path = ticket_url::before(path, app.provider.ticket_parameter()).unwrap_or(path);
        path.chars().take(MAX_PATH).collect()
    }

    /// The registered client that the path or the query names.
    fn named_client<'a>(&self, app: &'a App) -> Option<&'a str> {
        let in_query = || {
            let query = self.uri.query()?.as_bytes();
            let mut pairs = form_urlencoded::parse(query);
            let (_, id) = pairs.find(|(name, _)| name == "client_id")?;
            Some(app.clients.get(&id)?.id.as_str())
        };
        self.launched_client(app).or_else(in_query)
    }

    fn launched_client<'a>(&self, app: &'a App) -> Option<&'a str> {
        let path = self.uri.path().strip_prefix(app.issuer.path())?;
        let id = path.strip_prefix("/launch/")?.split('/').next()?;
        let id = percent_encoding::percent_decode_str(id)
            .decode_utf8()
            .ok()?;
        Some(app.clients.get(&id)?.id.as_str())
    }
}

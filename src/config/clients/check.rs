//! The helpers that all checks of a client share.

use url::Url;

use crate::config::findings::Findings;
use crate::oauth::redirect::is_loopback;

/// The check of one client section.
pub(super) struct Check<'a, 'f> {
    pub(super) index: usize,
    pub(super) issuer: &'a str,
    /// The `client_id`s of all clients.
    pub(super) ids: &'a [&'a str],
    pub(super) insecure: bool,
    pub(super) findings: &'a mut Findings<'f>,
}

impl Check<'_, '_> {
    /// Reports a problem with the value of `key`.
    pub(super) fn fail(
        &mut self,
        key: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.findings
            .add(&format!("clients[{}].{key}", self.index), problem, remedy);
    }

    /// Checks the URL under `key` and reports problems. `None` if `text` is missing or not a web address.
    pub(super) fn url(&mut self, key: &str, text: Option<&str>) -> Option<Url> {
        let url = Url::parse(text?).ok().filter(|url| {
            matches!(url.scheme(), "https" | "http") && url.has_host() && url.fragment().is_none()
        });
        match &url {
            None => self.fail(key, "it is not an https URL", "write the whole address"),
            Some(url) if url.scheme() == "http" && !is_loopback(url) && !self.insecure => self
                .fail(
                    key,
                    "it is plain http beyond this machine",
                    "write https, or accept the risk with server.allow_insecure_http = true",
                ),
            Some(url) if !url.username().is_empty() || url.password().is_some() => self.fail(
                key,
                "it has a user name or a password in it",
                "register an address that needs none: it is shown to browsers, and stands in logs",
            ),
            Some(_) => {}
        }
        url
    }
}

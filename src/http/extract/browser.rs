//! A browser at the door: what it sent, and the session it has here.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, REFERER};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};

use super::client_ip::Caller;
use super::cookies::{Jar, Sent};
use crate::app::App;
use crate::crypto::handle::{Digest, Handle};
use crate::http::page::language::Language;
use crate::login::referer::from_portal;
use crate::session::Session;
use crate::store::StoreError;

/// What a browser sent, without its body.
pub(crate) struct Visit {
    /// Its cookies of ours.
    pub sent: Sent,
    /// The query as it came.
    pub query: String,
    /// Whether a page of the portal led here.
    pub from_portal: bool,
    /// Whether nobody asked to see this: the browser fetches ahead of a click.
    pub prefetch: bool,
    /// The language the request asks for.
    pub language_asked_for: Option<Language>,
    /// The language of the person.
    pub language: Language,
    /// Where it is.
    pub caller: Caller,
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let header = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let purposes = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
        let ahead = |purpose: &str| {
            let purpose = purpose.to_ascii_lowercase();
            ["prefetch", "preview", "prerender"]
                .iter()
                .any(|ahead| purpose.contains(ahead))
        };
        Ok(Self {
            sent: Sent::of(parts, &app.issuer),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            from_portal: from_portal(header(REFERER.as_str()), &app.provider.origins()),
            prefetch: purposes.into_iter().filter_map(header).any(ahead),
            language_asked_for: parts.uri.query().and_then(Language::asked_for),
            language: Language::of(parts),
            caller,
        })
    }
}

/// Who is at the browser, as far as we know.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The live session.
    pub session: Option<Session>,
    /// The handle that opens it.
    pub handle: Option<Digest>,
    /// The browser itself.
    pub browser: Option<Handle>,
}

impl Visit {
    /// Goes on in the language that a request asks for which did not come in the URL.
    pub(crate) fn speak(&mut self, language: Option<Language>) {
        self.language_asked_for = language.or(self.language_asked_for);
        self.language = language.unwrap_or(self.language);
    }

    /// Looks the browser's session up.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn known(&self, app: &App) -> Result<Known, StoreError> {
        let handle = self
            .sent
            .handle(&Jar::Session)
            .map(|handle| handle.digest());
        let session = match &handle {
            Some(handle) => app.store.session(handle, app.host.clock.now()).await?,
            None => None,
        };
        Ok(Known {
            session,
            handle,
            browser: self.sent.handle(&Jar::Browser),
        })
    }
}

/// A browser that fetches ahead gets nothing worth keeping, and the ticket is left alone (N64).
#[must_use]
pub(crate) fn not_ahead_of_a_click() -> Response {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [(CACHE_CONTROL, "no-store")],
    )
        .into_response()
}

//! A browser's request, and the session it belongs to.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::extract::rejection::BytesRejection;
use axum::http::header::REFERER;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};

use percent_encoding::{CONTROLS, percent_encode};

use super::client_ip::ClientIp;
use super::cookies::{CookieName, Cookies};
use super::navigation::opens_page;
use crate::app::App;
use crate::crypto::identifiers::SessionHandleHash;
use crate::http::error::{MAX_QUERY_BYTES, PageError, PageProblem};
use crate::http::page::language::Language;
use crate::login::browser::BrowserHandles;
use crate::login::referer::from_portal;
use crate::service::caller::Caller;
use crate::service::sign_in::BrowserState;
use crate::store::StoreError;

/// A browser's request, without its body.
pub(crate) struct BrowserRequest {
    /// The cookies of this provider.
    pub cookies: Cookies,
    /// The raw query.
    pub query: String,
    /// Whether the `Referer` is a page of the portal.
    pub from_portal: bool,
    /// Whether a page is opened: not when the browser prefetches it, or fetches it as an image, script or
    /// style of another page.
    pub opens_page: bool,
    /// The language that `ui_locales` requests.
    pub requested_language: Option<Language>,
    /// The language for the response.
    pub language: Language,
    /// The client's IP address.
    pub client_ip: ClientIp,
    /// The client of a request that did not come in the URL, for the log.
    pub request_client: Option<RequestClient>,
}

/// The client of a request, for the log.
#[derive(Debug, Clone)]
pub(crate) struct RequestClient(pub String);

impl FromRequestParts<Arc<App>> for BrowserRequest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let client_ip = ClientIp::from_request_parts(parts, app).await?;
        let cookies = Cookies::from_request_parts(parts, app).await?;
        let referer = parts.headers.get(REFERER);
        let referer = referer.map(|value| String::from_utf8_lossy(value.as_bytes()));
        Ok(Self {
            cookies,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            from_portal: from_portal(referer.as_deref(), app.provider.origins()),
            opens_page: opens_page(&parts.headers),
            requested_language: parts.uri.query().and_then(Language::from_ui_locales),
            language: Language::of(parts),
            client_ip,
            request_client: None,
        })
    }
}

impl BrowserRequest {
    /// Sets the language from a request that did not come in the URL: a form body or a pending
    /// request.
    pub(crate) fn set_locale(&mut self, language: Option<Language>) {
        self.requested_language = language.or(self.requested_language);
        self.language = language.unwrap_or(self.language);
    }

    /// Reads the parameters of a `POST` from its body, and the language from its `ui_locales`.
    ///
    /// # Errors
    ///
    /// [`PageProblem::TooLarge`].
    pub(crate) fn read_parameters(
        &mut self,
        body: Result<Bytes, BytesRejection>,
    ) -> Result<String, PageProblem> {
        // Bytes that are not UTF-8 stay what they are; whoever parses them refuses them by name.
        let raw = match String::from_utf8(body?.into()) {
            Ok(raw) => raw,
            Err(error) => percent_encode(error.as_bytes(), CONTROLS).to_string(),
        };
        self.set_locale(Language::from_ui_locales(&raw));
        if raw.len() > MAX_QUERY_BYTES {
            return Err(PageProblem::TooLarge);
        }
        Ok(raw)
    }

    /// `url`, a page of ours, in the language that this request asks for.
    pub(crate) fn localized(&self, url: &str) -> String {
        Language::localized(self.requested_language, url)
    }

    /// The response to this request. An error page is in the language of the request, even if
    /// [`set_locale`](Self::set_locale) has set it: the layer that renders the page knows only the URL.
    pub(crate) fn respond(&self, result: Result<Response, PageError>) -> Response {
        let client = self.request_client.clone().map(Extension);
        (Extension(self.language), client, result).into_response()
    }

    /// Looks up the browser's session.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn state(&self, app: &App) -> Result<BrowserState, StoreError> {
        let handle = self
            .cookies
            .handle(&CookieName::Session)
            .map(|handle| SessionHandleHash::of(&handle));
        let session = match &handle {
            Some(handle) => app.store.session(handle, app.host.clock.now()).await?,
            None => None,
        };
        let browser = self.cookies.get(&CookieName::Browser);
        let browser = browser.and_then(BrowserHandles::parse);
        let caller = Caller {
            address: Some(self.client_ip.0),
            client_id: None,
        };
        Ok(BrowserState::new(session, handle, browser, caller))
    }
}

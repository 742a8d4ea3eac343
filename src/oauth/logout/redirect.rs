//! Where a browser may be sent after a logout (RP-Initiated Logout 1.0 §3).

use crate::oauth::client::Client;
use crate::oauth::error::OAuthError;
use crate::oauth::response_mode::{AuthorizationResponse, ResponseMode};

/// A place a browser may be sent to after a logout: only [`PostLogoutRedirect::check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostLogoutRedirect {
    uri: String,
    state: Option<String>,
}

impl PostLogoutRedirect {
    /// Finds `asked` among what the client registered; `state` goes back with the browser.
    ///
    /// # Errors
    ///
    /// `invalid_request`, for a page.
    pub fn check(asked: &str, client: &Client, state: Option<&str>) -> Result<Self, OAuthError> {
        let mut registered = client.logout.post_redirects.iter();
        if !registered.any(|uri| uri.matches(asked, client.is_public())) {
            return Err(OAuthError::invalid_request(
                "the post_logout_redirect_uri is not registered for this client; it must be one of \
                 its post_logout_redirect_uris to the letter",
            ));
        }
        Ok(Self {
            uri: asked.to_owned(),
            state: state.map(str::to_owned),
        })
    }

    /// The URI of the request, to the letter.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// What the client wants back.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// Where the browser goes.
    #[must_use]
    pub fn url(&self) -> String {
        let Some(state) = self.state.clone() else {
            return self.uri.clone();
        };
        match ResponseMode::Query.respond(&self.uri, vec![("state", state)]) {
            AuthorizationResponse::Redirect(url) => url,
            AuthorizationResponse::FormPost { action, .. } => action,
        }
    }
}

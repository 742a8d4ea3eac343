//! Where a browser may be sent after a logout (RP-Initiated Logout 1.0 §3).

use crate::oauth::client::Client;
use crate::oauth::error::OAuthError;
use crate::oauth::response_mode::{AuthorizationResponse, ResponseMode};

/// A URI that a browser may be sent to after a logout. Only [`PostLogoutRedirect::check`] creates
/// one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostLogoutRedirect {
    uri: String,
    state: Option<String>,
}

impl PostLogoutRedirect {
    /// Accepts `requested` if the client registered it. The browser takes `state` back to the
    /// client.
    ///
    /// # Errors
    ///
    /// `invalid_request`. It must be shown on a page.
    pub fn check(
        requested: &str,
        client: &Client,
        state: Option<&str>,
    ) -> Result<Self, OAuthError> {
        let mut registered = client.logout.post_redirects.iter();
        if !registered.any(|uri| uri.matches(requested, client.is_public())) {
            return Err(OAuthError::invalid_request(
                "the post_logout_redirect_uri is not registered for this client; it must be one of \
                 its post_logout_redirect_uris to the letter",
            ));
        }
        Ok(Self {
            uri: requested.to_owned(),
            state: state.map(str::to_owned),
        })
    }

    /// The URI, exactly as in the request.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The `state` to return to the client.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The URL to redirect the browser to.
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

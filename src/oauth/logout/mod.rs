//! The logout request: its rules, in the order they are checked (RP-Initiated Logout 1.0 §2), and
//! which session it ends.

mod redirect;

use std::sync::Arc;

use url::Url;

pub use self::redirect::PostLogoutRedirect;
use super::client::Client;
use super::error::OAuthError;
use super::id_token_hint;
use super::id_token_hint::Hint;
use super::params::Params;
use crate::keys::Keys;
use crate::oauth::clients::Clients;
use crate::session::{Session, SessionId};

/// The parameters that are read (§2).
pub const PARAMETERS: [&str; 5] = [
    "id_token_hint",
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
];

/// A valid logout request.
#[derive(Debug, Clone)]
pub struct LogoutRequest {
    /// The verified `id_token_hint`: an ID token of this provider that names the session to end. It
    /// may have expired.
    pub hint: Option<Hint>,
    /// The client that sent the request, if the request names it.
    pub client: Option<Arc<Client>>,
    /// Where the browser is sent afterwards.
    pub redirect: Option<PostLogoutRedirect>,
}

/// Validates a logout request.
///
/// # Errors
///
/// `invalid_request`. It must be shown on a page, because there is no verified redirect URI.
pub fn read(
    params: &Params,
    clients: &Clients,
    keys: &Keys,
    issuer: &str,
) -> Result<LogoutRequest, OAuthError> {
    params.well_formed()?;
    let hint = params
        .get("id_token_hint")
        .map(|unverified| id_token_hint::read(unverified, keys, issuer))
        .transpose()?;
    let client = client(params, hint.as_ref(), clients)?;
    let redirect = post_logout_redirect(params, client.map(Arc::as_ref))?;
    Ok(LogoutRequest {
        hint,
        client: client.cloned(),
        redirect,
    })
}

/// With both `client_id` and a hint, "the OP MUST verify that the Client Identifier matches the one
/// used when issuing the ID Token" (§2).
fn client<'a>(
    params: &Params,
    hint: Option<&Hint>,
    clients: &'a Clients,
) -> Result<Option<&'a Arc<Client>>, OAuthError> {
    match (params.get("client_id"), hint) {
        (Some(id), Some(hint)) if hint.audience != id => Err(OAuthError::invalid_request(
            "the id_token_hint was issued to another client than the client_id names",
        )),
        (Some(id), _) => match clients.get(id) {
            Some(client) => Ok(Some(client)),
            None => Err(OAuthError::invalid_request(
                "the client_id is not registered here",
            )),
        },
        (None, hint) => Ok(hint.and_then(|hint| clients.get(&hint.audience))),
    }
}

/// "The OP MUST NOT perform post-logout redirection if the … value supplied does not exactly match
/// one of the previously registered" ones (§3).
fn post_logout_redirect(
    params: &Params,
    client: Option<&Client>,
) -> Result<Option<PostLogoutRedirect>, OAuthError> {
    match (params.get("post_logout_redirect_uri"), client) {
        (None, _) => Ok(None),
        (Some(uri), Some(client)) => {
            PostLogoutRedirect::check(uri, client, params.get("state")).map(Some)
        }
        (Some(_), None) => Err(OAuthError::invalid_request(
            "post_logout_redirect_uri is given without an id_token_hint or a client_id to tell whose \
             it is",
        )),
    }
}

/// How a logout request is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutPlan {
    /// The session that ends at once, in whichever browser it is: the holder of its ID token may end
    /// it.
    pub session_to_end: Option<SessionId>,
    /// Whether the user must first confirm that the session of this browser ends. The hint does not
    /// name it, so another site may have sent the request (logout CSRF; N48, docs/security.md).
    pub needs_confirmation: bool,
}

impl LogoutRequest {
    /// Decides what to end. `current` is the session of the browser that sent the request; a client
    /// that sends the request itself has none.
    #[must_use]
    pub fn plan(&self, current: Option<&Session>) -> LogoutPlan {
        let ends = self.hint.as_ref().map(|hint| hint.sid.clone());
        LogoutPlan {
            needs_confirmation: current.is_some_and(|session| ends.as_ref() != Some(&session.sid)),
            session_to_end: ends,
        }
    }

    /// The client to notify last, because it awaits a response: the browser returns to it or,
    /// without `by_browser`, the client sent the request itself. If the browser stays here, no
    /// client waits.
    #[must_use]
    pub fn notified_last(&self, by_browser: bool) -> Option<&Arc<Client>> {
        let awaits_response = self.redirect.is_some() || !by_browser;
        self.client.as_ref().filter(|_| awaits_response)
    }
}

/// The front-channel logout URL of a client, which the browser opens in a frame (Front-Channel
/// Logout 1.0 §2). It always has `iss` and `sid`, so that the client knows which session ended.
#[must_use]
pub fn frontchannel_logout_url(client: &Client, issuer: &str, sid: &SessionId) -> Option<Url> {
    let mut uri = client.logout.frontchannel.clone()?;
    uri.query_pairs_mut()
        .append_pair("iss", issuer)
        .append_pair("sid", sid.as_str());
    Some(uri)
}

#[cfg(test)]
mod tests;

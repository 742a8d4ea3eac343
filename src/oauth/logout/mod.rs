//! The logout request of a client: its rules, in the order they are asked (RP-Initiated Logout 1.0
//! §2), and whose session it ends.

mod redirect;

use std::sync::Arc;

use url::Url;

pub use self::redirect::PostLogoutRedirect;
use super::client::{Client, Clients};
use super::error::OAuthError;
use super::id_token_hint;
use super::id_token_hint::Hint;
use super::params::Params;
use crate::keys::Keys;
use crate::session::{Session, SessionId};

/// The parameters that are heeded (§2).
pub const PARAMETERS: [&str; 5] = [
    "id_token_hint",
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
];

/// A logout request that may go on.
#[derive(Debug, Clone)]
pub struct LogoutRequest {
    /// The ID token of ours that names the session to end. It may have expired.
    pub hint: Option<Hint>,
    /// Who asks, as far as the request says.
    pub client: Option<Arc<Client>>,
    /// Where the browser goes on.
    pub redirect: Option<PostLogoutRedirect>,
}

/// Decides whether a logout request may go on.
///
/// # Errors
///
/// `invalid_request`, which must be shown on a page: where the browser would go is in doubt.
pub fn read(
    asked: &Params,
    clients: &Clients,
    keys: &Keys,
    issuer: &str,
) -> Result<LogoutRequest, OAuthError> {
    no_repeats(asked)?;
    let hint = asked
        .get("id_token_hint")
        .map(|unverified| id_token_hint::read(unverified, keys, issuer))
        .transpose()?;
    let client = client(asked, hint.as_ref(), clients)?;
    let redirect = post_logout_redirect(asked, client.map(Arc::as_ref))?;
    Ok(LogoutRequest {
        hint,
        client: client.cloned(),
        redirect,
    })
}

fn no_repeats(asked: &Params) -> Result<(), OAuthError> {
    match asked.repeated() {
        Some(name) => Err(OAuthError::invalid_request(format!(
            "the parameter {name} is given more than once"
        ))),
        None => Ok(()),
    }
}

/// With both `client_id` and a hint, "the OP MUST verify that the Client Identifier matches the one
/// used when issuing the ID Token" (§2).
fn client<'a>(
    asked: &Params,
    hint: Option<&Hint>,
    clients: &'a Clients,
) -> Result<Option<&'a Arc<Client>>, OAuthError> {
    match (asked.get("client_id"), hint) {
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
    asked: &Params,
    client: Option<&Client>,
) -> Result<Option<PostLogoutRedirect>, OAuthError> {
    match (asked.get("post_logout_redirect_uri"), client) {
        (None, _) => Ok(None),
        (Some(uri), Some(client)) => {
            PostLogoutRedirect::check(uri, client, asked.get("state")).map(Some)
        }
        (Some(_), None) => Err(OAuthError::invalid_request(
            "post_logout_redirect_uri is given without an id_token_hint or a client_id to tell whose \
             it is",
        )),
    }
}

/// What a logout request comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The session that ends at once, wherever it is: whoever holds its ID token may end it.
    pub ends: Option<SessionId>,
    /// The person at the browser is asked about the session there: it is not the one that was
    /// named, or none was (N48).
    pub asks: bool,
}

impl LogoutRequest {
    /// Decides by the session of the browser that brings the request; a client that calls by itself
    /// has none.
    #[must_use]
    pub fn plan(&self, here: Option<&Session>) -> Plan {
        let ends = self.hint.as_ref().map(|hint| hint.sid.clone());
        Plan {
            asks: here.is_some_and(|session| ends.as_ref() != Some(&session.sid)),
            ends,
        }
    }

    /// The client that is told last: its browser, or its own request where `by_browser` is not,
    /// comes back first. Where the browser stays with us there is nothing to wait for.
    #[must_use]
    pub fn told_last(&self, by_browser: bool) -> Option<&Arc<Client>> {
        let comes_back = self.redirect.is_some() || !by_browser;
        self.client.as_ref().filter(|_| comes_back)
    }
}

/// Where a client ends its own session when a browser opens it in a frame (Front-Channel Logout 1.0
/// §2). It learns which session: `iss` and `sid` are always there.
#[must_use]
pub fn frame(client: &Client, issuer: &str, sid: &SessionId) -> Option<Url> {
    let mut uri = client.logout.frontchannel.clone()?;
    uri.query_pairs_mut()
        .append_pair("iss", issuer)
        .append_pair("sid", sid.as_str());
    Some(uri)
}

#[cfg(test)]
mod tests;

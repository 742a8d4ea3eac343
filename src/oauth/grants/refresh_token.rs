//! `refresh_token`: what is asked for anew, and what of it is given (RFC 6749 §6).

use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::grant::ActiveGrant;
use crate::oauth::params::Params;
use crate::oauth::resource;
use crate::oauth::scope::Scopes;

/// A token request for the grant type `refresh_token`.
pub struct RefreshRequest<'a> {
    /// The refresh token.
    pub refresh_token: &'a str,
    /// The resources that tokens are asked for (RFC 8707 §2.2).
    pub resources: Vec<String>,
    scope: Option<&'a str>,
}

/// Reads the request.
///
/// # Errors
///
/// `invalid_request` when the token is missing, `invalid_target` when the client may not ask for a
/// resource.
pub fn read<'a>(form: &'a Params, client: &Client) -> Result<RefreshRequest<'a>, OAuthError> {
    Ok(RefreshRequest {
        resources: resource::requested(form, client)?,
        refresh_token: form.sole("refresh_token")?,
        scope: form.get("scope"),
    })
}

/// Decides, before the token is replaced, whether its grant gives what is asked for. Returns the
/// scopes of the new tokens.
///
/// # Errors
///
/// `invalid_grant` when the grant is another client's, `invalid_scope` when more is asked
/// for than was granted (N37), or nothing that was.
pub fn allow(
    request: &RefreshRequest<'_>,
    client: &Client,
    granted: &ActiveGrant,
) -> Result<Scopes, OAuthError> {
    // Another client's token is refused in the same words, and the rightful client keeps what it has
    // (N38).
    if granted.grant.client_id != client.id {
        return Err(unknown());
    }
    let Some(asked) = request.scope.map(Scopes::parse) else {
        return Ok(granted.grant.scopes.clone());
    };
    if !asked.are_among(&granted.grant.scopes) {
        return Err(OAuthError::new(
            ErrorCode::InvalidScope,
            "more is asked for than was granted",
        ));
    }
    // Words nobody knows are left out, here as in an authorization request. A token for nothing is
    // not what was meant by them.
    if asked.is_empty() && !granted.grant.scopes.is_empty() {
        return Err(OAuthError::new(
            ErrorCode::InvalidScope,
            "nothing is asked for that was granted",
        ));
    }
    Ok(asked)
}

/// The answer to a token that is no good, whatever the reason.
#[must_use]
pub fn unknown() -> OAuthError {
    OAuthError::invalid_grant("the refresh token is unknown, expired, revoked or was used before")
}

//! `refresh_token`: the token request, and whether its grant allows the requested scopes (RFC 6749
//! §6).

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
    /// The resources that tokens are requested for (RFC 8707 §2.2).
    pub resources: Vec<String>,
    scope: Option<&'a str>,
}

/// Reads the request.
///
/// # Errors
///
/// `invalid_request` when the token is missing, `invalid_target` when the client may not request a
/// resource.
pub fn read<'a>(form: &'a Params, client: &Client) -> Result<RefreshRequest<'a>, OAuthError> {
    Ok(RefreshRequest {
        resources: resource::requested(form, client)?,
        refresh_token: form.require("refresh_token")?,
        scope: form.get("scope"),
    })
}

/// Decides, before the token is rotated, whether its grant allows the request. Returns the scopes
/// of the new tokens.
///
/// # Errors
///
/// `invalid_grant` when the grant belongs to another client; `invalid_scope` as
/// [`Client::narrow`], or when no requested scope was granted.
pub fn granted_scopes(
    request: &RefreshRequest<'_>,
    client: &Client,
    granted: &ActiveGrant,
) -> Result<Scopes, OAuthError> {
    // A token of another client is refused with the same error as an unknown one. It is not
    // revoked, so its own client can still use it (N38).
    if granted.grant.client_id != client.id {
        return Err(invalid_refresh_token());
    }
    let Some(requested) = request.scope else {
        return Ok(granted.grant.scopes.clone());
    };
    let requested = client.narrow(requested, &granted.grant.scopes)?;
    // Unknown scopes are ignored, as in an authorization request. If no known scope is left, a
    // token without scopes is not what the client meant.
    if requested.is_empty() && !granted.grant.scopes.is_empty() {
        return Err(OAuthError::new(
            ErrorCode::InvalidScope,
            "nothing is asked for that was granted",
        ));
    }
    Ok(requested)
}

/// The error for an invalid refresh token, whatever the reason.
#[must_use]
pub fn invalid_refresh_token() -> OAuthError {
    OAuthError::invalid_grant("the refresh token is unknown, expired, revoked or was used before")
}

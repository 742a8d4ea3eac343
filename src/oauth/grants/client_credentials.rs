//! `client_credentials`: a client acts for itself (RFC 6749 §4.4).

use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::params::Params;
use crate::oauth::scope::Scopes;

/// Decides whether `client` may have a token of its own. There is nothing to look up.
///
/// # Errors
///
/// `unauthorized_client` for a public one (RFC 6749 §4.4: "MUST only be used by confidential
/// clients"); `invalid_scope` for a scope that is about a person (N37).
pub fn allow(form: &Params, client: &Client) -> Result<(), OAuthError> {
    if client.is_public() {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            "a client that proves nothing gets no token of its own",
        ));
    }
    let asked = form.get("scope").map(Scopes::parse).unwrap_or_default();
    if !asked.are_among(&Scopes::default()) {
        return Err(OAuthError::new(
            ErrorCode::InvalidScope,
            "the scope is about a person, and there is none",
        ));
    }
    Ok(())
}

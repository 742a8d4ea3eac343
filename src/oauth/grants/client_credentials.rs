//! `client_credentials`: a client acts for itself (RFC 6749 §4.4).

use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::params::Params;
use crate::oauth::resource;
use crate::oauth::scope::Scopes;

/// A token request for the grant type `client_credentials`.
pub struct ClientRequest {
    /// Whom the token is for.
    pub audience: Vec<String>,
}

/// Reads the request, and decides whether `client` may have a token of its own. There is nothing to
/// look up.
///
/// # Errors
///
/// `unauthorized_client` for a public one (RFC 6749 §4.4: "MUST only be used by confidential
/// clients"); `invalid_scope` for a scope that is about a person (N37);
/// `invalid_target` when the client may not ask for a resource.
pub fn read(form: &Params, client: &Client) -> Result<ClientRequest, OAuthError> {
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
    let requested = resource::requested(form, client)?;
    Ok(ClientRequest {
        audience: resource::audience(requested, client, &[])?,
    })
}

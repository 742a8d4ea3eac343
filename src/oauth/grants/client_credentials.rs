//! `client_credentials`: a client acts for itself (RFC 6749 §4.4).

use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::params::Params;
use crate::oauth::resource;
use crate::oauth::scope::Scopes;

/// A token request for the grant type `client_credentials`.
pub struct ClientRequest {
    /// The audience of the token.
    pub audience: Vec<String>,
}

/// Reads the request, and decides whether `client` may have a token for itself. Nothing has to be
/// looked up.
///
/// # Errors
///
/// `unauthorized_client` for a public client (RFC 6749 §4.4: "MUST only be used by confidential
/// clients"); `invalid_scope` for a scope that is about a user, which would be an escalation (N37,
/// docs/security.md); `invalid_target` when the client may not request a resource.
pub fn read(form: &Params, client: &Client) -> Result<ClientRequest, OAuthError> {
    if client.is_public() {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            "a client that proves nothing gets no token of its own",
        ));
    }
    let scopes = form.get("scope").map(Scopes::parse).unwrap_or_default();
    if !scopes.is_subset_of(&Scopes::default()) {
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

//! `client_secret_post`: the secret in the body (RFC 6749 §2.3.1).

use super::proof::{ClientCredentials, ClientProof, authenticated, authentication_failed, secret};
use crate::oauth::clients::Clients;
use crate::oauth::error::OAuthError;

pub(super) fn authenticate<'a>(
    offered: &str,
    request: &ClientCredentials<'a>,
    clients: &Clients,
) -> Result<ClientProof<'a>, OAuthError> {
    let id = request
        .form
        .get("client_id")
        .ok_or_else(authentication_failed)?;
    let client = clients.get(id);
    authenticated(client, secret(client, |_, post| post).matches(offered))
}

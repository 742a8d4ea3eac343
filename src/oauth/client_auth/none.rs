//! `none`: a public client only sends its `client_id` (RFC 6749 §3.2.1).

use super::proof::{ClientCredentials, ClientProof, authenticated, authentication_failed};
use crate::oauth::client::Client;
use crate::oauth::clients::Clients;
use crate::oauth::error::OAuthError;

pub(super) fn authenticate<'a>(
    request: &ClientCredentials<'a>,
    clients: &Clients,
) -> Result<ClientProof<'a>, OAuthError> {
    let id = request
        .form
        .get("client_id")
        .ok_or_else(authentication_failed)?;
    let client = clients.get(id);
    authenticated(
        client,
        client.is_some_and(|client| Client::is_public(client)),
    )
}

//! `none`: a public client only sends its `client_id` (RFC 6749 §3.2.1).

use super::proof::{ClientProof, Request, failed, proven};
use crate::oauth::client::{Client, Clients};
use crate::oauth::error::OAuthError;

pub(super) fn prove<'a>(
    request: &Request<'a>,
    clients: &Clients,
) -> Result<ClientProof<'a>, OAuthError> {
    let id = request.form.get("client_id").ok_or_else(failed)?;
    let client = clients.get(id);
    proven(
        client,
        client.is_some_and(|client| Client::is_public(client)),
    )
}

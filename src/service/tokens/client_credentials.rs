//! The `client_credentials` grant (RFC 6749 §4.4).

use super::audience::CheckedAudience;
use super::issue::{TokenIssue, client_token_claims};
use crate::app::App;
use crate::oauth::client::Client;
use crate::oauth::grants::client_credentials::ClientRequest;

/// Issues an access token for the client itself. Nothing is stored: the token is valid until it
/// expires or is revoked.
pub(super) fn grant(app: &App, client: &Client, request: ClientRequest) -> TokenIssue {
    let audience = CheckedAudience::of_client(request);
    TokenIssue::of(client_token_claims(app, client, audience))
}

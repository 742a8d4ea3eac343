//! A client asks for a token of its own (RFC 6749 §4.4).

use super::issue::{TokenIssue, own_token};
use crate::app::App;
use crate::oauth::client::Client;
use crate::oauth::grants::client_credentials::ClientRequest;

/// Issues it. Nothing is kept: the token is good until it expires or is revoked.
pub(super) fn grant(app: &App, client: &Client, request: ClientRequest) -> TokenIssue {
    TokenIssue::of(own_token(app, client, request.audience))
}

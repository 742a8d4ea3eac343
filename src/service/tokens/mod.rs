//! The token endpoint's work (RFC 6749 §3.2, OIDC Core §3.1.3): one file a grant looks it up and spends
//! it, [`issue`] makes tokens of what it has come to.

mod authorization_code;
mod client_credentials;
mod issue;
mod refresh_token;
mod token_exchange;

use std::sync::Arc;

use super::error::Error;
use crate::app::App;
use crate::oauth::client::Client;
use crate::oauth::grants::{self, TokenRequest};
use crate::oauth::params::Params;
use crate::oauth::token_response::TokenResponse;

/// Exchanges the grant that `client` brings in `form` for tokens.
///
/// # Errors
///
/// [`Error`], with a registered code for the client.
pub async fn exchange_grant(
    app: &Arc<App>,
    client: &Client,
    form: &Params,
) -> Result<TokenResponse, Error> {
    let tokens = match grants::read(form, client)? {
        TokenRequest::Code(request) => authorization_code::redeem(app, client, request).await?,
        TokenRequest::Refresh(request) => refresh_token::refresh(app, client, request).await?,
        TokenRequest::Client(request) => client_credentials::grant(app, client, request),
        TokenRequest::Exchange(request) => token_exchange::exchange(app, client, request).await?,
    };
    issue::sign(app, client, tokens)
}

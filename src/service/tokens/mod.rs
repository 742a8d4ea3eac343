//! The use cases of the token endpoint (RFC 6749 §3.2, OIDC Core §3.1.3). One file for each grant
//! type validates the grant; `issue` makes the tokens.

mod audience;
mod authorization_code;
mod client_credentials;
mod issue;
mod refresh_token;
mod token_exchange;

use std::net::IpAddr;
use std::sync::Arc;

use panda_oidc_sdk::Subject;

use super::audit::{self, About};
use super::error::Error;
use crate::app::App;
use crate::audit::Event;
use crate::oauth::client::Client;
use crate::oauth::grant_type::{GrantType, SubjectTokenType};
use crate::oauth::grants::{self, TokenRequest};
use crate::oauth::params::Params;
use crate::oauth::token_response::TokenResponse;

/// Issues the tokens for the grant that `client` presents in `form` from `address`.
///
/// # Errors
///
/// [`Error`], with a registered error code for the client.
pub async fn issue_tokens(
    app: &Arc<App>,
    client: &Client,
    form: &Params,
    address: IpAddr,
) -> Result<TokenResponse, Error> {
    let request = grants::read(form, client)?;
    let is_stored = match &request {
        TokenRequest::Code(_) | TokenRequest::Refresh(_) => true,
        TokenRequest::Client(_) => false,
        TokenRequest::Exchange(request) => request.subject_token_type == SubjectTokenType::Ticket,
    };
    let tokens = match request {
        TokenRequest::Code(request) => authorization_code::redeem(app, client, request).await?,
        TokenRequest::Refresh(request) => refresh_token::refresh(app, client, request).await?,
        TokenRequest::Client(request) => client_credentials::grant(app, client, request),
        TokenRequest::Exchange(request) => {
            token_exchange::exchange(app, client, request, address).await?
        }
    };
    let subject = tokens.access_token.sub.clone();
    let response = issue::sign(app, client, tokens)?;
    if let Some((about, event)) = grant_record(client, form, address, &subject, &response.scope) {
        if is_stored {
            audit::record(app, vec![(about, event)]).await?;
        } else {
            audit::record_soon(app, about, event);
        }
    }
    let (client_id, grant_type) = (client.id.as_str(), form.get("grant_type"));
    tracing::info!(%subject, client_id, %address, grant_type, "Issued tokens to {client_id} for {subject}");
    Ok(response)
}

/// The record that the client got tokens for `subject`, or for itself. A refresh has none: it gives nothing that the
/// grant did not.
fn grant_record(
    client: &Client,
    form: &Params,
    address: IpAddr,
    subject: &str,
    scope: &str,
) -> Option<(About, Event)> {
    let grant_type = form.get("grant_type").unwrap_or_default();
    if grant_type == GrantType::RefreshToken.as_str() {
        return None;
    }
    let is_of_person = grant_type != GrantType::ClientCredentials.as_str();
    let about = About {
        person: Subject::new(subject).ok().filter(|_| is_of_person),
        client_id: Some(client.id.to_string()),
        address: Some(address),
    };
    let event = Event::GrantIssued {
        grant_type: grant_type.to_owned(),
        scope: scope.to_owned(),
    };
    Some((about, event))
}

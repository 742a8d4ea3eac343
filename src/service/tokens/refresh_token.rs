//! A refresh token is used (RFC 6749 §6).

use super::issue::{Login, TokenIssue};
use crate::app::App;
use crate::crypto::refresh_token::RefreshToken;
use crate::oauth::client::Client;
use crate::oauth::grants::refresh_token::{RefreshRequest, allow, unknown};
use crate::oauth::resource;
use crate::service::access::require_access;
use crate::service::error::Error;
use crate::store::{RefreshOutcome, Rotation};

/// Puts the successor in the place of the token. What the token is asked for is decided first: a
/// request that is refused costs the client nothing.
///
/// # Errors
///
/// `invalid_grant`, `invalid_scope`, `invalid_target`; what the store says.
pub(super) async fn refresh(
    app: &App,
    client: &Client,
    request: RefreshRequest<'_>,
) -> Result<TokenIssue, Error> {
    let now = app.host.clock.now();
    // 1. Look the grant up, and ensure that it is this client's and gives what is asked for.
    let token = RefreshToken::parse(request.refresh_token).ok_or_else(unknown)?;
    let found = app.store.family(&token.family(), now).await?;
    let found = found.ok_or_else(unknown)?.granted;
    let scopes = allow(&request, client, &found)?;
    require_access(app, client, &found)?;
    let audience = resource::audience(request.resources, client, &found.grant.resources)?;
    // 2. Replace the token (RFC 9700 §4.14.2).
    let successor = app.refresh_token_chain.next(&token);
    let rotation = Rotation {
        family: token.family(),
        presented: token.digest(),
        successor: successor.digest(),
        expires_at: now + client.refresh_token.idle_lifetime,
        grace_since: now - client.refresh_token.grace,
    };
    let (id, mut granted) = match app.store.rotate(rotation, now).await? {
        RefreshOutcome::Granted(id, granted) => (id, *granted),
        RefreshOutcome::Reused(of) => {
            let client_id = of.as_str();
            tracing::warn!(
                client_id,
                "A refresh token of {client_id} was used again; all its grant gave is revoked"
            );
            return Err(unknown().into());
        }
        RefreshOutcome::Unknown => return Err(unknown().into()),
    };
    // 3. Issue the tokens. OIDC Core §12.2: the ID token of a refresh "SHOULD NOT have a nonce".
    granted.grant.nonce = None;
    let login = Login {
        id,
        granted,
        scopes,
        audience,
        refresh_token: Some(successor),
    };
    Ok(login.issue(app, client))
}

//! The `refresh_token` grant (RFC 6749 §6).

use super::audience::CheckedAudience;
use super::issue::{GrantedTokens, TokenIssue};
use crate::app::App;
use crate::audit::Event;
use crate::crypto::refresh_token::RefreshToken;
use crate::oauth::client::Client;
use crate::oauth::grants::refresh_token::{RefreshRequest, granted_scopes, invalid_refresh_token};
use crate::oauth::resource;
use crate::service::access::require_access;
use crate::service::audit;
use crate::service::error::Error;
use crate::store::{RefreshOutcome, Rotation};

/// Rotates the refresh token and issues tokens. The request is validated before the rotation, so a
/// refused request does not use up the client's token.
///
/// # Errors
///
/// `invalid_grant`, `invalid_scope`, `invalid_target`; store errors.
pub(super) async fn refresh(
    app: &App,
    client: &Client,
    request: RefreshRequest<'_>,
) -> Result<TokenIssue, Error> {
    let now = app.host.clock.now();
    // 1. Look up the grant, and check that it is this client's and covers the request.
    let token = RefreshToken::parse(request.refresh_token).ok_or_else(invalid_refresh_token)?;
    let family = app.store.family(&token.family(), now).await?;
    let active_grant = family.ok_or_else(invalid_refresh_token)?.granted;
    let scopes = granted_scopes(&request, client, &active_grant)?;
    require_access(app, client, &active_grant)?;
    let audience = resource::audience(request.resources, client, &active_grant.grant.resources)?;
    let audience = CheckedAudience::of_user(app, audience, &active_grant.user).await?;
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
        RefreshOutcome::Reused(client_id) => {
            audit::replayed(app, &client_id, Event::RefreshTokenReplayed);
            let client_id = client_id.as_str();
            tracing::warn!(
                client_id,
                "A refresh token of {client_id} was used again; all its grant gave is revoked"
            );
            return Err(invalid_refresh_token().into());
        }
        RefreshOutcome::Unknown => return Err(invalid_refresh_token().into()),
    };
    // 3. Issue the tokens. OIDC Core §12.2: the ID token of a refresh "SHOULD NOT have a nonce".
    granted.grant.nonce = None;
    let tokens = GrantedTokens {
        id,
        granted,
        scopes,
        audience,
        refresh_token: Some(successor),
    };
    Ok(tokens.issue(app, client))
}

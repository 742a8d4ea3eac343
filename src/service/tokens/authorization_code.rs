//! The `authorization_code` grant (RFC 6749 §4.1.3).

use super::audience::CheckedAudience;
use super::issue::{GrantedTokens, TokenIssue, new_family};
use crate::app::App;
use crate::audit::Event;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::GrantId;
use crate::oauth::client::Client;
use crate::oauth::grant::ActiveGrant;
use crate::oauth::grants::authorization_code::{CodeRequest, invalid_code, verify};
use crate::oauth::resource;
use crate::service::access::require_access;
use crate::service::audit;
use crate::service::error::Error;
use crate::store::CodeRedemption;

/// Redeems the code. The code is spent before the request is checked against its grant: of any
/// number of concurrent redemptions one succeeds (N22, docs/security.md), and a code that arrives
/// with a wrong verifier cannot be tried again (guessing the verifier of a stolen code; N28).
///
/// A failed check also ends the grant. That includes a resource that was not granted (RFC 8707
/// §2.2): the client "MUST NOT use the authorization code more than once" (RFC 6749 §4.1.2).
///
/// # Errors
///
/// `invalid_grant`, `invalid_target`; store errors.
pub(super) async fn redeem(
    app: &App,
    client: &Client,
    request: CodeRequest<'_>,
) -> Result<TokenIssue, Error> {
    // 1. Spend the code, if it was issued to this client.
    let code = Handle::parse(request.code).ok_or_else(invalid_code)?;
    let id = GrantId::of(&code);
    let now = app.host.clock.now();
    let (first, family) = new_family(client, now);
    let retain_until = now + client.access_token.lifetime;
    let redeemed = app
        .store
        .redeem(&id, &client.id, Some(family), retain_until, now);
    let granted = match redeemed.await? {
        CodeRedemption::Granted(granted) => *granted,
        CodeRedemption::Reused(client_id) => {
            audit::replayed(app, &client_id, Event::CodeReplayed);
            let client_id = client_id.as_str();
            tracing::warn!(
                client_id,
                "A code of {client_id} was presented again; what it gave is revoked"
            );
            return Err(invalid_code().into());
        }
        CodeRedemption::Unknown => return Err(invalid_code().into()),
    };
    // 2. Check that it was issued for this redirect URI and verifier, that the user
    //    still has access to the client, that the requested resources were granted, and that their
    //    services are open to the user.
    let audience = match check(app, client, request, &granted).await {
        Ok(audience) => audience,
        Err(error) => {
            // The code is spent, so no token of this grant can be issued any more.
            app.store.revoke(&id).await?;
            return Err(error);
        }
    };
    // 3. Issue the tokens.
    let tokens = GrantedTokens {
        id,
        scopes: granted.grant.scopes.clone(),
        audience,
        refresh_token: Some(first).filter(|_| granted.grant.issues_refresh_token),
        granted,
    };
    Ok(tokens.issue(app, client))
}

/// Checks the request against the grant of its code. Returns the audience of the access token.
async fn check(
    app: &App,
    client: &Client,
    request: CodeRequest<'_>,
    granted: &ActiveGrant,
) -> Result<CheckedAudience, Error> {
    verify(&request, granted)?;
    require_access(app, client, granted)?;
    let audience = resource::audience(request.resources, client, &granted.grant.resources)?;
    CheckedAudience::of_user(app, audience, &granted.user).await
}

//! A code is redeemed (RFC 6749 §4.1.3).

use super::issue::{Login, TokenIssue, new_family};
use crate::app::App;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::GrantId;
use crate::oauth::client::Client;
use crate::oauth::error::OAuthError;
use crate::oauth::grant::ActiveGrant;
use crate::oauth::grants::authorization_code::{CodeRequest, unknown, verify};
use crate::oauth::resource;
use crate::service::access::require_access;
use crate::service::error::Error;
use crate::store::CodeRedemption;

/// Redeems the code. It is spent before anything else is looked at or signed: of any number of
/// callers one goes on (N22), and a wrong verifier gets no second try (N28).
///
/// # Errors
///
/// `invalid_grant`, `invalid_target`; what the store says.
pub(super) async fn redeem(
    app: &App,
    client: &Client,
    request: CodeRequest<'_>,
) -> Result<TokenIssue, Error> {
    // 1. Spend the code.
    let code = Handle::parse(request.code).ok_or_else(unknown)?;
    let id = GrantId::of(&code);
    let now = app.host.clock.now();
    let (first, family) = new_family(client, now);
    let granted = match app.store.redeem(&id, Some(family), now).await? {
        CodeRedemption::Granted(granted) => *granted,
        CodeRedemption::Reused(of) => {
            let client_id = of.as_str();
            tracing::warn!(
                client_id,
                "A code of {client_id} was presented again; what it gave is revoked"
            );
            return Err(unknown().into());
        }
        CodeRedemption::Unknown => return Err(unknown().into()),
    };
    // 2. Ensure that it was issued to this client, for this redirect URI and verifier, and that the
    //    client is still open to the person.
    if let Err(error) = check(app, client, &request, &granted) {
        // Nobody holds what the code would have given, and nobody shall.
        app.store.revoke(&id).await?;
        return Err(error.into());
    }
    // 3. Issue the tokens.
    let audience = resource::audience(request.resources, client, &granted.grant.resources)?;
    let login = Login {
        id,
        scopes: granted.grant.scopes.clone(),
        audience,
        refresh_token: Some(first).filter(|_| granted.grant.refreshable),
        granted,
    };
    Ok(login.issue(app, client))
}

fn check(
    app: &App,
    client: &Client,
    request: &CodeRequest<'_>,
    granted: &ActiveGrant,
) -> Result<(), OAuthError> {
    verify(request, client, granted)?;
    require_access(app, client, granted)
}

//! A refresh token is used.

use super::{Issue, Login};
use crate::app::App;
use crate::crypto::refresh_token::RefreshToken;
use crate::http::admission::stands;
use crate::http::error::Failure;
use crate::oauth::client::Client;
use crate::oauth::grants::refresh_token::{RefreshRequest, allow, unknown};
use crate::oauth::params::Params;
use crate::oauth::resource;
use crate::store::{Rotated, Rotation};

/// Puts the successor in the place of the token. What the token is asked for is decided first: a
/// request that is refused costs the client nothing.
///
/// # Errors
///
/// `invalid_grant`, `invalid_scope`; what the store says.
pub(super) async fn refresh(
    app: &App,
    client: &Client,
    form: &Params,
    request: &RefreshRequest<'_>,
) -> Result<Issue, Failure> {
    let now = app.host.clock.now();
    let internal = |error| Failure::internal(Failure::Json, error);
    let token = RefreshToken::parse(request.refresh_token).ok_or_else(unknown)?;
    let found = app
        .store
        .family(&token.family(), now)
        .await
        .map_err(internal)?;
    let found = found.map(|family| family.granted);
    let scopes = allow(request, client, found.as_ref())?;
    let found = found.ok_or_else(unknown)?;
    stands(app, client, &found)?;
    let audience = resource::audience(form, client, &found.grant.resources)?;
    let successor = app.successors.of(&token);
    let rotation = Rotation {
        family: token.family(),
        presented: token.digest(),
        successor: successor.digest(),
        expires_at: now + client.refresh_token.idle_lifetime,
        grace_since: now - client.refresh_token.grace,
    };
    match app.store.rotate(rotation, now).await.map_err(internal)? {
        Rotated::Granted(id, mut granted) => {
            // OIDC Core §12.2: the ID token of a refresh "SHOULD NOT have a nonce".
            granted.grant.nonce = None;
            let login = Login {
                id,
                granted: *granted,
                scopes,
                audience,
                refresh_token: Some(successor),
            };
            Ok(login.issue(app, client))
        }
        Rotated::Reused(of) => {
            tracing::warn!(
                client_id = of.as_str(),
                "A refresh token of {} was used again; all its grant gave is revoked",
                of.as_str()
            );
            Err(unknown().into())
        }
        Rotated::Unknown => Err(unknown().into()),
    }
}

//! A code is redeemed.

use super::{Issue, Login, new_family};
use crate::app::App;
use crate::crypto::handle::{Digest, Handle};
use crate::http::admission::stands;
use crate::http::error::Failure;
use crate::oauth::client::Client;
use crate::oauth::grants::authorization_code::{self, CodeRequest};
use crate::oauth::params::Params;
use crate::oauth::resource;
use crate::store::Taken;

/// Takes the code. It is spent before anything else is looked at or signed: of any number of
/// callers one goes on (N22), and a wrong verifier gets no second try (N28).
///
/// # Errors
///
/// `invalid_grant`; what the store says.
pub(super) async fn redeem(
    app: &App,
    client: &Client,
    form: &Params,
    request: &CodeRequest<'_>,
) -> Result<Issue, Failure> {
    // A resource that nobody may ask for spends no code.
    resource::asked(form, client)?;
    let now = app.host.clock.now();
    let id = Handle::parse(request.code).map(|code| code.digest());
    let (first, family) = new_family(client, now);
    let taken = match &id {
        Some(id) => app
            .store
            .take(id, Some(family), now)
            .await
            .map_err(|error| Failure::internal(Failure::Json, error))?,
        None => Taken::Unknown,
    };
    let granted = match taken {
        Taken::Granted(granted) => Some(*granted),
        Taken::Reused(of) => {
            tracing::warn!(
                client_id = of.as_str(),
                "A code of {} was presented again; what it gave is revoked",
                of.as_str()
            );
            None
        }
        Taken::Unknown => None,
    };
    let stood = granted.is_some();
    let redeemed = authorization_code::redeem(request, client, granted).and_then(|granted| {
        stands(app, client, &granted)?;
        Ok(granted)
    });
    let granted = match redeemed {
        Ok(granted) => granted,
        Err(error) => {
            // Nobody holds what it would have given, and nobody shall.
            if let Some(id) = id.filter(|_| stood) {
                let revoked = app.store.revoke(&id).await;
                revoked.map_err(|error| Failure::internal(Failure::Json, error))?;
            }
            return Err(error.into());
        }
    };
    let audience = resource::audience(form, client, &granted.grant.resources)?;
    let login = Login {
        id: id.unwrap_or_else(|| Digest::of(b"")),
        scopes: granted.grant.scopes.clone(),
        audience,
        refresh_token: Some(first).filter(|_| granted.grant.refreshable),
        granted,
    };
    Ok(login.issue(app, client))
}

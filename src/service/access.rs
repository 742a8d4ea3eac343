//! Checks whether a user has access to a client. Every grant and endpoint makes this check, not
//! only the first login, so that access that was withdrawn since then is denied (N44,
//! docs/security.md).

use crate::app::App;
use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::grant::ActiveGrant;
use crate::people::{Contact, Denied, display_name};
use crate::session::User;
use crate::store::StoreError;

/// A user has no access to a client.
#[derive(Debug, thiserror::Error)]
#[error("{client_id} is not open to {subject}: {denied}")]
pub struct AccessDenied {
    /// The client's identifier, for logs.
    pub client_id: String,
    /// The client's name, for pages.
    pub client: String,
    /// The user's subject, for logs.
    pub subject: String,
    /// The user's name, for pages.
    pub person: String,
    /// The contact shown to people without access.
    pub contact: Option<Contact>,
    /// Why access is denied.
    pub denied: Denied,
}

impl AccessDenied {
    fn of(client: &Client, user: &User, denied: Denied) -> Box<Self> {
        Box::new(Self {
            client_id: client.id.to_string(),
            client: client.name.clone(),
            subject: user.subject().to_string(),
            person: display_name(&user.identity),
            contact: client.contact.clone(),
            denied,
        })
    }
}

/// Why the signed-in `user` has no access to `client`; `None` when access is granted.
///
/// # Errors
///
/// When the store fails.
pub async fn access_denial(
    app: &App,
    client: &Client,
    user: &User,
) -> Result<Option<Box<AccessDenied>>, StoreError> {
    let Some(access) = &client.access else {
        return Ok(None);
    };
    let profile = app.profile_for(client, user).await?;
    let denied = access.decide(&profile).err();
    Ok(denied.map(|denied| AccessDenied::of(client, user, denied)))
}

/// Requires that each service in `audience` is open to `user`, who wants a token for it.
///
/// # Errors
///
/// `invalid_target` (RFC 8707 §2); store errors.
pub async fn require_access_to_services<E>(
    app: &App,
    audience: &[String],
    user: &User,
) -> Result<(), E>
where
    E: From<OAuthError> + From<StoreError>,
{
    if let Some(denied) = service_denial(app, audience, user).await? {
        tracing::info!("A token is refused: {denied}");
        let description = "the service is not open to the person";
        return Err(OAuthError::new(ErrorCode::InvalidTarget, description).into());
    }
    Ok(())
}

/// Why a service in `audience` is not open to `user`; `None` when all of them are.
///
/// # Errors
///
/// When the store fails.
pub async fn service_denial(
    app: &App,
    audience: &[String],
    user: &User,
) -> Result<Option<Box<AccessDenied>>, StoreError> {
    for service in app.clients.restricting_access_to(audience) {
        if let Some(denied) = access_denial(app, service, user).await? {
            return Ok(Some(denied));
        }
    }
    Ok(None)
}

/// Whether the user of the grant still has access to `client`, which it was granted to.
#[must_use]
pub fn has_access(app: &App, client: &Client, granted: &ActiveGrant) -> bool {
    decide(app, client, granted).is_ok()
}

/// Requires that the user of the grant still has access to `client`, which it was granted to.
///
/// # Errors
///
/// `invalid_grant`.
pub fn require_access(app: &App, client: &Client, granted: &ActiveGrant) -> Result<(), OAuthError> {
    decide(app, client, granted).map_err(|denied| {
        let (client, subject) = (client.id.as_str(), granted.user.subject());
        tracing::info!(client_id = client, %subject, "{client} is no longer open to {subject}: {denied}");
        OAuthError::invalid_grant("the app is not open to the person any more")
    })
}

fn decide(app: &App, client: &Client, granted: &ActiveGrant) -> Result<(), Denied> {
    match &client.access {
        None => Ok(()),
        Some(access) => access.decide(&app.profile(granted.user.clone(), granted.link.clone())),
    }
}

//! Whether a client is open to somebody: asked on every way in, not only at the
//! first one: access that was taken back since is gone (N44).

use crate::app::App;
use crate::oauth::client::Client;
use crate::oauth::error::OAuthError;
use crate::oauth::grant::ActiveGrant;
use crate::people::{Contact, Denied, display_name};
use crate::session::User;
use crate::store::StoreError;

/// A person and the client that is not open to them.
#[derive(Debug, thiserror::Error)]
#[error("{client_id} is not open to {subject}: {denied}")]
pub struct AccessDenied {
    /// What the client is called in logs.
    pub client_id: String,
    /// What people call it.
    pub client: String,
    /// Whose number it is, for logs.
    pub subject: String,
    /// What people call them.
    pub person: String,
    /// Whom to ask.
    pub contact: Option<Contact>,
    /// Why.
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

/// Why `client` is not open to `user`, who is signed in; `None` when it is.
///
/// # Errors
///
/// When the store fails.
pub async fn denial(
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

/// Whether `client` is still open to whoever granted it something.
#[must_use]
pub fn is_open(app: &App, client: &Client, granted: &ActiveGrant) -> bool {
    still_open(app, client, granted).is_ok()
}

/// As [`is_open`], for a client that brings a grant.
///
/// # Errors
///
/// `invalid_grant`.
pub fn require_access(app: &App, client: &Client, granted: &ActiveGrant) -> Result<(), OAuthError> {
    still_open(app, client, granted).map_err(|denied| {
        let (client, subject) = (client.id.as_str(), granted.user.subject());
        tracing::info!(client_id = client, %subject, "{client} is no longer open to {subject}: {denied}");
        OAuthError::invalid_grant("the app is not open to the person any more")
    })
}

fn still_open(app: &App, client: &Client, granted: &ActiveGrant) -> Result<(), Denied> {
    match &client.access {
        None => Ok(()),
        Some(access) => access.decide(&app.profile(granted.user.clone(), granted.link.clone())),
    }
}

//! The audience of an access token, which grants nothing that is closed to its person.

use crate::app::App;
use crate::oauth::grants::client_credentials::ClientRequest;
use crate::service::access::require_access_to_services;
use crate::service::error::Error;
use crate::session::User;

/// An audience that an access token may have. No token is made without one: a service may check no
/// more than the signature of a token and its `aud` (N44, docs/security.md).
pub(super) struct CheckedAudience(Vec<String>);

impl CheckedAudience {
    /// `audience`, if each service in it is open to `user`.
    ///
    /// # Errors
    ///
    /// `invalid_target`; store errors.
    pub(super) async fn of_user(
        app: &App,
        audience: Vec<String>,
        user: &User,
    ) -> Result<Self, Error> {
        require_access_to_services::<Error>(app, &audience, user).await?;
        Ok(Self(audience))
    }

    /// The audience of a client's own token. There is no person, so no access rule.
    pub(super) fn of_client(request: ClientRequest) -> Self {
        Self(request.audience)
    }

    /// The names.
    pub(super) fn into_names(self) -> Vec<String> {
        self.0
    }
}

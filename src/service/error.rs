//! Why a use case that serves a client failed.

use crate::keys::SignError;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::service::ticket_verification::SignInError;
use crate::store::StoreError;

/// The request was refused, or the provider failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is refused with an OAuth error.
    #[error(transparent)]
    Refused(#[from] OAuthError),
    /// The request is refused because the user could not be signed in. The source is for the
    /// operator's log.
    #[error("{0}")]
    NotSignedIn(OAuthError, #[source] SignInError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A token could not be signed.
    #[error(transparent)]
    Signing(#[from] SignError),
}

impl Error {
    /// The error response for the client.
    #[must_use]
    pub fn to_oauth(&self) -> OAuthError {
        match self {
            Self::Refused(error) | Self::NotSignedIn(error, _) => error.clone(),
            Self::Store(_) => unavailable(),
            Self::Signing(_) => server_error(),
        }
    }

    /// Whether this provider or the portal failed, rather than the request.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            Self::NotSignedIn(_, error) => error.is_failure(),
            Self::Store(_) | Self::Signing(_) => true,
        }
    }
}

/// The error response when this provider failed.
#[must_use]
pub fn server_error() -> OAuthError {
    OAuthError::new(
        ErrorCode::ServerError,
        "the provider failed; its operator finds the cause in its log",
    )
}

/// The error response while the store fails.
#[must_use]
pub fn unavailable() -> OAuthError {
    OAuthError::new(
        ErrorCode::TemporarilyUnavailable,
        "the provider cannot answer now; try again",
    )
}

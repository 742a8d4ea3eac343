//! Why a use case that serves a client came to nothing.

use crate::keys::SignError;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::service::sign_in::SignInError;
use crate::store::StoreError;

/// A refusal, or a failure of ours.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client is refused, by the protocol.
    #[error(transparent)]
    Refused(#[from] OAuthError),
    /// The client is refused since nobody could be signed in, which the operator may want to know.
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
    /// What the client is told.
    #[must_use]
    pub fn to_oauth(&self) -> OAuthError {
        match self {
            Self::Refused(error) | Self::NotSignedIn(error, _) => error.clone(),
            Self::Store(_) => unavailable(),
            Self::Signing(_) => OAuthError::new(
                ErrorCode::ServerError,
                "the provider failed; its operator finds the cause in its log",
            ),
        }
    }
}

/// What a client is told while the store fails.
#[must_use]
pub fn unavailable() -> OAuthError {
    OAuthError::new(
        ErrorCode::TemporarilyUnavailable,
        "the provider cannot answer now; try again",
    )
}

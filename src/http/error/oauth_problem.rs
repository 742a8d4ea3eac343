//! Why a client's request failed: the OAuth error that the client receives, and the cause for the
//! log.

use std::error::Error;

use axum::http::StatusCode;

use super::log_entry::LogEntry;
use crate::oauth::error::OAuthError;
use crate::service::error as service;

/// An OAuth error, and what only the log says about it.
#[derive(Debug)]
pub(crate) struct OAuthProblem {
    /// The error that the client receives.
    pub error: OAuthError,
    /// The HTTP status, if it is not that of the error code.
    pub status: Option<StatusCode>,
    cause: Option<Box<dyn Error + Send + Sync>>,
    client_id: Option<String>,
    is_failure: bool,
}

impl OAuthProblem {
    /// Something failed that the operator has to know about.
    pub(crate) fn failed(
        error: OAuthError,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            error,
            status: None,
            cause: Some(cause.into()),
            client_id: None,
            is_failure: true,
        }
    }

    /// The same problem of the client `client_id`.
    #[must_use]
    pub(crate) fn of_client(self, client_id: &str) -> Self {
        Self {
            client_id: Some(client_id.to_owned()),
            ..self
        }
    }

    /// The same problem, answered with `status`.
    #[must_use]
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self {
            status: Some(status),
            ..self
        }
    }

    /// The log entry.
    pub(super) fn log_entry(&self) -> LogEntry {
        let cause = self.cause.as_deref().map(|cause| cause as &dyn Error);
        let entry = if self.is_failure {
            LogEntry::failed(&self.error, cause)
        } else {
            LogEntry::refused(&self.error, cause)
        };
        LogEntry {
            client_id: self.client_id.clone(),
            ..entry
        }
    }
}

impl<T: Into<service::Error>> From<T> for OAuthProblem {
    fn from(error: T) -> Self {
        let error = error.into();
        Self {
            error: error.to_oauth(),
            status: None,
            client_id: None,
            is_failure: error.is_failure(),
            cause: match error {
                service::Error::Refused(_) => None,
                service::Error::NotSignedIn(_, error) => Some(error.into()),
                service::Error::Store(error) => Some(error.into()),
                service::Error::Signing(error) => Some(error.into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use panda_oidc_sdk::LoginError;

    use crate::http::error::oauth_problem::*;
    use crate::service::ticket_verification::SignInError;

    fn log_entry(cause: SignInError) -> LogEntry {
        let error = OAuthError::invalid_request("the subject_token is unknown");
        OAuthProblem::from(service::Error::NotSignedIn(error, cause)).log_entry()
    }

    #[test]
    fn a_ticket_that_proves_nobody_is_a_refusal_and_a_portal_that_is_down_a_failure() {
        let rejected = LoginError::Rejected("unknown".to_owned());
        for cause in [SignInError::TicketRefused, SignInError::Login(rejected)] {
            let entry = log_entry(cause);
            assert!(!entry.is_failure);
            assert_eq!(
                entry.message,
                "Refused: invalid_request: the subject_token is unknown"
            );
            assert!(!entry.causes.is_empty(), "the log has the reason");
        }
        let entry = log_entry(SignInError::Login(LoginError::Unreachable("down".into())));
        assert!(entry.is_failure);
    }
}

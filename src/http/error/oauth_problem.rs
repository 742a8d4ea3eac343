//! Why a client's request failed: the OAuth error that the client receives, and the cause for the
//! log.

use std::error::Error;

use super::log_entry::LogEntry;
use crate::oauth::error::OAuthError;
use crate::service::error as service;

/// An OAuth error, and what only the log says about it.
#[derive(Debug)]
pub(crate) struct OAuthProblem {
    /// The error that the client receives.
    pub error: OAuthError,
    cause: Option<Box<dyn Error + Send + Sync>>,
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
            cause: Some(cause.into()),
            is_failure: true,
        }
    }

    /// The log entry.
    pub(super) fn log_entry(&self) -> LogEntry {
        let cause = self.cause.as_deref().map(|cause| cause as &dyn Error);
        if self.is_failure {
            LogEntry::failed(&self.error, cause)
        } else {
            LogEntry::refused(&self.error, cause)
        }
    }
}

impl<T: Into<service::Error>> From<T> for OAuthProblem {
    fn from(error: T) -> Self {
        let error = error.into();
        Self {
            error: error.to_oauth(),
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

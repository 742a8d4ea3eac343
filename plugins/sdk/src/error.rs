//! The errors between a provider and its outside system, grouped by whose fault they are.

use std::error::Error;

/// Why a login failed.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The outside system rejected the ticket: it is unknown, spent or expired. Holds the system's
    /// message for the log, without the ticket.
    #[error("the ticket was rejected: {0}")]
    Rejected(String),
    /// The outside system did not answer, or answered with an HTTP error. The user should try again
    /// later.
    #[error("the identity provider could not be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The outside system's answer identifies no user. An operator has to investigate.
    #[error("the identity provider's answer could not be understood")]
    Unintelligible(#[source] Box<dyn Error + Send + Sync>),
}

/// Why a provider could not be opened from its settings.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The `[provider]` table is malformed; the source names file and key.
    #[error(transparent)]
    Settings(#[from] Box<figment::Error>),
    /// A setting is well-formed but cannot work.
    #[error("`{key}`: {problem}; {remedy}")]
    Unusable {
        /// The key of the setting below `[provider]`.
        key: &'static str,
        /// What is wrong with it. It never repeats the value, which may be a secret.
        problem: String,
        /// What to write instead.
        remedy: String,
    },
}

impl From<figment::Error> for OpenError {
    fn from(error: figment::Error) -> Self {
        Self::Settings(Box::new(error))
    }
}

//! What can go wrong between a provider and its outside system, sorted by whose fault it is.

use std::error::Error;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The outside system answered, and the answer is no: the ticket is unknown, spent or expired.
    /// Holds what it said, without the ticket, for the log.
    #[error("the ticket was rejected: {0}")]
    Rejected(String),
    /// The outside system did not answer, or answered that it cannot: the network, a time-out, an
    /// HTTP error. The person should try again later.
    #[error("the identity provider could not be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The outside system answered something that proves nobody. An operator has to look.
    #[error("the identity provider's answer could not be understood")]
    Unintelligible(#[source] Box<dyn Error + Send + Sync>),
}

/// Why a provider could not be opened from its settings.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The `[provider]` table is wrong; the source names file and key.
    #[error(transparent)]
    Settings(#[from] Box<figment::Error>),
    /// The settings are well-formed and cannot work together.
    #[error("`{key}`: {problem}; {remedy}")]
    Unusable {
        /// The setting at fault, as it is written below `[provider]`.
        key: &'static str,
        /// What is wrong with it, without its value: that may be a secret.
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

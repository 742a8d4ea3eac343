//! The errors of calling the portal, one variant for each cause.
//!
//! [`NoResponse`] means that the portal did not answer, [`InvalidResponse`] that its answer identifies no
//! user. Each message says what an operator can do about it. No error holds a ticket or any text
//! that the portal sent: that text may quote the ticket or contain personal data.

use std::time::Duration;

use panda_oidc_sdk::{LoginError, TlsProblem};
use reqwest::StatusCode;

/// The portal did not answer, or answered with an HTTP error.
#[derive(Debug, thiserror::Error)]
pub enum NoResponse {
    /// No connection could be made: refused, no route, no such host.
    #[error(
        "no connection to the portal: check `base_url`, that the portal runs, and that a firewall \
         lets this machine through"
    )]
    Connect(#[source] reqwest::Error),
    /// A TLS connection could not be made.
    #[error("no TLS connection to the portal: {0}")]
    Tls(TlsProblem),
    /// The complete answer did not arrive in time.
    #[error(
        "the portal did not answer within {after:?}: it is overloaded, or `timeout` is too short \
         for it"
    )]
    TimedOut {
        /// The timeout that applied.
        after: Duration,
        /// The error of the HTTP client.
        #[source]
        source: reqwest::Error,
    },
    /// The connection ended before the answer was complete.
    #[error(
        "the connection broke before the portal's answer was complete: look for a restart of the \
         portal, or for a proxy or firewall between"
    )]
    Broken(#[source] reqwest::Error),
    /// The portal redirected the call. The redirect is not followed: another address is not the
    /// portal that was configured.
    #[error(
        "the portal redirected the call (HTTP {0}): write the address it redirects to into \
         `base_url`, with its scheme and path, or have the calls let through without a login"
    )]
    Redirected(StatusCode),
    /// The portal, or a proxy in front of it, refused the call: HTTP 4xx.
    #[error(
        "the portal refused the call (HTTP {0}): check the path in `base_url`, and that the \
         portal lets this machine call /PandaOMS/OMS"
    )]
    Refused(StatusCode),
    /// A gateway reports that the portal does not answer it: HTTP 502, 503 and 504.
    #[error("the gateway before the portal gets no answer from it (HTTP {0}): look at the portal")]
    Gateway(StatusCode),
    /// The portal failed: any other status except 200.
    #[error("the portal failed (HTTP {0}): its own log says why")]
    Failed(StatusCode),
    /// The portal was not called, because the circuit breaker is open.
    #[error(
        "the portal is not being asked, since it answered neither the last logins nor a call of our \
         own: it will be tried again within seconds; the log lines before this one say what was wrong"
    )]
    Resting,
}

impl NoResponse {
    /// The error an HTTP status stands for. `None` for 200, the only status with a usable answer.
    pub(crate) fn of(status: StatusCode) -> Option<Self> {
        match status.as_u16() {
            200 => None,
            300..=399 => Some(Self::Redirected(status)),
            400..=499 => Some(Self::Refused(status)),
            502..=504 => Some(Self::Gateway(status)),
            _ => Some(Self::Failed(status)),
        }
    }

    /// Whether this error counts as an unanswered call for the circuit breaker.
    ///
    /// A broken connection and an HTTP error do not count: they arrive at once, and a single odd
    /// ticket can provoke them (a filter that resets the connection, an error page of the framework).
    pub(crate) fn is_down(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Tls(_) | Self::TimedOut { .. } | Self::Gateway(_) => true,
            Self::Broken(_)
            | Self::Redirected(_)
            | Self::Refused(_)
            | Self::Failed(_)
            | Self::Resting => false,
        }
    }
}

impl From<NoResponse> for LoginError {
    fn from(silence: NoResponse) -> Self {
        Self::Unreachable(Box::new(silence))
    }
}

/// The portal answered, but the answer identifies no user.
#[derive(Debug, thiserror::Error)]
pub enum InvalidResponse {
    /// The body is larger than any legitimate answer.
    #[error(
        "the portal's answer is larger than {limit} bytes: check that `base_url` is the portal; \
         for the list of users, ask for smaller pages"
    )]
    TooLarge {
        /// The size limit, in bytes.
        limit: usize,
    },
    /// The body could not be decoded in any charset that was tried.
    #[error(
        "the portal's answer is not text in the charset it declares, in UTF-8 or in GB18030: \
         check that `base_url` is the portal, and that no proxy compresses its answers"
    )]
    Undecodable,
    /// The body is a web page.
    #[error(
        "the portal answered with a web page, as it does when it wants a login: check `base_url`, \
         and that /PandaOMS/OMS may be called without one"
    )]
    WebPage,
    /// The body is not JSON, or repeats a key.
    #[error(
        "the portal's answer is not the JSON of its document: look at it with curl, and at any \
         proxy between"
    )]
    Json(#[source] serde_json::Error),
    /// The JSON is not an object.
    #[error("the portal's answer is JSON and no object: check that `base_url` is the portal")]
    NoEnvelope,
    /// `code` is missing or not a whole number.
    #[error("the portal's answer has no numeric `code`: check that `base_url` is the portal")]
    NoCode,
    /// `code` is 0, but `data` is missing, null or not an object.
    #[error(
        "the portal reports success and gives no `data` object: its administrator has to look \
         at the account that was asked about"
    )]
    NoData,
    /// The `id` is missing or unusable, so the user is unknown.
    #[error(
        "the portal names a user without a usable `id` (1 to 255 decimal digits, not all of them \
         zeros): its administrator has to look at the account"
    )]
    NoId,
    /// The list of users has no usable `count`.
    #[error("the portal's list of users has no numeric `count`: ask the portal's maker")]
    NoCount,
    /// The list of users has no `data` array.
    #[error("the portal's list of users has no `data` array: ask the portal's maker")]
    NoList,
}

impl From<InvalidResponse> for LoginError {
    fn from(nonsense: InvalidResponse) -> Self {
        Self::Unintelligible(Box::new(nonsense))
    }
}

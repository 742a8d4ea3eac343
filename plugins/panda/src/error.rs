//! What goes wrong between this crate and the portal, one variant a cause.
//!
//! [`Silence`] is the portal not answering, [`Nonsense`] an answer that proves nobody. Each says
//! what an operator can do about it. None of them holds a ticket, or a word of what the portal
//! sent: that may quote the ticket, or be somebody's personal data.

use std::time::Duration;

use panda_oidc_sdk::LoginError;
use reqwest::StatusCode;

/// The portal gave no answer, or answered that it cannot.
#[derive(Debug, thiserror::Error)]
pub enum Silence {
    /// No connection came about: refused, no route, no such host, a certificate not trusted.
    #[error(
        "no connection to the portal: check `base_url`, that the portal runs, that a firewall \
         lets this machine through and, with https, that its certificate is trusted here"
    )]
    Connect(#[source] reqwest::Error),
    /// The whole answer was not there in time.
    #[error(
        "the portal did not answer within {after:?}: it is overloaded, or `timeout` is too short \
         for it"
    )]
    TimedOut {
        /// The time that was allowed.
        after: Duration,
        /// The HTTP client's account of it.
        #[source]
        source: reqwest::Error,
    },
    /// The connection ended before the answer did.
    #[error(
        "the connection broke before the portal's answer was complete: look for a restart of the \
         portal, or for a proxy or firewall between"
    )]
    Broken(#[source] reqwest::Error),
    /// The portal sent the call elsewhere. It is not followed: what answers elsewhere is not the
    /// portal that was configured.
    #[error(
        "the portal redirected the call (HTTP {0}): write the address it redirects to into \
         `base_url`, with its scheme and path, or have the calls let through without a login"
    )]
    Redirected(StatusCode),
    /// The portal, or a proxy before it, refused the call: HTTP 4xx.
    #[error(
        "the portal refused the call (HTTP {0}): check the path in `base_url`, and that the \
         portal lets this machine call /PandaOMS/OMS"
    )]
    Refused(StatusCode),
    /// A gateway says that it gets no answer from the portal: HTTP 502, 503 and 504.
    #[error("the gateway before the portal gets no answer from it (HTTP {0}): look at the portal")]
    Gateway(StatusCode),
    /// The portal failed: any other status that is not 200.
    #[error("the portal failed (HTTP {0}): its own log says why")]
    Failed(StatusCode),
    /// It was not asked: it has been silent too often just now.
    #[error(
        "the portal is not being asked, since it did not answer the last calls: it will be tried \
         again within seconds; the log lines before this one say what was wrong"
    )]
    Resting,
}

impl Silence {
    /// What an HTTP status says. `None` for 200, the only one that comes with an answer.
    pub(crate) fn of(status: StatusCode) -> Option<Self> {
        match status.as_u16() {
            200 => None,
            300..=399 => Some(Self::Redirected(status)),
            400..=499 => Some(Self::Refused(status)),
            502..=504 => Some(Self::Gateway(status)),
            _ => Some(Self::Failed(status)),
        }
    }

    /// Whether this is a sign that asking again soon is a waste of everybody's time.
    ///
    /// A broken connection and an HTTP error are not: they come at once, and one odd ticket can be
    /// enough to provoke them (a filter that resets the connection, a page of the framework).
    pub(crate) fn is_down(&self) -> bool {
        match self {
            Self::Connect(_) | Self::TimedOut { .. } | Self::Gateway(_) => true,
            Self::Broken(_)
            | Self::Redirected(_)
            | Self::Refused(_)
            | Self::Failed(_)
            | Self::Resting => false,
        }
    }
}

impl From<Silence> for LoginError {
    fn from(silence: Silence) -> Self {
        Self::Unreachable(Box::new(silence))
    }
}

/// The portal answered, and the answer proves nobody.
#[derive(Debug, thiserror::Error)]
pub enum Nonsense {
    /// The body is larger than any answer has reason to be.
    #[error(
        "the portal's answer is larger than {limit} bytes: check that `base_url` is the portal; \
         for the list of users, ask for smaller pages"
    )]
    TooLarge {
        /// The size beyond which nothing is read.
        limit: usize,
    },
    /// The body is text in no charset that was tried.
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
    /// The body is not JSON, or a key stands in it twice.
    #[error(
        "the portal's answer is not the JSON of its document: look at it with curl, and at any \
         proxy between"
    )]
    Json(#[source] serde_json::Error),
    /// The JSON is not an object.
    #[error("the portal's answer is JSON and no object: check that `base_url` is the portal")]
    NoEnvelope,
    /// `code` is missing or no whole number.
    #[error("the portal's answer has no numeric `code`: check that `base_url` is the portal")]
    NoCode,
    /// `code` is 0, and `data` is missing, null or no object.
    #[error(
        "the portal reports success and gives no `data` object: its administrator has to look \
         at the account that was asked about"
    )]
    NoData,
    /// The `id` could be anybody's, or nobody's.
    #[error(
        "the portal names a user without a usable `id` (1 to 255 decimal digits, not all of them \
         zeros): its administrator has to look at the account"
    )]
    NoId,
    /// The list of users has no usable `count`.
    #[error("the portal's list of users has no numeric `count`: ask the portal's maker")]
    NoCount,
    /// The list of users has no list.
    #[error("the portal's list of users has no `data` array: ask the portal's maker")]
    NoList,
}

impl From<Nonsense> for LoginError {
    fn from(nonsense: Nonsense) -> Self {
        Self::Unintelligible(Box::new(nonsense))
    }
}

//! What is answered to browsers: a page for the person, or an error for the client by a redirect.

use std::error::Error;
use std::sync::Arc;

use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use panda_oidc_sdk::LoginError;

use super::log_entry::LogEntry;
use crate::http::authorization_response;
use crate::limits::TooOften;
use crate::login::ticket::UnfitTicket;
use crate::oauth::authorize::Refusal;
use crate::oauth::client::NoSuchClient;
use crate::oauth::error::OAuthError;
use crate::oauth::initiate_login::NoTarget;
use crate::oauth::redirect::VerifiedRedirect;
use crate::service::access::AccessDenied;
use crate::service::sign_in::SignInError;
use crate::store::StoreError;

/// How a request of a browser failed.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Told to the person, on a page.
    Page(PageProblem),
    /// Told to the client, through the browser (RFC 6749 §4.1.2.1). Holds what kept the request from
    /// being granted, if that is no rule of the protocol.
    Redirect(VerifiedRedirect, OAuthError, Option<Box<PageProblem>>),
}

/// What a page tells a person about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageProblem {
    /// The authorization request names no client or no place to answer to.
    #[error("the authorization request is refused")]
    Request(#[source] OAuthError),
    /// A launch names no registered client.
    #[error(transparent)]
    NoSuchClient(#[from] NoSuchClient),
    /// The client has no login URL, or the deep link leaves it.
    #[error("the launch of {0} leads nowhere")]
    NoTarget(String, #[source] NoTarget),
    /// What stands where the ticket should is none.
    #[error("no ticket can be read from the URL")]
    UnfitTicket(#[from] UnfitTicket),
    /// Nobody was signed in.
    #[error(transparent)]
    SignIn(SignInError),
    /// The request that should be resumed does not wait in this browser.
    #[error("no authorization request waits under this name in this browser")]
    NothingWaits,
    /// The change of user that should be confirmed was not asked for in this browser.
    #[error("no change of user waits for a yes in this browser")]
    NoSwitch,
    /// The logout request is malformed, or leads to a place nobody registered.
    #[error("the logout request is refused")]
    Logout(#[source] OAuthError),
    /// The logout that should be confirmed was not asked about in this browser.
    #[error("no logout waits for a yes in this browser")]
    NoLogout,
    /// The browser goes round in circles.
    #[error("the client {0} was launched again and again; it seems to reject its logins")]
    GoingRound(String),
    /// The app is not open to the person.
    #[error(transparent)]
    AccessDenied(#[from] Box<AccessDenied>),
    /// The address, or the client, launches too often.
    #[error(transparent)]
    TooOften(#[from] TooOften),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such page.
    #[error("there is no such page")]
    NotFound,
    /// The page is not for this method.
    #[error("the page does not take this method")]
    Method,
    /// The request is larger than any of ours has to be.
    #[error("the request is too large")]
    TooLarge,
    /// A handler panicked, or took too long.
    #[error("the request could not be finished")]
    Broken,
}

impl PageProblem {
    /// The status a page about it carries.
    #[must_use]
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Request(_) | Self::UnfitTicket(_) | Self::Logout(_) => StatusCode::BAD_REQUEST,
            Self::AccessDenied(_) => StatusCode::FORBIDDEN,
            Self::SignIn(error) => sign_in_status(error),
            Self::NoSuchClient(_) | Self::NoTarget(..) | Self::NotFound => StatusCode::NOT_FOUND,
            Self::NothingWaits | Self::NoSwitch | Self::NoLogout => StatusCode::GONE,
            Self::GoingRound(_) | Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

fn sign_in_status(error: &SignInError) -> StatusCode {
    match error {
        SignInError::TicketRefused
        | SignInError::Left(_)
        | SignInError::Login(LoginError::Rejected(_)) => StatusCode::FORBIDDEN,
        SignInError::Login(LoginError::Unreachable(_)) | SignInError::Store(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        SignInError::Login(LoginError::Unintelligible(_)) => StatusCode::BAD_GATEWAY,
    }
}

impl PageProblem {
    /// Whether something of ours, or the portal, failed: the operator has to do something.
    fn is_failure(&self) -> bool {
        match self {
            Self::Store(_) | Self::Broken => true,
            Self::SignIn(error) => match error {
                SignInError::Store(_) => true,
                SignInError::Login(error) => !matches!(error, LoginError::Rejected(_)),
                SignInError::TicketRefused | SignInError::Left(_) => false,
            },
            _ => false,
        }
    }

    fn too_often(&self) -> Option<&TooOften> {
        match self {
            Self::TooOften(too_often) => Some(too_often),
            _ => None,
        }
    }
}

impl From<SignInError> for PageProblem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Store(error) => Self::Store(error),
            other => Self::SignIn(other),
        }
    }
}

impl<T: Into<PageProblem>> From<T> for PageError {
    fn from(problem: T) -> Self {
        Self::Page(problem.into())
    }
}

impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Page(error) => Self::Page(PageProblem::Request(error)),
            Refusal::Redirect(redirect, error) => Self::Redirect(redirect, error, None),
        }
    }
}

impl PageError {
    fn log_entry(&self) -> LogEntry {
        match self {
            Self::Page(problem) => LogEntry {
                is_failure: problem.is_failure(),
                too_often: problem.too_often().cloned(),
                ..LogEntry::refused(problem, problem.source())
            },
            Self::Redirect(_, error, problem) => {
                let problem = problem.as_deref();
                LogEntry {
                    is_failure: problem.is_some_and(PageProblem::is_failure),
                    too_often: problem.and_then(PageProblem::too_often).cloned(),
                    ..LogEntry::refused(error, problem.map(|problem| problem as &dyn Error))
                }
            }
        }
    }
}

/// A page is written by [`errors`](crate::http::middleware::errors), which knows the person's language.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let entry = self.log_entry();
        let mut response = match self {
            Self::Page(problem) => {
                let mut response = problem.status().into_response();
                response.extensions_mut().insert(Arc::new(problem));
                response
            }
            Self::Redirect(redirect, error, _) => {
                authorization_response::into_response(&redirect.with_error(&error))
            }
        };
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().insert(CACHE_CONTROL, no_store);
        response.extensions_mut().insert(entry);
        response
    }
}

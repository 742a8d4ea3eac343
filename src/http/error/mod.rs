//! Every way a request can fail, and how each is answered: the only `IntoResponse` for errors.
//!
//! What is answered here is logged once, by [`answer`](crate::http::middleware::errors::answer), with its causes; the person gets a page, the
//! client a registered code, and neither an internal word.

pub(crate) mod messages;

use std::error::Error;
use std::sync::Arc;

use axum::Json;
use axum::http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use panda_oidc_sdk::{LoginError, Subject};
use serde_json::json;

use crate::http::admission::Closed;
use crate::http::authorization_response::deliver;
use crate::http::slower;
use crate::keys::SignError;
use crate::limits::TooOften;
use crate::login::ticket::UnfitTicket;
use crate::oauth::authorize::Refusal;
use crate::oauth::client::NoSuchClient;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::initiate_login::NoTarget;
use crate::oauth::redirect::VerifiedRedirect;
use crate::store::StoreError;

/// The longest query any request of ours needs, in bytes.
pub(crate) const LONGEST_QUERY: usize = 16 * 1024;

/// How a failed request is answered.
#[derive(Debug)]
pub(crate) enum Failure {
    /// To the person, on a page.
    Page(Trouble),
    /// To the client, through the browser. Holds what kept a person from signing in, if that is
    /// why.
    Redirect(VerifiedRedirect, OAuthError, Option<Box<Trouble>>),
    /// To a client at an endpoint of its own. Holds what failed inside, if something did.
    Json(OAuthError, Option<Box<dyn Error + Send + Sync>>),
    /// As [`Failure::Json`], to one that tried to prove itself by the header (RFC 6749 §5.2).
    Basic(OAuthError, Option<Box<dyn Error + Send + Sync>>),
    /// To the client that called userinfo (RFC 6750 §3).
    Bearer(OAuthError, Option<Box<dyn Error + Send + Sync>>),
    /// To the client that calls too often (RFC 6585 §4).
    TooOften(TooOften),
}

/// What a page tells a person about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
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
    /// The ticket belongs to another browser, or is spent.
    #[error("the ticket belongs to another browser, was used up, or named somebody else before")]
    TicketRefused,
    /// The ticket names somebody whom the directory does not list any more.
    #[error(
        "{0} has left: the directory does not list them any more. If it never does, such as a technical account, add it to directory.keep"
    )]
    Left(Subject),
    /// The portal was asked, and nobody is proven.
    #[error("nobody was signed in")]
    Login(#[source] LoginError),
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
    #[error("{} is not open to {}: {}", .0.client_id, .0.subject, .0.denied)]
    Closed(Box<Closed>),
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

impl Trouble {
    /// The status a page about it carries.
    #[must_use]
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Request(_) | Self::UnfitTicket(_) | Self::Logout(_) => StatusCode::BAD_REQUEST,
            Self::TicketRefused
            | Self::Left(_)
            | Self::Closed(_)
            | Self::Login(LoginError::Rejected(_)) => StatusCode::FORBIDDEN,
            Self::NoSuchClient(_) | Self::NoTarget(..) | Self::NotFound => StatusCode::NOT_FOUND,
            Self::NothingWaits | Self::NoSwitch | Self::NoLogout => StatusCode::GONE,
            Self::GoingRound(_) | Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Login(LoginError::Unreachable(_)) | Self::Store(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Login(LoginError::Unintelligible(_)) => StatusCode::BAD_GATEWAY,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Page(trouble)
    }
}

/// A store that fails in front of a person; endpoints for clients map it themselves.
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Page(error.into())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Page(error) => Self::Page(Trouble::Request(error)),
            Refusal::Redirect(redirect, error) => Self::Redirect(redirect, error, None),
        }
    }
}

/// For the token endpoint: a failure that is the protocol's.
impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        Self::Json(error, None)
    }
}

impl Failure {
    /// For endpoints that answer clients: something of ours failed.
    pub(crate) fn internal(
        to: fn(OAuthError, Option<Box<dyn Error + Send + Sync>>) -> Self,
        cause: impl Into<Internal>,
    ) -> Self {
        let Internal(code, cause) = cause.into();
        let description = match code {
            ErrorCode::TemporarilyUnavailable => "the provider cannot answer now; try again",
            _ => "the provider failed; its operator finds the cause in its log",
        };
        to(OAuthError::new(code, description), Some(cause))
    }
}

impl Failure {
    pub(crate) fn too_often(&self) -> Option<&TooOften> {
        match self {
            Self::TooOften(too_often) | Self::Page(Trouble::TooOften(too_often)) => Some(too_often),
            Self::Redirect(_, _, Some(trouble)) => match trouble.as_ref() {
                Trouble::TooOften(too_often) => Some(too_often),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Something of ours that failed, with the code a client is told.
pub(crate) struct Internal(ErrorCode, Box<dyn Error + Send + Sync>);

impl From<StoreError> for Internal {
    fn from(error: StoreError) -> Self {
        Self(ErrorCode::TemporarilyUnavailable, error.into())
    }
}

impl From<SignError> for Internal {
    fn from(error: SignError) -> Self {
        Self(ErrorCode::ServerError, error.into())
    }
}

/// A page is written by [`answer`](crate::http::middleware::errors::answer), which knows the person's language.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = match &self {
            Self::Page(trouble) => trouble.status().into_response(),
            Self::Redirect(redirect, error, _) => deliver(&redirect.with_error(error)),
            Self::Json(error, _) => (
                status_for_client(error.code),
                headers(None, error),
                body(error),
            )
                .into_response(),
            Self::Basic(error, _) => (
                status_for_client(error.code),
                headers(Some("Basic realm=\"panda-oidc\""), error),
                body(error),
            )
                .into_response(),
            Self::Bearer(error, _) => {
                let challenge = format!(
                    "Bearer realm=\"panda-oidc\", error=\"{}\", error_description=\"{}\"",
                    error.code.as_str(),
                    error.description
                );
                let status = status_for_client(error.code);
                // RFC 6750 §3: a request that brings no token that is good for anything "MUST" be
                // answered with a challenge, whatever is wrong with it.
                let challenge = Some(challenge.as_str()).filter(|_| status.is_client_error());
                (status, headers(challenge, error), body(error)).into_response()
            }
            Self::TooOften(too_often) => slower::tell(too_often),
        };
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// The status of an error that a client is told of directly (RFC 6749 §5.2, RFC 6750 §3.1).
fn status_for_client(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidClient | ErrorCode::InvalidToken => StatusCode::UNAUTHORIZED,
        ErrorCode::InsufficientScope => StatusCode::FORBIDDEN,
        ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn headers(challenge: Option<&str>, error: &OAuthError) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(value) = challenge.and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert(WWW_AUTHENTICATE, value);
    }
    if error.code == ErrorCode::TemporarilyUnavailable {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    headers
}

pub(crate) fn body(error: &OAuthError) -> Json<serde_json::Value> {
    Json(json!({ "error": error.code.as_str(), "error_description": error.description }))
}

/// A 303 to `url` that nobody keeps (RFC 9700 §4.12: never 307).
#[must_use]
pub(crate) fn see_other(url: &str) -> Response {
    let location = HeaderValue::from_str(url).unwrap_or(HeaderValue::from_static("/"));
    let headers = [
        (LOCATION, location),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// For an endpoint of clients: the method is not one it takes.
pub(crate) async fn method_of_clients() -> (StatusCode, Failure) {
    let error = OAuthError::invalid_request("the endpoint does not take this method");
    (StatusCode::METHOD_NOT_ALLOWED, error.into())
}

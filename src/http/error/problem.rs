//! The problems that error pages explain.

use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use panda_oidc_sdk::LoginError;

use super::refused_request::RefusedRequest;
use crate::http::extract::form::is_late;
use crate::http::page::words::{Message, Words};
use crate::limits::RateLimited;
use crate::login::failed_launch::Reason;
use crate::login::ticket::InvalidTicket;
use crate::oauth::clients::NoSuchClient;
use crate::oauth::initiate_login::NoLoginUrl;
use crate::oauth::params::TooManyParameters;
use crate::people::Denied;
use crate::service::access::AccessDenied;
use crate::service::ticket_verification::SignInError;
use crate::store::StoreError;

/// The problem that an error page explains.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageProblem {
    /// The authorization request names no valid client or no valid `redirect_uri`.
    #[error("the authorization request is refused")]
    Request(#[source] Box<RefusedRequest>),
    /// A launch names no registered client.
    #[error(transparent)]
    NoSuchClient(#[from] NoSuchClient),
    /// The client has no login URL, or the deep link leaves it.
    #[error("the launch of {0} leads nowhere")]
    NoTarget(String, #[source] NoLoginUrl),
    /// The value of the ticket parameter is not a ticket.
    #[error("no ticket can be read from the URL")]
    InvalidTicket(#[from] InvalidTicket),
    /// The sign-in failed.
    #[error(transparent)]
    SignIn(SignInError),
    /// The authorization request to resume is not pending in this browser.
    #[error("no authorization request waits under this name in this browser")]
    NoPendingRequest,
    /// The account switch to confirm is not pending in this browser.
    #[error("no change of user waits for a yes in this browser")]
    NoPendingSwitch,
    /// The logout request is malformed, or its `post_logout_redirect_uri` is not registered.
    #[error("the logout request is refused")]
    Logout(#[source] Box<RefusedRequest>),
    /// The logout to confirm is not pending in this browser.
    #[error("no logout waits for a yes in this browser")]
    NoPendingLogout,
    /// The browser is caught in a redirect loop.
    #[error("the client {0} was launched again and again; it seems to reject its logins")]
    RedirectLoop(String),
    /// The user may not use the app.
    #[error(transparent)]
    AccessDenied(#[from] Box<AccessDenied>),
    /// The client address, or the client, exceeds the rate limit.
    #[error(transparent)]
    RateLimited(#[from] RateLimited),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such page.
    #[error("there is no such page")]
    NotFound,
    /// The page does not support this method.
    #[error("the page does not take this method")]
    MethodNotAllowed,
    /// The request is larger than the limit.
    #[error("the request is too large")]
    TooLarge,
    /// Too many large requests are being received at once.
    #[error("too many large requests are being received at once")]
    Crowded,
    /// The body of the request did not arrive in time.
    #[error("the body of the request did not arrive in time")]
    Late,
    /// A handler panicked, or took too long.
    #[error("the request could not be finished")]
    Internal,
}

/// How an error page shows a problem, and whether the operator has to act.
pub(crate) struct Facts {
    /// The HTTP status of the page.
    pub status: StatusCode,
    /// What the page says.
    pub message: fn(&Words) -> &Message,
    /// What the page offers to do.
    pub next: NextStep,
    /// Whether this provider or the portal failed, so that the operator has to act.
    pub is_failure: bool,
}

/// What an error page offers to do.
pub(crate) enum NextStep {
    /// Nothing: the app's administrator has to act.
    None,
    /// Enter from the portal again.
    Portal,
    /// Choose another app.
    OtherApps,
    /// Launch the client once more.
    TryAgain(String),
    /// Sign out here.
    SignOut,
}

fn facts(status: StatusCode, next: NextStep, message: fn(&Words) -> &Message) -> Facts {
    Facts {
        status,
        message,
        next,
        is_failure: false,
    }
}

fn failure(status: StatusCode, message: fn(&Words) -> &Message) -> Facts {
    Facts {
        is_failure: true,
        ..facts(status, NextStep::Portal, message)
    }
}

impl PageProblem {
    /// Status, text and next step of the error page.
    pub(crate) fn facts(&self) -> Facts {
        use NextStep::{None, OtherApps, Portal, SignOut, TryAgain};
        use StatusCode as S;
        match self {
            Self::Request(_) => facts(S::BAD_REQUEST, None, |w| &w.request_refused),
            Self::NoSuchClient(_) => facts(S::NOT_FOUND, Portal, |w| &w.no_such_client),
            Self::NoTarget(..) => facts(S::NOT_FOUND, Portal, |w| &w.no_login_url),
            Self::InvalidTicket(_) => facts(S::BAD_REQUEST, Portal, |w| &w.invalid_ticket),
            Self::SignIn(error) => sign_in_facts(error),
            Self::NoPendingRequest => facts(S::GONE, Portal, |w| &w.no_pending_request),
            Self::NoPendingSwitch => facts(S::GONE, Portal, |w| &w.no_pending_switch),
            // A user who wants to sign out can, whatever the app has sent.
            Self::Logout(_) => facts(S::BAD_REQUEST, SignOut, |w| &w.logout_refused),
            Self::NoPendingLogout => facts(S::GONE, SignOut, |w| &w.no_pending_logout),
            Self::RedirectLoop(client) => {
                let again = TryAgain(client.clone());
                facts(S::TOO_MANY_REQUESTS, again, |w| &w.redirect_loop)
            }
            Self::AccessDenied(denied) => facts(S::FORBIDDEN, OtherApps, denial_message(denied)),
            Self::RateLimited(_) => facts(S::TOO_MANY_REQUESTS, Portal, |w| &w.rate_limited),
            Self::Store(_) => failure(S::SERVICE_UNAVAILABLE, |w| &w.internal_error),
            Self::NotFound => facts(S::NOT_FOUND, Portal, |w| &w.not_found),
            Self::MethodNotAllowed => facts(S::METHOD_NOT_ALLOWED, None, |w| &w.method_not_allowed),
            Self::TooLarge => facts(S::PAYLOAD_TOO_LARGE, None, |w| &w.too_large),
            Self::Crowded => facts(S::SERVICE_UNAVAILABLE, Portal, |w| &w.internal_error),
            Self::Late => facts(S::REQUEST_TIMEOUT, Portal, |w| &w.late),
            Self::Internal => failure(S::INTERNAL_SERVER_ERROR, |w| &w.internal_error),
        }
    }

    /// Why a launch failed, if it would not fail in the same way without its ticket.
    pub(crate) fn reason(&self) -> Option<Reason> {
        Some(match self {
            Self::InvalidTicket(error) => Reason::InvalidTicket(error.to_string()),
            Self::NoTarget(client, error) => Reason::NoTarget(format!("{client}: {error}")),
            Self::TooLarge => Reason::TooLarge,
            Self::SignIn(error) => match error {
                SignInError::TicketRefused => Reason::TicketRefused,
                SignInError::Left(_) => Reason::AccountDisabled,
                SignInError::Login(LoginError::Rejected(_)) => Reason::TicketRejected,
                SignInError::Login(LoginError::Unreachable(_)) => Reason::PortalUnreachable,
                SignInError::Login(LoginError::Unintelligible(_)) => Reason::PortalUnintelligible,
                SignInError::RateLimited(exceeded) => {
                    Reason::RateLimited(exceeded.retry_after_secs)
                }
                SignInError::Store(_) => Reason::Unavailable,
            },
            Self::RateLimited(exceeded) => Reason::RateLimited(exceeded.retry_after_secs),
            Self::Store(_) | Self::Crowded => Reason::Unavailable,
            Self::Internal => Reason::Internal,
            _ => return None,
        })
    }

    /// The client that is concerned, as far as the problem knows it.
    pub(crate) fn client_id(&self) -> Option<&str> {
        match self {
            Self::Request(refused) | Self::Logout(refused) => refused.client_id(),
            Self::NoTarget(client, _) | Self::RedirectLoop(client) => Some(client),
            Self::AccessDenied(denied) => Some(&denied.client_id),
            _ => None,
        }
    }

    /// Set when the client address, or the client, exceeds the rate limit.
    pub(crate) fn rate_limited(&self) -> Option<&RateLimited> {
        match self {
            Self::RateLimited(exceeded) => Some(exceeded),
            _ => None,
        }
    }
}

fn sign_in_facts(error: &SignInError) -> Facts {
    use StatusCode as S;
    let portal = |message| facts(S::FORBIDDEN, NextStep::Portal, message);
    match error {
        SignInError::TicketRefused => portal(|w| &w.ticket_refused),
        SignInError::Left(_) => portal(|w| &w.account_disabled),
        SignInError::Login(LoginError::Rejected(_)) => portal(|w| &w.ticket_rejected),
        SignInError::Login(LoginError::Unreachable(_)) => {
            failure(S::SERVICE_UNAVAILABLE, |w| &w.portal_unreachable)
        }
        SignInError::Login(LoginError::Unintelligible(_)) => {
            failure(S::BAD_GATEWAY, |w| &w.portal_unintelligible)
        }
        SignInError::RateLimited(_) => {
            facts(S::TOO_MANY_REQUESTS, NextStep::Portal, |w| &w.rate_limited)
        }
        SignInError::Store(_) => failure(S::SERVICE_UNAVAILABLE, |w| &w.internal_error),
    }
}

fn denial_message(denied: &AccessDenied) -> fn(&Words) -> &Message {
    match (&denied.denied, &denied.contact) {
        (Denied::Unlinked, None) => |w| &w.no_linked_account,
        (Denied::Unlinked, Some(_)) => |w| &w.no_linked_account_contact,
        (Denied::Listed | Denied::NotListed | Denied::Rule(_), None) => |w| &w.access_denied,
        (Denied::Listed | Denied::NotListed | Denied::Rule(_), Some(_)) => {
            |w| &w.access_denied_contact
        }
    }
}

impl From<TooManyParameters> for PageProblem {
    fn from(_: TooManyParameters) -> Self {
        Self::TooLarge
    }
}

impl From<BytesRejection> for PageProblem {
    fn from(rejection: BytesRejection) -> Self {
        if is_late(&rejection) {
            Self::Late
        } else {
            Self::TooLarge
        }
    }
}

impl From<SignInError> for PageProblem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Store(error) => Self::Store(error),
            SignInError::RateLimited(error) => Self::RateLimited(error),
            other => Self::SignIn(other),
        }
    }
}

//! A valid authorization request, new or resumed, and who receives its errors.

use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use panda_oidc_sdk::Ticket;

use super::error::{PageError, PageProblem, RefusedRequest};
use crate::app::App;
use crate::limits::RateLimited;
use crate::login::pending_request::PendingAuthorization;
use crate::login::ticket;
use crate::login::ticket::InvalidTicket;
use crate::oauth::authorize::{Authorization, Refusal, authorize};
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::params::Params;
use crate::service::authorization::AuthorizationError;

/// A valid authorization request.
pub(super) struct AuthorizationRequest {
    /// What the client asks for.
    pub authorization: Authorization,
    /// Its parameters, without any ticket.
    params: Params,
    /// When the request first arrived.
    pub requested_at: DateTime<Utc>,
    /// The name under which it has waited in this browser; `None` for a new request.
    pub resumed: Option<String>,
    /// The possible decodings of the ticket that it carries; `None` when it carries no ticket.
    pub ticket: Option<Result<Vec<Ticket>, InvalidTicket>>,
}

impl AuthorizationRequest {
    /// Validates a new request, whose raw parameters, ticket included, are in `raw`.
    ///
    /// # Errors
    ///
    /// [`PageError`]: shown on a page until the redirect URI is verified, sent to the client after
    /// that.
    pub(super) fn new(app: &App, raw: &str) -> Result<Self, PageError> {
        let parameter = app.provider.ticket_parameter();
        let params = Params::parse(ticket::strip_ticket(raw, parameter).as_bytes())?;
        let decodings = ticket::find(raw, parameter);
        let ticket = decodings.map(|found| Some(found).filter(|found| !found.is_empty()));
        Ok(Self {
            authorization: validate(app, &params)?,
            params,
            requested_at: app.host.clock.now(),
            resumed: None,
            ticket: ticket.transpose(),
        })
    }

    /// Validates the pending request called `name` again: its client may have changed meanwhile.
    ///
    /// # Errors
    ///
    /// As [`AuthorizationRequest::new`].
    pub(super) fn resume(
        app: &App,
        name: String,
        pending: &PendingAuthorization,
    ) -> Result<Self, PageError> {
        let params = Params::parse(pending.request.as_bytes())?;
        Ok(Self {
            authorization: validate(app, &params)?,
            params,
            requested_at: pending.requested_at,
            resumed: Some(name),
            ticket: None,
        })
    }

    /// The client that sent the request.
    pub(super) fn client_id(&self) -> &ClientId {
        &self.authorization.client.id
    }

    /// The request as it waits in a cookie, should the user have to sign in first.
    pub(super) fn pending(&self, app: &App) -> PendingAuthorization {
        PendingAuthorization {
            request: self.params.without(app.provider.ticket_parameter()),
            client_id: self.client_id().to_string(),
            requested_at: self.requested_at,
        }
    }

    /// Decides who receives the error of a valid request. The client receives protocol errors, and
    /// every error if it forbids pages (`prompt=none`, OIDC Core §3.1.2.6). The user receives the
    /// others on a page.
    pub(super) fn page_error(&self, error: RequestError) -> PageError {
        let for_client = error.to_oauth();
        let redirect = || self.authorization.redirect.clone();
        match error.into_problem() {
            None => PageError::Redirect(redirect(), for_client, None),
            Some(problem)
                if self.authorization.prompt.none
                    || matches!(problem, PageProblem::AccessDenied(_)) =>
            {
                PageError::Redirect(redirect(), for_client, Some(Box::new(problem)))
            }
            Some(problem) => PageError::Page(problem),
        }
    }
}

/// Validates the parameters, and decides who receives the error.
fn validate(app: &App, params: &Params) -> Result<Authorization, PageError> {
    authorize(params, &app.clients, app.issuer.as_str()).map_err(|refusal| match refusal {
        Refusal::Page(error) => {
            let ticket = app.provider.ticket_parameter();
            let refused = RefusedRequest::new(error, params, "redirect_uri", &app.clients, ticket);
            PageError::Page(PageProblem::Request(refused.into()))
        }
        Refusal::Redirect(redirect, error) => PageError::Redirect(redirect, error, None),
    })
}

/// Why a valid request was not granted.
pub(super) enum RequestError {
    /// Its ticket cannot be read.
    InvalidTicket(InvalidTicket),
    /// The browser's address presents too many tickets, or its session sends too many requests.
    RateLimited(RateLimited),
    /// The use case failed.
    Authorization(AuthorizationError),
}

impl<T: Into<AuthorizationError>> From<T> for RequestError {
    fn from(error: T) -> Self {
        Self::Authorization(error.into())
    }
}

impl RequestError {
    /// The error for the client (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6).
    fn to_oauth(&self) -> OAuthError {
        use AuthorizationError::{Denied, Refused, SignIn, Store};
        let unavailable = (
            ErrorCode::TemporarilyUnavailable,
            "nobody can be signed in at the moment",
        );
        let (code, description) = match self {
            Self::Authorization(Refused(error)) => return error.clone(),
            Self::Authorization(Denied(_)) => (
                ErrorCode::AccessDenied,
                "the app is not open to the person who is signed in",
            ),
            Self::Authorization(SignIn(error)) if error.is_temporary() => unavailable,
            Self::RateLimited(_) | Self::Authorization(Store(_)) => unavailable,
            Self::InvalidTicket(_) | Self::Authorization(SignIn(_)) => (
                ErrorCode::LoginRequired,
                "the ticket that came with the request signs nobody in",
            ),
        };
        OAuthError::new(code, description)
    }

    /// The problem for a page and the log; `None` for a rule of the protocol.
    fn into_problem(self) -> Option<PageProblem> {
        Some(match self {
            Self::Authorization(AuthorizationError::Refused(_)) => return None,
            Self::Authorization(AuthorizationError::Denied(denied)) => denied.into(),
            Self::Authorization(AuthorizationError::SignIn(error)) => error.into(),
            Self::Authorization(AuthorizationError::Store(error)) => error.into(),
            Self::InvalidTicket(error) => error.into(),
            Self::RateLimited(error) => error.into(),
        })
    }
}

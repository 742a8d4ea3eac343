//! Grants or refuses an authorization request for the end user at the browser (OIDC Core §3.1.2.3
//! to §3.1.2.6).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use panda_oidc_sdk::Subject;

use super::access::{AccessDenied, access_denial, require_access_to_services};
use super::sign_in::{
    BrowserState, ClaimedSwitch, NewHandles, PresentedTicket, SignedIn, TicketSignIn,
    sign_in_with_ticket,
};
use super::ticket_verification::SignInError;
use crate::app::App;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::GrantId;
use crate::oauth::authorize::Authorization;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::grant::{CODE_LIFETIME, Grant};
use crate::oauth::id_token_hint;
use crate::oauth::reauthentication::{RequestTime, SessionCheck, check_session, is_recent_enough};
use crate::oauth::resource::settled_audience;
use crate::oauth::scope::Scope;
use crate::session::{EndedSession, Session};
use crate::store::StoreError;

/// The outcome of an authorization request.
#[derive(Debug)]
pub struct AuthorizationOutcome {
    /// What becomes of the request.
    pub decision: Result<AuthorizationDecision, AuthorizationError>,
    /// New handles for the browser. The user of a ticket stays signed in even if the request is
    /// refused.
    pub handles: Option<NewHandles>,
    /// The sessions of the previous user that the ticket ended.
    pub ended: Vec<EndedSession>,
}

/// What becomes of an authorization request that is not refused.
#[derive(Debug)]
pub enum AuthorizationDecision {
    /// The request is granted. Holds the code.
    Granted(Handle),
    /// The end user must sign in first.
    SignInRequired,
    /// The ticket is another user's, so the end user must confirm the switch first.
    ConfirmSwitch(Box<ClaimedSwitch>),
}

/// Why an authorization request is not granted.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizationError {
    /// It is refused with an OAuth error.
    #[error(transparent)]
    Refused(#[from] OAuthError),
    /// The user has no access to the client.
    #[error(transparent)]
    Denied(Box<AccessDenied>),
    /// The ticket did not sign a user in.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Processes a valid authorization request. `time` says which sign-ins are fresh for it, and `ticket`
/// is the one that it carries.
pub async fn authorize(
    app: &Arc<App>,
    authorization: &Authorization,
    time: RequestTime,
    state: BrowserState,
    ticket: Option<PresentedTicket>,
) -> AuthorizationOutcome {
    let unchanged = |decision| AuthorizationOutcome {
        decision,
        handles: None,
        ended: Vec::new(),
    };
    // 1. Determine which user the client expects (`id_token_hint`, the `sub` of `claims`). A hint that
    //    is none refuses the request before the ticket is used up.
    let expected = match authorization.unverified_hint.as_deref() {
        None => authorization.claims.subject.clone(),
        Some(hint) => match id_token_hint::read(hint, &app.keys, app.issuer.as_str()) {
            Ok(hint) => Some(hint.subject),
            Err(error) => return unchanged(Err(error.into())),
        },
    };
    // 2. Authenticate the end user: by the ticket, if there is one, else by the session.
    let authenticated = match ticket {
        Some(ticket) => sign_in(app, authorization, time, &state, ticket).await,
        None => Ok(Authentication::session(state.session.clone().map(Box::new))),
    };
    let (session, handles, ended) = match authenticated {
        Ok(Authentication::Session(session, handles, ended)) => (session, handles, ended),
        Ok(Authentication::ConfirmSwitch(switch)) if authorization.prompt.none => {
            let error = OAuthError::new(
                ErrorCode::LoginRequired,
                "another person is signed in here, and prompt=none forbids asking",
            );
            // The ticket belongs to this browser now, which must learn its own identifier.
            return AuthorizationOutcome {
                decision: Err(error.into()),
                handles: Some(NewHandles {
                    session: None,
                    browser: switch.browser,
                }),
                ended: Vec::new(),
            };
        }
        Ok(Authentication::ConfirmSwitch(switch)) => {
            return unchanged(Ok(AuthorizationDecision::ConfirmSwitch(switch)));
        }
        Err(error) => return unchanged(Err(error)),
    };
    // 3. Grant the request, if the session is sufficient for it.
    let session = session.as_deref();
    let decision = grant(app, authorization, expected, time, session).await;
    if let (Ok(AuthorizationDecision::Granted(_)), Some(session)) = (&decision, session) {
        let (subject, client_id) = (session.user.subject(), authorization.client.id.as_str());
        tracing::info!(%subject, sid = %session.sid, client_id, address = %state.caller.address(), "Issued a code to {client_id} for {subject}");
    }
    AuthorizationOutcome {
        decision,
        handles,
        ended,
    }
}

/// Who the end user is.
enum Authentication {
    /// The user of this session, if there is one. Holds new handles for the browser as well, and the
    /// sessions of another user that ended.
    Session(Option<Box<Session>>, Option<NewHandles>, Vec<EndedSession>),
    /// Another user than that of the browser's session. The switch must be confirmed first.
    ConfirmSwitch(Box<ClaimedSwitch>),
}

impl Authentication {
    /// The session of the browser, unchanged.
    fn session(session: Option<Box<Session>>) -> Self {
        Self::Session(session, None, Vec::new())
    }
}

/// Signs the user of the ticket in.
async fn sign_in(
    app: &Arc<App>,
    authorization: &Authorization,
    time: RequestTime,
    state: &BrowserState,
    ticket: PresentedTicket,
) -> Result<Authentication, AuthorizationError> {
    // The back button and a reload send the same ticket again. The portal verifies it again only if
    // the sign-in it produced is not recent enough for this request.
    let session = state.session.as_ref();
    let now = app.host.clock.now();
    let verify_again = !is_recent_enough(authorization, session, time, now);
    match sign_in_with_ticket(app, state, ticket, verify_again).await? {
        TicketSignIn::SignedIn(SignedIn {
            session,
            handles,
            ended,
        }) => Ok(Authentication::Session(Some(session), handles, ended)),
        TicketSignIn::OtherUser(switch) => {
            let claimed = switch.claim(app).await?;
            Ok(Authentication::ConfirmSwitch(Box::new(claimed)))
        }
    }
}

/// Grants the request if `session` is sufficient for it.
async fn grant(
    app: &App,
    authorization: &Authorization,
    expected: Option<Subject>,
    time: RequestTime,
    session: Option<&Session>,
) -> Result<AuthorizationDecision, AuthorizationError> {
    let now = app.host.clock.now();
    // 1. Check the session: the expected user, authenticated recently enough.
    let check = check_session(authorization, expected.as_ref(), session, time, now);
    let session = match check {
        SessionCheck::Sufficient(session) => session,
        SessionCheck::SignIn => return Ok(AuthorizationDecision::SignInRequired),
        SessionCheck::Refuse(error) => return Err(error.into()),
    };
    // 2. Check that the user has access to the client, and to the services that tokens are for.
    if let Some(denied) = access_denial(app, &authorization.client, &session.user).await? {
        return Err(AuthorizationError::Denied(denied));
    }
    let audience = settled_audience(&authorization.resources, &authorization.client);
    require_access_to_services::<AuthorizationError>(app, audience, &session.user).await?;
    // 3. Issue the code.
    let code = issue_code(app, authorization, session, now).await?;
    Ok(AuthorizationDecision::Granted(code))
}

async fn issue_code(
    app: &App,
    authorization: &Authorization,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<Handle, StoreError> {
    let code = Handle::random(&mut rand::rng());
    let grant = Grant {
        client_id: authorization.client.id.clone(),
        subject: session.user.subject().clone(),
        sid: session.sid.clone(),
        scopes: authorization.scopes.clone(),
        redirect_uri: authorization.redirect.uri().to_owned(),
        nonce: authorization.nonce.clone(),
        challenge: authorization.challenge.clone(),
        auth_time: session.auth_time,
        issues_refresh_token: authorization.is_refreshable(),
        resources: authorization.resources.clone(),
        claims: authorization.claims.person.clone(),
        acr: authorization.acr,
    };
    if !grant.scopes.contains(Scope::Openid) {
        tracing::warn!(
            client_id = grant.client_id.as_str(),
            "{} asks without the scope openid: it gets no ID token and nothing from userinfo. Set \
             its scopes to: openid profile",
            grant.client_id.as_str()
        );
    }
    let code_expires_at = now + CODE_LIFETIME;
    app.store
        .issue(&GrantId::of(&code), grant, code_expires_at)
        .await?;
    Ok(code)
}

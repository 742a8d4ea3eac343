//! Grants or refuses an authorization request for the end user at the browser (OIDC Core §3.1.2.3
//! to §3.1.2.5).

use chrono::{DateTime, TimeDelta, Utc};

use super::access::{AccessDenied, check_access};
use crate::app::App;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::GrantId;
use crate::oauth::authorize::Authorization;
use crate::oauth::error::OAuthError;
use crate::oauth::grant::Grant;
use crate::oauth::id_token_hint;
use crate::oauth::reauthentication::{SessionCheck, check_session};
use crate::oauth::scope::Scope;
use crate::session::Session;
use crate::store::StoreError;

/// How long a code can be redeemed. RFC 6749 §4.1.2 allows ten minutes, but clients redeem at once.
const CODE_LIFETIME: TimeDelta = TimeDelta::seconds(60);

/// The outcome of an authorization request.
#[derive(Debug)]
pub enum AuthorizationOutcome {
    /// The request is granted. Holds the code.
    Granted(Handle),
    /// The end user must sign in first.
    SignInRequired,
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
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Grants the request if `session` is sufficient for it. `requested_at` is when the request first
/// arrived.
///
/// # Errors
///
/// [`AuthorizationError`].
pub async fn authorize(
    app: &App,
    authorization: &Authorization,
    session: Option<&Session>,
    requested_at: DateTime<Utc>,
) -> Result<AuthorizationOutcome, AuthorizationError> {
    let now = app.host.clock.now();
    // 1. Determine which user the client expects (`id_token_hint`, the `sub` of `claims`).
    let expected = match authorization.unverified_hint.as_deref() {
        Some(hint) => Some(id_token_hint::read(hint, &app.keys, app.issuer.as_str())?.subject),
        None => authorization.claims.subject.clone(),
    };
    // 2. Check the session: the expected user, authenticated recently enough.
    let check = check_session(authorization, expected.as_ref(), session, requested_at, now);
    let session = match (check, session) {
        (SessionCheck::Sufficient, Some(session)) => session,
        (SessionCheck::Refuse(error), _) => return Err(error.into()),
        (SessionCheck::SignIn | SessionCheck::Sufficient, _) => {
            return Ok(AuthorizationOutcome::SignInRequired);
        }
    };
    // 3. Check that the user has access to the client.
    if let Some(denied) = check_access(app, &authorization.client, &session.user).await? {
        return Err(AuthorizationError::Denied(denied));
    }
    // 4. Issue the code.
    let code = issue_code(app, authorization, session, now).await?;
    Ok(AuthorizationOutcome::Granted(code))
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
    let retain_until = code_expires_at + authorization.client.access_token.lifetime;
    app.store
        .issue(&GrantId::of(&code), grant, code_expires_at, retain_until)
        .await?;
    Ok(code)
}

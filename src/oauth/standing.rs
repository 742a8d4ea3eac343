//! Whether the session a browser has is good enough for what a client asks (OIDC Core §3.1.2.3).

use chrono::{DateTime, Utc};
use panda_oidc_sdk::Subject;

use super::authorize::Authorization;
use super::error::{ErrorCode, OAuthError};
use crate::login::session::Session;

/// What to do with a request that may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Grant it to the person who is signed in.
    Good,
    /// Have the person sign in, then ask again.
    SignIn,
    /// Tell the client.
    Refuse(OAuthError),
}

/// Decides by the session.
///
/// `asked_at` is when the client first asked: a sign-in since then is the fresh one it wanted.
/// `expected` is the subject of the verified `id_token_hint`.
#[must_use]
pub fn standing(
    authorization: &Authorization,
    expected: Option<&Subject>,
    session: Option<&Session>,
    asked_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Standing {
    let good = session.is_some_and(|session| {
        let since_asked = session.auth_time >= asked_at;
        let fresh = !authorization.prompt.login || since_asked;
        let young = authorization
            .max_age
            .is_none_or(|age| since_asked || now - session.auth_time <= age);
        fresh && young
    });
    let somebody_else = matches!((expected, session), (Some(expected), Some(session)) if session.user.subject() != expected);
    if good && !somebody_else {
        return Standing::Good;
    }
    // OIDC Core §3.1.2.1 on id_token_hint: the person was asked for and another one signed in.
    let in_vain = somebody_else && session.is_some_and(|session| session.auth_time >= asked_at);
    if authorization.prompt.none || in_vain {
        let description = if somebody_else {
            "the person who is signed in is not the one the id_token_hint names"
        } else {
            "nobody is signed in here, or not recently enough"
        };
        return Standing::Refuse(OAuthError::new(ErrorCode::LoginRequired, description));
    }
    Standing::SignIn
}

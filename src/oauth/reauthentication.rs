//! Whether the session a browser has is good enough for what a client asks (OIDC Core §3.1.2.3).

use chrono::{DateTime, Utc};
use panda_oidc_sdk::Subject;

use crate::oauth::authorize::Authorization;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::session::Session;

/// What to do with a request that may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionCheck {
    /// Grant it to the person who is signed in.
    Sufficient,
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
pub fn check_session(
    authorization: &Authorization,
    expected: Option<&Subject>,
    session: Option<&Session>,
    asked_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> SessionCheck {
    let good = is_recent_enough(authorization, session, asked_at, now);
    let somebody_else = matches!((expected, session), (Some(expected), Some(session)) if session.user.subject() != expected);
    if good && !somebody_else {
        return SessionCheck::Sufficient;
    }
    // OIDC Core §3.1.2.1 on id_token_hint: the person was asked for and another one signed in.
    let in_vain = somebody_else && session.is_some_and(|session| session.auth_time >= asked_at);
    if authorization.prompt.none || in_vain {
        let description = if somebody_else {
            "the person who is signed in is not the one that was asked for"
        } else {
            "nobody is signed in here, or not recently enough"
        };
        return SessionCheck::Refuse(OAuthError::new(ErrorCode::LoginRequired, description));
    }
    SessionCheck::SignIn
}

/// Whether the sign-in of `session` is as recent as `prompt=login` and `max_age` ask for.
#[must_use]
pub fn is_recent_enough(
    authorization: &Authorization,
    session: Option<&Session>,
    asked_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> bool {
    session.is_some_and(|session| {
        let since_asked = session.auth_time >= asked_at;
        let fresh = !authorization.prompt.login || since_asked;
        let young = authorization
            .max_age
            .is_none_or(|age| since_asked || now - session.auth_time <= age);
        fresh && young
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::oauth::authorize::authorize;
    use crate::oauth::client::Clients;
    use crate::oauth::client::tests::confidential;
    use crate::oauth::params::Params;
    use crate::oauth::reauthentication::*;
    use crate::session::tests::session;

    /// How a session that is an hour old stands to a request asked `asked` seconds after it began.
    fn stands(
        request: &str,
        hint: Option<&str>,
        subject: Option<&str>,
        asked: i64,
    ) -> SessionCheck {
        let clients: Clients = [confidential("app", "s")].into_iter().collect();
        let query = format!(
            "response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb{request}"
        );
        let params = Params::parse(query.as_bytes()).unwrap();
        let authorization = authorize(&params, &clients, "https://op").unwrap();
        check_session(
            &authorization,
            hint.map(|hint| Subject::new(hint).unwrap()).as_ref(),
            subject.map(session).as_ref(),
            DateTime::UNIX_EPOCH + TimeDelta::seconds(asked),
            DateTime::UNIX_EPOCH + TimeDelta::hours(1),
        )
    }

    fn is_login_required(standing: &SessionCheck) -> bool {
        matches!(standing, SessionCheck::Refuse(error) if error.code == ErrorCode::LoginRequired)
    }

    #[test]
    fn a_session_is_enough_unless_the_client_wants_a_newer_one() {
        assert_eq!(stands("", None, Some("1"), 3600), SessionCheck::Sufficient);
        assert_eq!(stands("", None, None, 3600), SessionCheck::SignIn);
        assert_eq!(
            stands("&max_age=3600", None, Some("1"), 3600),
            SessionCheck::Sufficient
        );
        assert_eq!(
            stands("&max_age=3599", None, Some("1"), 3600),
            SessionCheck::SignIn
        );
        assert_eq!(
            stands("&max_age=0", None, Some("1"), 3600),
            SessionCheck::SignIn
        );
        assert_eq!(
            stands("&prompt=login", None, Some("1"), 3600),
            SessionCheck::SignIn
        );
    }

    #[test]
    fn a_sign_in_since_the_request_is_the_new_one_it_wanted() {
        assert_eq!(
            stands("&prompt=login", None, Some("1"), 0),
            SessionCheck::Sufficient
        );
        assert_eq!(
            stands("&max_age=0", None, Some("1"), -5),
            SessionCheck::Sufficient
        );
    }

    #[test]
    fn n18_without_a_page_there_is_no_sign_in() {
        for (request, subject) in [
            ("&prompt=none", None),
            ("&prompt=none&max_age=1", Some("1")),
        ] {
            assert!(is_login_required(&stands(request, None, subject, 3600)));
        }
        assert_eq!(
            stands("&prompt=none", None, Some("1"), 3600),
            SessionCheck::Sufficient
        );
    }

    #[test]
    fn n20_a_hint_signs_nobody_in_and_nobody_else() {
        assert_eq!(
            stands("", Some("1"), Some("1"), 3600),
            SessionCheck::Sufficient
        );
        assert_eq!(stands("", Some("2"), Some("1"), 3600), SessionCheck::SignIn);
        assert_eq!(stands("", Some("2"), None, 3600), SessionCheck::SignIn);
        assert!(is_login_required(&stands(
            "&prompt=none",
            Some("2"),
            Some("1"),
            3600
        )));
        assert!(is_login_required(&stands("", Some("2"), Some("1"), 0)));
    }
}

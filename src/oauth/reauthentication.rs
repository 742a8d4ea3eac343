//! Whether the session of the browser is sufficient for an authorization request, or the user must
//! sign in again (OIDC Core §3.1.2.3).

use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc_sdk::Subject;

use crate::oauth::authorize::Authorization;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::session::Session;

/// When an authorization request arrived, and which sign-ins are fresh for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestTime {
    /// When the request first arrived.
    pub requested_at: DateTime<Utc>,
    /// A sign-in from then on satisfies `prompt=login` and `max_age`. It is `requested_at`, or earlier if a
    /// launch of the client led to the request.
    pub fresh_since: DateTime<Utc>,
}

/// What to do with a valid authorization request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionCheck<'a> {
    /// Grant it: this session is sufficient.
    Sufficient(&'a Session),
    /// Have the user sign in, then check again.
    SignIn,
    /// Send this error to the client.
    Refuse(OAuthError),
}

/// Checks the session against the request.
///
/// `expected` is the subject of the verified `id_token_hint`.
#[must_use]
pub fn check_session<'a>(
    authorization: &Authorization,
    expected: Option<&Subject>,
    session: Option<&'a Session>,
    time: RequestTime,
    now: DateTime<Utc>,
) -> SessionCheck<'a> {
    let is_recent = is_recent_enough(authorization, session, time, now);
    let is_other_user = matches!((expected, session), (Some(expected), Some(session)) if session.user.subject() != expected);
    if let Some(session) = session.filter(|_| is_recent && !is_other_user) {
        return SessionCheck::Sufficient(session);
    }
    // The user was sent to sign in, and another user than the hint names has signed in: an error is
    // due (OIDC Core §3.1.2.1 on id_token_hint).
    let other_user_signed_in =
        is_other_user && session.is_some_and(|session| session.auth_time >= time.requested_at);
    if authorization.prompt.none || other_user_signed_in {
        let description = if is_other_user {
            "the person who is signed in is not the one that was asked for"
        } else {
            "nobody is signed in here, or not recently enough"
        };
        return SessionCheck::Refuse(OAuthError::new(ErrorCode::LoginRequired, description));
    }
    SessionCheck::SignIn
}

/// Whether the sign-in of `session` is as recent as `prompt=login` and `max_age` demand.
#[must_use]
pub fn is_recent_enough(
    authorization: &Authorization,
    session: Option<&Session>,
    time: RequestTime,
    now: DateTime<Utc>,
) -> bool {
    session.is_some_and(|session| {
        let age = now - session.auth_time;
        // A clock that was set back makes an old sign-in one of the future.
        let is_past = age >= TimeDelta::zero();
        let is_fresh = is_past && session.auth_time >= time.fresh_since;
        let meets_prompt = !authorization.prompt.login || is_fresh;
        let meets_max_age = authorization
            .max_age
            .is_none_or(|max_age| is_fresh || is_past && age <= max_age);
        meets_prompt && meets_max_age
    })
}

#[cfg(test)]
mod tests {
    use crate::oauth::authorize::authorize;
    use crate::oauth::client::tests::confidential;
    use crate::oauth::clients::Clients;
    use crate::oauth::params::Params;
    use crate::oauth::reauthentication::*;
    use crate::session::tests::session;

    fn authorization(request: &str) -> Authorization {
        let clients: Clients = [confidential("app", "s")].into_iter().collect();
        let query = format!(
            "response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb{request}"
        );
        let params = Params::parse(query.as_bytes()).unwrap();
        authorize(&params, &clients, "https://op").unwrap()
    }

    /// Checks a session of `subject` that is an hour old. The request arrived `requested` seconds
    /// after the session began.
    fn check(
        request: &str,
        hint: Option<&str>,
        subject: Option<&str>,
        requested: i64,
    ) -> Result<&'static str, ErrorCode> {
        let authorization = authorization(request);
        let expected = hint.map(|hint| Subject::new(hint).unwrap());
        let session = subject.map(session);
        let requested_at = DateTime::UNIX_EPOCH + TimeDelta::seconds(requested);
        let check = check_session(
            &authorization,
            expected.as_ref(),
            session.as_ref(),
            RequestTime {
                requested_at,
                fresh_since: requested_at,
            },
            DateTime::UNIX_EPOCH + TimeDelta::hours(1),
        );
        match check {
            SessionCheck::Sufficient(_) => Ok("sufficient"),
            SessionCheck::SignIn => Ok("sign in"),
            SessionCheck::Refuse(error) => Err(error.code),
        }
    }

    #[test]
    fn n19_a_sign_in_that_a_clock_set_back_puts_into_the_future_is_not_recent() {
        let requested_at = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        let time = RequestTime {
            requested_at,
            fresh_since: requested_at,
        };
        for demand in ["&prompt=login", "&max_age=60"] {
            let authorization = authorization(demand);
            let recent = |seconds| {
                let mut session = session("1");
                session.auth_time = requested_at + TimeDelta::seconds(seconds);
                let now = requested_at + TimeDelta::seconds(5);
                is_recent_enough(&authorization, Some(&session), time, now)
            };
            assert!(recent(0) && recent(5), "{demand}");
            assert!(!recent(600), "{demand}");
        }
    }

    fn is_login_required(check: Result<&'static str, ErrorCode>) -> bool {
        check == Err(ErrorCode::LoginRequired)
    }

    #[test]
    fn a_session_is_sufficient_unless_the_client_demands_a_newer_one() {
        assert_eq!(check("", None, Some("1"), 3600), Ok("sufficient"));
        assert_eq!(check("", None, None, 3600), Ok("sign in"));
        assert_eq!(
            check("&max_age=3600", None, Some("1"), 3600),
            Ok("sufficient")
        );
        assert_eq!(check("&max_age=3599", None, Some("1"), 3600), Ok("sign in"));
        assert_eq!(check("&max_age=0", None, Some("1"), 3600), Ok("sign in"));
        assert_eq!(check("&prompt=login", None, Some("1"), 3600), Ok("sign in"));
    }

    #[test]
    fn a_sign_in_since_the_request_is_recent_enough() {
        assert_eq!(check("&prompt=login", None, Some("1"), 0), Ok("sufficient"));
        assert_eq!(check("&max_age=0", None, Some("1"), -5), Ok("sufficient"));
    }

    #[test]
    fn n18_prompt_none_never_leads_to_a_sign_in() {
        for (request, subject) in [
            ("&prompt=none", None),
            ("&prompt=none&max_age=1", Some("1")),
        ] {
            assert!(is_login_required(check(request, None, subject, 3600)));
        }
        assert_eq!(
            check("&prompt=none", None, Some("1"), 3600),
            Ok("sufficient")
        );
    }

    #[test]
    fn n20_a_hint_signs_nobody_in_and_excludes_other_users() {
        assert_eq!(check("", Some("1"), Some("1"), 3600), Ok("sufficient"));
        assert_eq!(check("", Some("2"), Some("1"), 3600), Ok("sign in"));
        assert_eq!(check("", Some("2"), None, 3600), Ok("sign in"));
        assert!(is_login_required(check(
            "&prompt=none",
            Some("2"),
            Some("1"),
            3600
        )));
        assert!(is_login_required(check("", Some("2"), Some("1"), 0)));
    }
}

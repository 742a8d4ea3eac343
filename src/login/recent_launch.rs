//! A launch of a client a moment ago, in which the portal verified the user. For the authorization
//! request that the launch leads to, it is the sign-in that `prompt=login` or `max_age` demands: without
//! this, apps that always send one of them would need a second click in the portal.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::crypto::Sealer;
use crate::session::Session;

/// How long after a launch the client may begin its login.
pub const LAUNCH_TTL: TimeDelta = TimeDelta::minutes(1);

/// The context of the seal.
const CONTEXT: &[u8] = b"launch";

/// A recent launch, sealed into a cookie until the client's login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentLaunch {
    #[serde(rename = "c")]
    client_id: String,
    #[serde(rename = "s")]
    sid: String,
    #[serde(rename = "t")]
    auth_time_millis: i64,
}

impl RecentLaunch {
    /// A launch of `client_id`, whose ticket signed the user of `session` in.
    #[must_use]
    pub fn new(client_id: &str, session: &Session) -> Self {
        Self {
            client_id: client_id.to_owned(),
            sid: session.sid.to_string(),
            auth_time_millis: session.auth_time.timestamp_millis(),
        }
    }

    /// Seals it for the cookie.
    #[must_use]
    pub fn seal(&self, sealer: &Sealer) -> Option<String> {
        sealer.seal_text(self, CONTEXT)
    }

    /// Whether `sealed` is a launch of `client_id` in `session` that is recent enough, and the portal has
    /// not verified the user since.
    #[must_use]
    pub fn is_for(
        sealed: &str,
        sealer: &Sealer,
        client_id: &str,
        session: &Session,
        now: DateTime<Utc>,
    ) -> bool {
        let age = now - session.auth_time;
        (TimeDelta::zero()..=LAUNCH_TTL).contains(&age)
            && sealer.open_text(sealed, CONTEXT) == Some(Self::new(client_id, session))
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::{MasterKey, Purpose};
    use crate::login::recent_launch::*;
    use crate::session::tests::session;

    #[test]
    fn a_launch_counts_for_its_client_and_its_sign_in_for_a_minute() {
        let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::Launches);
        let session = session("1");
        let later = Session {
            auth_time: session.auth_time + TimeDelta::milliseconds(1),
            ..session.clone()
        };
        let sealed = RecentLaunch::new("app", &session).seal(&sealer).unwrap();
        let is_for = |client_id: &str, session: &Session, age: TimeDelta| {
            let now = session.auth_time + age;
            RecentLaunch::is_for(&sealed, &sealer, client_id, session, now)
        };
        assert!(is_for("app", &session, TimeDelta::zero()));
        assert!(is_for("app", &session, LAUNCH_TTL));
        assert!(!is_for("app", &session, LAUNCH_TTL + TimeDelta::seconds(1)));
        assert!(!is_for("app", &session, TimeDelta::seconds(-1)));
        assert!(!is_for("other", &session, TimeDelta::zero()));
        assert!(!is_for("app", &later, TimeDelta::zero()));
    }
}

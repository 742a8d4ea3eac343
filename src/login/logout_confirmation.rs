//! A logout that waits for the person at the screen to say yes (N48).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::crypto::Sealer;
use crate::session::{Session, SessionId};

/// How long the question stands.
const QUESTION_TTL: TimeDelta = TimeDelta::minutes(5);

/// What the seal is bound to.
const CONTEXT: &[u8] = b"logout";

/// A logout that was asked about. The form of the question carries it, sealed: another site cannot
/// make one, and one that was made in another browser names another session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingLogout {
    /// The session the question was about.
    pub sid: SessionId,
    /// The client that asked for it.
    pub client_id: Option<String>,
    /// `post_logout_redirect_uri` and `state` of its request.
    pub redirect: Option<(String, Option<String>)>,
    /// When it was asked.
    pub requested_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    sid: String,
    client_id: Option<String>,
    redirect: Option<(String, Option<String>)>,
    #[serde(with = "chrono::serde::ts_milliseconds")]
    asked_at: DateTime<Utc>,
}

impl PendingLogout {
    /// Seals the question for its form.
    #[must_use]
    pub fn seal(&self, sealer: &Sealer) -> Option<String> {
        let wire = Wire {
            sid: self.sid.to_string(),
            client_id: self.client_id.clone(),
            redirect: self.redirect.clone(),
            asked_at: self.requested_at,
        };
        sealer.seal_text(&wire, CONTEXT)
    }

    /// Opens what a form brings back; `None` when it is not ours or the question is too old.
    #[must_use]
    pub fn open(sealed: &str, sealer: &Sealer, now: DateTime<Utc>) -> Option<Self> {
        let wire: Wire = sealer.open_text(sealed, CONTEXT)?;
        (now - wire.asked_at <= QUESTION_TTL).then_some(Self {
            sid: SessionId::from(wire.sid),
            client_id: wire.client_id,
            redirect: wire.redirect,
            requested_at: wire.asked_at,
        })
    }

    /// Whether the yes is about what the browser has now: its session, or, once that is over,
    /// nothing. Never about the session of whoever came after (N50).
    #[must_use]
    pub fn is_about(&self, here: Option<&Session>) -> bool {
        here.is_none_or(|session| session.sid == self.sid)
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::{MasterKey, Purpose};
    use crate::login::logout_confirmation::*;
    use crate::session::tests::session;

    fn pending() -> PendingLogout {
        PendingLogout {
            sid: SessionId::from("sid".to_owned()),
            client_id: Some("grafana".to_owned()),
            redirect: Some(("https://app/out".to_owned(), Some("s".to_owned()))),
            requested_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        }
    }

    #[test]
    fn a_question_stands_five_minutes_in_its_form() {
        let master = MasterKey::random(&mut rand::rng());
        let sealer = master.sealer(Purpose::Logouts);
        let sealed = pending().seal(&sealer).unwrap();
        let open = |later| PendingLogout::open(&sealed, &sealer, pending().requested_at + later);
        assert_eq!(open(QUESTION_TTL), Some(pending()));
        assert_eq!(open(QUESTION_TTL + TimeDelta::seconds(1)), None);
        let other = master.sealer(Purpose::Switches);
        assert_eq!(
            PendingLogout::open(&sealed, &other, pending().requested_at),
            None
        );
    }

    #[test]
    fn n50_a_yes_is_about_the_session_that_was_asked_about_and_no_other() {
        let mut here = session("1");
        assert!(pending().is_about(Some(&here)) && pending().is_about(None));
        here.sid = SessionId::from("another".to_owned());
        assert!(!pending().is_about(Some(&here)));
    }
}

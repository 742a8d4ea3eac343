//! A logout that waits for confirmation on our page (logout CSRF; N48, docs/security.md).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::crypto::Sealer;
use crate::past::is_within;
use crate::session::{Session, SessionId};

/// How long the user can confirm.
const CONFIRMATION_TTL: TimeDelta = TimeDelta::minutes(5);

/// The context of the seal.
const CONTEXT: &[u8] = b"logout";

/// A logout that waits for confirmation. The form carries it sealed: another site cannot make one, and
/// one from another browser names another session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingLogout {
    /// The session to end.
    pub sid: SessionId,
    /// The client that requested the logout.
    pub client_id: Option<String>,
    /// `post_logout_redirect_uri` and `state` of its request.
    pub redirect: Option<(String, Option<String>)>,
    /// When the confirmation was requested.
    pub requested_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    sid: String,
    client_id: Option<String>,
    redirect: Option<(String, Option<String>)>,
    #[serde(rename = "asked_at", with = "chrono::serde::ts_milliseconds")]
    requested_at: DateTime<Utc>,
}

impl PendingLogout {
    /// Seals the pending logout for the form.
    #[must_use]
    pub fn seal(&self, sealer: &Sealer) -> Option<String> {
        let wire = Wire {
            sid: self.sid.to_string(),
            client_id: self.client_id.clone(),
            redirect: self.redirect.clone(),
            requested_at: self.requested_at,
        };
        sealer.seal_text(&wire, CONTEXT)
    }

    /// Opens what the form sends back; `None` when the seal is not ours or the time to confirm is over.
    #[must_use]
    pub fn open(sealed: &str, sealer: &Sealer, now: DateTime<Utc>) -> Option<Self> {
        let wire: Wire = sealer.open_text(sealed, CONTEXT)?;
        is_within(CONFIRMATION_TTL, wire.requested_at, now).then_some(Self {
            sid: SessionId::from(wire.sid),
            client_id: wire.client_id,
            redirect: wire.redirect,
            requested_at: wire.requested_at,
        })
    }

    /// Whether the confirmation applies to `current`, the session of the browser now. Without a session
    /// it still applies. It never applies to the session of a later user (N50).
    #[must_use]
    pub fn applies_to(&self, current: Option<&Session>) -> bool {
        current.is_none_or(|session| session.sid == self.sid)
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
    fn a_pending_logout_expires_after_five_minutes() {
        let master = MasterKey::random(&mut rand::rng());
        let sealer = master.sealer(Purpose::Logouts);
        let sealed = pending().seal(&sealer).unwrap();
        let open = |later| PendingLogout::open(&sealed, &sealer, pending().requested_at + later);
        assert_eq!(open(CONFIRMATION_TTL), Some(pending()));
        assert_eq!(open(CONFIRMATION_TTL + TimeDelta::seconds(1)), None);
        let other = master.sealer(Purpose::AccountSwitches);
        assert_eq!(
            PendingLogout::open(&sealed, &other, pending().requested_at),
            None
        );
    }

    #[test]
    fn n50_a_confirmation_applies_to_the_session_it_was_requested_for_and_no_other() {
        let mut current = session("1");
        assert!(pending().applies_to(Some(&current)) && pending().applies_to(None));
        current.sid = SessionId::from("another".to_owned());
        assert!(!pending().applies_to(Some(&current)));
    }
}

//! A change of user that waits for the person at the screen to say yes.

use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc_sdk::{Identity, Subject};
use serde::{Deserialize, Serialize};

use super::pending_request::MAX_COOKIE_BYTES;
use super::sign_in::TicketHolder;
use crate::crypto::Sealer;
use crate::crypto::identifiers::{BrowserId, TicketHash};
use crate::login::launch::VerifiedLogin;

/// How long the question stands.
const QUESTION_TTL: TimeDelta = TimeDelta::minutes(5);

/// What the seal is bound to.
const CONTEXT: &[u8] = b"switch";

/// A change of user that was asked about. The cookie it is sealed in is the only copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSwitch {
    /// Who has arrived.
    pub login: VerifiedLogin,
    /// What the page's form must repeat: the yes comes from our own page (CSRF).
    pub confirmation: String,
    /// The URL at which to go on.
    pub onward: String,
    /// The client whose URL that is, if it is a client's.
    pub client_id: Option<String>,
    /// When it was asked.
    pub requested_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    subject: String,
    name: Option<String>,
    phone: Option<String>,
    ticket: String,
    browser: String,
    confirmation: String,
    onward: String,
    client_id: Option<String>,
    #[serde(with = "chrono::serde::ts_milliseconds")]
    asked_at: DateTime<Utc>,
}

impl PendingSwitch {
    /// Seals the question for its cookie; `None` when it is too large for one.
    #[must_use]
    pub fn seal(&self, sealer: &Sealer) -> Option<String> {
        let identity = &self.login.identity;
        let wire = Wire {
            subject: identity.subject.to_string(),
            name: identity.name.clone(),
            phone: identity.phone.clone(),
            ticket: self.login.ticket.to_text(),
            browser: self.login.holder.id().to_text(),
            confirmation: self.confirmation.clone(),
            onward: self.onward.clone(),
            client_id: self.client_id.clone(),
            asked_at: self.requested_at,
        };
        let sealed = sealer.seal_text(&wire, CONTEXT)?;
        (sealed.len() <= MAX_COOKIE_BYTES).then_some(sealed)
    }

    /// Opens the cookie; `None` when it is not ours or the question is too old.
    #[must_use]
    pub fn open(sealed: &str, sealer: &Sealer, now: DateTime<Utc>) -> Option<Self> {
        let wire: Wire = sealer.open_text(sealed, CONTEXT)?;
        if now - wire.asked_at > QUESTION_TTL {
            return None;
        }
        Some(Self {
            login: VerifiedLogin {
                identity: Identity {
                    subject: Subject::new(wire.subject).ok()?,
                    name: wire.name,
                    phone: wire.phone,
                },
                ticket: TicketHash::from_text(&wire.ticket)?,
                holder: TicketHolder::Browser(BrowserId::from_text(&wire.browser)?),
                claimed: true,
            },
            confirmation: wire.confirmation,
            onward: wire.onward,
            client_id: wire.client_id,
            requested_at: wire.asked_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::{MasterKey, Purpose};
    use crate::login::account_switch::*;

    #[test]
    fn the_longest_name_fits_and_a_longer_address_is_refused() {
        let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::Switches);
        let mut pending = PendingSwitch {
            login: VerifiedLogin {
                identity: Identity {
                    subject: Subject::new("9".repeat(255)).unwrap(),
                    name: Some("𠮷".repeat(255)),
                    phone: Some("１".repeat(255)),
                },
                ticket: TicketHash::from([1; 32]),
                holder: TicketHolder::Browser(BrowserId::from([2; 32])),
                claimed: true,
            },
            confirmation: "c".repeat(43),
            onward: "https://grafana.example.com/login/generic_oauth".to_owned(),
            client_id: Some("c".repeat(128)),
            requested_at: DateTime::UNIX_EPOCH,
        };
        assert!(pending.seal(&sealer).is_some());
        pending.onward = format!("https://grafana.example.com/{}", "d".repeat(3000));
        assert!(pending.seal(&sealer).is_none());
    }

    #[test]
    fn a_question_stands_five_minutes_in_its_cookie() {
        let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::Switches);
        let asked_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let pending = PendingSwitch {
            login: VerifiedLogin {
                identity: Identity {
                    subject: Subject::new("2").unwrap(),
                    name: Some("黑龙江".to_owned()),
                    phone: None,
                },
                ticket: TicketHash::from([1; 32]),
                holder: TicketHolder::Browser(BrowserId::from([2; 32])),
                claimed: true,
            },
            confirmation: "c".to_owned(),
            onward: "/launch/grafana".to_owned(),
            client_id: Some("grafana".to_owned()),
            requested_at: asked_at,
        };
        let cookie = pending.seal(&sealer).unwrap();
        let open = |later| PendingSwitch::open(&cookie, &sealer, asked_at + later);
        assert_eq!(open(QUESTION_TTL), Some(pending.clone()));
        assert_eq!(open(QUESTION_TTL + TimeDelta::seconds(1)), None);
    }
}

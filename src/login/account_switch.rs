//! A change of user that waits for confirmation on our page.

use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc_sdk::{Identity, Subject};
use serde::{Deserialize, Serialize};

use super::pending_request::MAX_COOKIE_BYTES;
use crate::crypto::Sealer;
use crate::crypto::identifiers::{HolderId, TicketHash};
use crate::past::is_within;

/// How long the user can confirm.
const CONFIRMATION_TTL: TimeDelta = TimeDelta::minutes(5);

/// The context of the seal.
const CONTEXT: &[u8] = b"switch";

/// A change of user that waits for confirmation. The sealed cookie is the only copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSwitch {
    /// The new user.
    pub identity: Identity,
    /// The keyed digest of the ticket.
    pub ticket: TicketHash,
    /// The browser that has claimed the ticket. Only there the switch can be confirmed.
    pub holder: HolderId,
    /// A random value that the form must repeat: it proves that our own page was submitted (CSRF).
    pub confirmation: String,
    /// The URL to continue at.
    pub continue_url: String,
    /// The client that owns the URL, if it is a client's.
    pub client_id: Option<String>,
    /// When the confirmation was requested.
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
    #[serde(rename = "asked_at", with = "chrono::serde::ts_milliseconds")]
    requested_at: DateTime<Utc>,
}

impl PendingSwitch {
    /// Seals the pending switch for its cookie; `None` when it is too large for a cookie.
    #[must_use]
    pub fn seal(&self, sealer: &Sealer) -> Option<String> {
        let identity = &self.identity;
        let wire = Wire {
            subject: identity.subject.to_string(),
            name: identity.name.clone(),
            phone: identity.phone.clone(),
            ticket: self.ticket.to_text(),
            browser: self.holder.to_text(),
            confirmation: self.confirmation.clone(),
            onward: self.continue_url.clone(),
            client_id: self.client_id.clone(),
            requested_at: self.requested_at,
        };
        let sealed = sealer.seal_text(&wire, CONTEXT)?;
        (sealed.len() <= MAX_COOKIE_BYTES).then_some(sealed)
    }

    /// Opens the cookie; `None` when the seal is not ours or the time to confirm is over.
    #[must_use]
    pub fn open(sealed: &str, sealer: &Sealer, now: DateTime<Utc>) -> Option<Self> {
        let wire: Wire = sealer.open_text(sealed, CONTEXT)?;
        if !is_within(CONFIRMATION_TTL, wire.requested_at, now) {
            return None;
        }
        Some(Self {
            identity: Identity {
                subject: Subject::new(wire.subject).ok()?,
                name: wire.name,
                phone: wire.phone,
            },
            ticket: TicketHash::from_text(&wire.ticket)?,
            holder: HolderId::from_text(&wire.browser)?,
            confirmation: wire.confirmation,
            continue_url: wire.onward,
            client_id: wire.client_id,
            requested_at: wire.requested_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::{MasterKey, Purpose};
    use crate::login::account_switch::*;

    #[test]
    fn the_longest_name_fits_in_a_cookie_and_a_longer_url_does_not() {
        let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::AccountSwitches);
        let mut pending = PendingSwitch {
            identity: Identity {
                subject: Subject::new("9".repeat(255)).unwrap(),
                name: Some("𠮷".repeat(255)),
                phone: Some("１".repeat(255)),
            },
            ticket: TicketHash::from([1; 32]),
            holder: HolderId::from([2; 32]),
            confirmation: "c".repeat(43),
            continue_url: "https://grafana.example.com/login/generic_oauth".to_owned(),
            client_id: Some("c".repeat(128)),
            requested_at: DateTime::UNIX_EPOCH,
        };
        assert!(pending.seal(&sealer).is_some());
        pending.continue_url = format!("https://grafana.example.com/{}", "d".repeat(3000));
        assert!(pending.seal(&sealer).is_none());
    }

    #[test]
    fn a_pending_switch_expires_after_five_minutes() {
        let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::AccountSwitches);
        let requested_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let pending = PendingSwitch {
            identity: Identity {
                subject: Subject::new("2").unwrap(),
                name: Some("黑龙江".to_owned()),
                phone: None,
            },
            ticket: TicketHash::from([1; 32]),
            holder: HolderId::from([2; 32]),
            confirmation: "c".to_owned(),
            continue_url: "/launch/grafana".to_owned(),
            client_id: Some("grafana".to_owned()),
            requested_at,
        };
        let cookie = pending.seal(&sealer).unwrap();
        let open = |later| PendingSwitch::open(&cookie, &sealer, requested_at + later);
        assert_eq!(open(CONFIRMATION_TTL), Some(pending.clone()));
        assert_eq!(open(CONFIRMATION_TTL + TimeDelta::seconds(1)), None);
    }
}

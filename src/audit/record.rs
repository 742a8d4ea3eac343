//! Records as they are written and as they are read.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use panda_oidc_sdk::Subject;
use rand::CryptoRng;
use serde::Serialize;

use super::event::Event;
use crate::crypto::handle::Handle;

/// An event, and whom it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The person, if one is known.
    pub person: Option<Subject>,
    /// The client, if one is known.
    pub client_id: Option<String>,
    /// The address of the browser or the client.
    pub address: Option<IpAddr>,
    /// What happened.
    pub event: Event,
}

/// A record for the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The person. The record itself has only their pseudonym.
    pub person: Option<Subject>,
    /// The pseudonym of the person, unless they have one already.
    pub new_pseudonym: String,
    /// The client.
    pub client_id: Option<String>,
    /// [`Event::name`].
    pub event: &'static str,
    /// The event and the address as JSON.
    pub detail: String,
}

#[derive(Serialize)]
struct Detail<'a> {
    #[serde(flatten)]
    event: &'a Event,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
}

impl Entry {
    /// The record of this entry.
    ///
    /// # Panics
    ///
    /// Never: the fields of an event are text and numbers.
    #[must_use]
    pub fn into_record(self, rng: &mut impl CryptoRng) -> NewRecord {
        let detail = Detail {
            event: &self.event,
            address: self.address,
        };
        NewRecord {
            detail: serde_json::to_string(&detail).expect("text and numbers become JSON"),
            at: self.at,
            person: self.person,
            new_pseudonym: Handle::random(rng).expose()[..22].to_owned(),
            client_id: self.client_id,
            event: self.event.name(),
        }
    }
}

/// A record in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number. Numbers grow, and may have gaps.
    pub seq: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The name of the event.
    pub event: String,
    /// The pseudonym of the person.
    pub pseudonym: Option<String>,
    /// Who that is; `None` once the person was forgotten.
    pub person: Option<Subject>,
    /// The client.
    pub client_id: Option<String>,
    /// The event and the address as JSON.
    pub detail: String,
    /// The block that seals it; `None` while none does.
    pub block: Option<i64>,
}

/// Which records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Those about this person.
    pub person: Option<Subject>,
    /// Those about this client.
    pub client_id: Option<String>,
    /// Those with this name.
    pub event: Option<String>,
    /// Those at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Those before this time.
    pub until: Option<DateTime<Utc>>,
}

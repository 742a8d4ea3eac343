//! Writes the audit log. What the store keeps, such as a sign-in, is recorded on disk before its answer goes out.
//! What changes nothing in the store is recorded soon after, and is answered while the store fails.

use std::net::IpAddr;

use openidconnect::ClientId;
use panda_oidc_sdk::{LoginError, Subject};

use super::caller::Caller;
use super::ticket_verification::SignInError;
use crate::app::App;
use crate::audit::{Entry, Event, SignOutCause};
use crate::session::{EndedSession, Session};
use crate::store::StoreError;

/// What a record says beside the event.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The person.
    pub person: Option<Subject>,
    /// The client.
    pub client_id: Option<String>,
    /// The address of the browser or the client.
    pub address: Option<IpAddr>,
}

impl From<&Caller> for About {
    fn from(caller: &Caller) -> Self {
        Self {
            person: None,
            client_id: caller.client_id.clone(),
            address: caller.address,
        }
    }
}

fn entry(app: &App, about: About, event: Event) -> Entry {
    Entry {
        at: app.host.clock.now(),
        person: about.person,
        client_id: about.client_id,
        address: about.address,
        event,
    }
}

/// Records events. They are on disk when this returns.
///
/// # Errors
///
/// When the store fails. The caller then must not answer as if the event were recorded.
pub async fn record(app: &App, events: Vec<(About, Event)>) -> Result<(), StoreError> {
    let entries = events
        .into_iter()
        .map(|(about, event)| entry(app, about, event));
    append(app, entries.collect()).await
}

/// Writes entries.
///
/// # Errors
///
/// When the store fails.
pub async fn append(app: &App, entries: Vec<Entry>) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let records = entries
        .into_iter()
        .map(|entry| entry.into_record(&mut rand::rng()));
    app.store.append(records.collect()).await
}

/// Has an event recorded soon.
pub fn record_soon(app: &App, about: About, event: Event) {
    app.audit.wait([entry(app, about, event)]);
}

/// Has a refusal recorded soon. Of a flood, only some are recorded, and the others are counted.
pub fn refused(app: &App, about: About, event: Event) {
    app.audit.refuse(entry(app, about, event));
}

/// The event of a new session.
pub(super) fn signed_in(session: &Session, caller: &Caller) -> (About, Event) {
    let about = About {
        person: Some(session.user.subject().clone()),
        ..About::from(caller)
    };
    let event = Event::SignedIn {
        sid: session.sid.to_string(),
        browser: session.user_agent.to_text(),
        ticket: session.ticket.to_text(),
    };
    (about, event)
}

/// Has a refused sign-in recorded.
pub(super) fn sign_in_refused(app: &App, caller: &Caller, error: &SignInError) {
    let reason = match error {
        SignInError::TicketRefused => "ticket_refused",
        SignInError::Left(_) => "left",
        SignInError::Login(LoginError::Rejected(_)) => "ticket_rejected",
        SignInError::Login(LoginError::Unreachable(_)) => "portal_unreachable",
        SignInError::Login(LoginError::Unintelligible(_)) => "portal_unintelligible",
        SignInError::RateLimited(_) => "rate_limited",
        SignInError::Store(_) => "store_failed",
    };
    let person = match error {
        SignInError::Left(person) => Some(person.clone()),
        _ => None,
    };
    let about = About {
        person,
        ..About::from(caller)
    };
    let reason = reason.to_owned();
    refused(app, about, Event::SignInRefused { reason });
}

/// Has recorded that a code or a refresh token of `client_id` was presented again.
pub(super) fn replayed(app: &App, client_id: &ClientId, event: Event) {
    let about = About {
        client_id: Some(client_id.to_string()),
        ..About::default()
    };
    refused(app, about, event);
}

/// Records that sessions ended.
///
/// # Errors
///
/// When the store fails.
pub async fn signed_out(
    app: &App,
    ended: &[EndedSession],
    by: SignOutCause,
    about: &About,
) -> Result<(), StoreError> {
    record(app, signed_out_events(ended, by, about).collect()).await
}

/// The events of sessions that ended.
pub(super) fn signed_out_events(
    ended: &[EndedSession],
    by: SignOutCause,
    about: &About,
) -> impl Iterator<Item = (About, Event)> {
    ended.iter().map(move |ended| {
        let about = About {
            person: Some(ended.subject.clone()),
            ..about.clone()
        };
        let sid = ended.sid.to_string();
        (about, Event::SignedOut { sid, by })
    })
}

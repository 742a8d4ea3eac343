//! Measures the parts of a launch before and after the portal is called: finding the ticket in the
//! URL, hashing it, and deciding what to do. The bench `login` measures a whole launch, including the
//! call.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up must fail"
)]

#[path = "support/processor_time.rs"]
mod processor_time;

use std::hint::black_box;

use chrono::{DateTime, TimeDelta, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use panda_oidc::backchannel::LogoutNotifier;
use panda_oidc::crypto::MasterKey;
use panda_oidc::crypto::identifiers::{SessionHandleHash, TicketHash, UserAgentId};
use panda_oidc::login::browser::BrowserHandles;
use panda_oidc::login::policy::{ConfirmSwitch, Policy, TicketReplay};
use panda_oidc::login::sign_in::TicketOwner;
use panda_oidc::login::ticket;
use panda_oidc::login::ticket_decision::decide_ticket;
use panda_oidc::login::verified_login::{CurrentSession, NewSession, VerifiedLogin};
use panda_oidc::oauth::clients::Clients;
use panda_oidc::session::{Session, SessionId, User};
use panda_oidc_sdk::{Identity, Subject};

use panda_oidc::login::sign_in::TicketHolder;
use processor_time::ProcessorTime;

criterion_group! {
    name = launch;
    config = Criterion::default().with_measurement(ProcessorTime).sample_size(30);
    targets = read, decide
}
criterion_main!(launch);

const QUERY: &str = "orgId=1&kiosk?ticket=0f8fad5bd9cb469fa16570867728950e";

fn read(criterion: &mut Criterion<ProcessorTime>) {
    let hasher = MasterKey::random(&mut rand::rng()).ticket_hasher();
    criterion.bench_function("find the ticket", |bencher| {
        bencher.iter(|| ticket::find(black_box(QUERY), "ticket").unwrap());
    });
    let ticket = ticket::find(QUERY, "ticket").unwrap().remove(0);
    criterion.bench_function("name the ticket", |bencher| {
        bencher.iter(|| hasher.hash(black_box(&ticket)));
    });
}

fn decide(criterion: &mut Criterion<ProcessorTime>) {
    let [ticket, older] = [1, 2].map(|byte| TicketHash::from([byte; 32]));
    let browser = BrowserHandles::random(None, &mut rand::rng());
    let holder = TicketHolder::from(&browser);
    let handle = SessionHandleHash::from([4; 32]);
    let policy = Policy {
        lifetime: TimeDelta::hours(12),
        ticket_memory: TimeDelta::days(7),
        replay: TicketReplay::BrowserBound,
        confirm_switch: ConfirmSwitch::default(),
    };
    let owner = TicketOwner {
        holder: holder.id(),
        spent: false,
    };
    let session = session(older, browser.user_agent());
    let notifier = LogoutNotifier::new(&Clients::default());
    criterion.bench_function(
        "decide, and decide again with the portal's answer",
        |bencher| {
            bencher.iter(|| {
                let decision = decide_ticket(
                    black_box(&ticket),
                    Some(&holder),
                    Some(&owner),
                    Some(&session),
                    &policy,
                );
                let login = VerifiedLogin {
                    identity: identity(),
                    ticket,
                    holder: holder.clone(),
                    already_owned: false,
                };
                let needs_confirmation = login.needs_confirmation(Some(&session), false, &policy);
                let current = CurrentSession {
                    session: Some(&session),
                    handle: Some(handle),
                };
                let new = NewSession {
                    sid: SessionId::random(&mut rand::rng()),
                    handle,
                    logout_notice: notifier.notice(None, now()),
                };
                (
                    decision,
                    needs_confirmation,
                    login.sign_in(current, new, &policy, now()),
                )
            });
        },
    );
}

fn session(ticket: TicketHash, user_agent: UserAgentId) -> Session {
    Session {
        sid: SessionId::random(&mut rand::rng()),
        user_agent,
        user: User {
            identity: identity(),
            updated_at: now(),
        },
        auth_time: now(),
        expires_at: now() + TimeDelta::hours(12),
        ticket,
    }
}

fn identity() -> Identity {
    Identity {
        subject: Subject::new("3661").unwrap(),
        name: Some("陈涛".to_owned()),
        phone: Some("18221999045".to_owned()),
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

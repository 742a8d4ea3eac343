//! The contract every provider must satisfy, as tests that a plugin runs against its own simulator.
//!
//! A plugin implements [`Bench`] over its simulated upstream and calls
//! [`provider_contract!`](crate::provider_contract), which generates one `#[tokio::test]` per rule.

#![expect(
    clippy::missing_panics_doc,
    reason = "a rule panics when a provider breaks it"
)]

use async_trait::async_trait;

use crate::{Identity, IdentityProvider, LoginError, LoginRequest, Subject, Ticket};

/// A provider under test, with controls for the simulated system behind it.
#[async_trait]
pub trait Bench: Send + Sync {
    /// The provider under test.
    fn provider(&self) -> &dyn IdentityProvider;
    /// Adds `user` to the simulated system and issues a ticket for them.
    async fn ticket(&self, user: &Identity) -> Ticket;
    /// Sets the condition of the simulated system for the next calls.
    async fn put(&self, upstream: Upstream);
}

/// Conditions of a simulated system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upstream {
    /// It refuses every connection.
    Dead,
    /// It answers with something that is not a valid answer.
    Nonsense,
}

/// A sample user that every simulator can represent.
///
/// # Panics
///
/// Never: the subject is valid.
#[must_use]
pub fn test_user() -> Identity {
    Identity {
        subject: Subject::new("1").expect("a valid subject"),
        name: Some("陈涛".to_owned()),
        phone: Some("1822199904".to_owned()),
    }
}

async fn authenticate(bench: &dyn Bench, ticket: Ticket) -> Result<Identity, LoginError> {
    bench
        .provider()
        .authenticate(&LoginRequest { ticket })
        .await
}

/// A ticket that the system issued authenticates the user it was issued for.
pub async fn a_good_ticket_proves_its_user(bench: &dyn Bench) {
    let ticket = bench.ticket(&test_user()).await;
    let identity = authenticate(bench, ticket)
        .await
        .expect("a good ticket is accepted");
    assert_eq!(identity.subject, test_user().subject);
    assert_eq!(identity.name, test_user().name);
}

/// Two tickets of one user yield the same subject.
pub async fn one_user_always_has_one_subject(bench: &dyn Bench) {
    let first = bench.ticket(&test_user()).await;
    let second = bench.ticket(&test_user()).await;
    let first = authenticate(bench, first)
        .await
        .expect("the first ticket is good");
    let second = authenticate(bench, second)
        .await
        .expect("the second ticket is good");
    assert_eq!(first.subject, second.subject);
}

/// A name that the system stores with blanks and a line end around it comes without them.
pub async fn a_name_comes_as_people_see_it(bench: &dyn Bench) {
    let padded = Identity {
        name: Some("陈涛   \r\n".to_owned()),
        ..test_user()
    };
    let ticket = bench.ticket(&padded).await;
    let identity = authenticate(bench, ticket)
        .await
        .expect("a good ticket is accepted");
    assert_eq!(identity.name.as_deref(), Some("陈涛"));
}

/// An empty ticket is rejected: it is a fault of the request, not of the system.
pub async fn nothing_brought_is_rejected(bench: &dyn Bench) {
    let answer = authenticate(bench, Ticket::new(String::new())).await;
    assert!(matches!(answer, Err(LoginError::Rejected(_))), "{answer:?}");
}

/// A ticket that was never issued is rejected.
pub async fn an_unknown_ticket_is_rejected(bench: &dyn Bench) {
    let answer = authenticate(bench, Ticket::new("nobody-issued-this".to_owned())).await;
    assert!(matches!(answer, Err(LoginError::Rejected(_))), "{answer:?}");
}

/// A system that is down is unreachable, even with a valid ticket.
pub async fn a_dead_upstream_is_unreachable(bench: &dyn Bench) {
    let ticket = bench.ticket(&test_user()).await;
    bench.put(Upstream::Dead).await;
    let answer = authenticate(bench, ticket).await;
    assert!(
        matches!(answer, Err(LoginError::Unreachable(_))),
        "{answer:?}"
    );
}

/// An invalid answer authenticates no user, and is a different error than a rejection.
pub async fn nonsense_is_unintelligible(bench: &dyn Bench) {
    let ticket = bench.ticket(&test_user()).await;
    bench.put(Upstream::Nonsense).await;
    let answer = authenticate(bench, ticket).await;
    assert!(
        matches!(answer, Err(LoginError::Unintelligible(_))),
        "{answer:?}"
    );
}

/// No ticket appears in the output of a provider or its errors, down to the last source.
pub async fn no_ticket_shows_in_any_debug(bench: &dyn Bench) {
    let secret = "an-unknown-ticket-that-must-not-show";
    let mut printed = Vec::new();
    for upstream in [None, Some(Upstream::Nonsense), Some(Upstream::Dead)] {
        if let Some(upstream) = upstream {
            bench.put(upstream).await;
        }
        let error = authenticate(bench, Ticket::new(secret.to_owned()))
            .await
            .expect_err("nobody issued it");
        printed.push(format!("{error:?} "));
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            printed.push(format!("{error} "));
            cause = error.source();
        }
    }
    printed.push(format!("{:?}", bench.provider()));
    let printed = printed.concat();
    assert!(!printed.contains(secret), "{printed}");
}

/// Generates the contract tests for one plugin:
/// `provider_contract!(async { PandaBench::start().await });`
///
/// The argument is an expression that creates a new future of a [`Bench`]. The calling crate needs
/// `tokio` with its test macro.
#[macro_export]
macro_rules! provider_contract {
    ($bench:expr) => {
        $crate::provider_contract!(
            @each $bench,
            a_good_ticket_proves_its_user,
            one_user_always_has_one_subject,
            a_name_comes_as_people_see_it,
            nothing_brought_is_rejected,
            an_unknown_ticket_is_rejected,
            a_dead_upstream_is_unreachable,
            nonsense_is_unintelligible,
            no_ticket_shows_in_any_debug
        );
    };
    (@each $bench:expr, $($rule:ident),+) => {
        $(
            #[tokio::test]
            async fn $rule() {
                let bench = $bench.await;
                $crate::contract::$rule(&bench).await;
            }
        )+
    };
}

//! A model of the whole provider: random sequences of what people, browsers, clients, the directory, the
//! clock and the operator do, run against a small reference.
//!
//! The reference (`world` and what changes it) says what every step must lead to. It holds the promises
//! of `docs/security.md`: a code once, a ticket one browser, a refresh token family one line, a leaver
//! nowhere, nobody replaced unasked; nothing of a session works after its logout, and a token names the
//! person of its session. The product (`product` and what it does) is two processes over one database,
//! which browsers and clients reach by HTTP. A sequence that contradicts the reference is shortened
//! until no step can be left out, and printed with what each step was about.
//!
//! It runs a minute; `PANDA_OIDC_MODEL_MINUTES` sets another time.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod at_clients;
mod browsing;
mod choice;
mod entering;
mod following;
mod granting;
mod leaving;
mod machine;
mod meanwhile;
mod product;
mod shorten;
mod step;
mod tally;
mod world;

use std::panic;
use std::time::{Duration, Instant};

use proptest::test_runner::{Config, TestError, TestRunner};
use proptest_state_machine::ReferenceStateMachine as _;

use shorten::{play, shortest};
use world::World;

/// The variable that says for how many minutes the test runs.
const MINUTES: &str = "PANDA_OIDC_MODEL_MINUTES";

#[test]
fn every_interleaving_keeps_the_promises() {
    let minutes = std::env::var(MINUTES).map_or(1, |minutes| {
        minutes.parse().expect("PANDA_OIDC_MODEL_MINUTES: a number")
    });
    let deadline = Instant::now() + Duration::from_mins(minutes);
    // Shortening a sequence fails many times; only the last failure is of interest.
    let report = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let mut cases = 0;
    let mut failure = None;
    while failure.is_none() && Instant::now() < deadline {
        failure = run();
        cases += 1;
    }
    panic::set_hook(report);
    if let Some(failure) = failure {
        panic!("after {cases} sequences: {failure}");
    }
    println!("{cases} sequences kept the promises\n{}", tally::text());
}

/// Runs one sequence. Returns the shortest that fails, as a story and as steps.
fn run() -> Option<String> {
    let config = Config {
        cases: 1,
        failure_persistence: None,
        max_shrink_iters: 500,
        ..Config::default()
    };
    let strategy = World::sequential_strategy(1..100);
    let test = |(_, moves, seen)| {
        play(moves, seen);
        Ok(())
    };
    match TestRunner::new(config).run(&strategy, test) {
        Ok(()) => None,
        Err(TestError::Fail(why, (_, moves, _))) => Some(shortest(why.to_string(), moves)),
        Err(error @ TestError::Abort(_)) => Some(error.to_string()),
    }
}

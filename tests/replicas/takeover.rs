//! What one process does for all is taken over when that one dies, even if its clock was hours off.

use std::time::{Duration, Instant};

use panda_oidc_panda::simulator::Fault;

use crate::fleet::{DATABASE, Fleet, text};
use crate::support::faketime::libfaketime;
use crate::support::listener::Listener;
use crate::support::until;

/// Within this time another process takes over.
const TAKEOVER: Duration = Duration::from_secs(30);

/// The variables that move a process's clock by `offset`, such as `+3h`.
fn clock(offset: &str) -> Vec<(&'static str, String)> {
    vec![
        ("LD_PRELOAD", libfaketime()),
        ("FAKETIME", offset.to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}

fn borrowed<'a>(variables: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    let pairs = variables.iter();
    pairs.map(|(name, value)| (*name, value.as_str())).collect()
}

#[tokio::test]
async fn a_reading_of_the_directory_is_taken_over_from_a_process_that_died() {
    let by_clock = ["+0", "+3h", "-3h"].map(take_a_reading_over);
    futures_util::future::join_all(by_clock).await;
}

async fn take_a_reading_over(offset: &str) {
    let mut fleet = Fleet::prepare(2, "").await;
    fleet.portal.set_fault(Fault::Hang).await;
    fleet.spawn(0, &borrowed(&clock(offset)));
    let held = "SELECT count(holder) FROM directory";
    until("the first process reads the directory", async || {
        let has_table = "SELECT count(*) FROM pg_tables WHERE tablename = 'directory'";
        fleet.server.sql(DATABASE, has_table) == "1" && fleet.server.sql(DATABASE, held) == "1"
    })
    .await;
    fleet.programs[0].kill();
    assert_eq!(
        fleet.server.sql(DATABASE, held),
        "1",
        "it died with the lease"
    );
    let died = Instant::now();
    fleet.portal.set_fault(Fault::Healthy).await;
    fleet.start_program(1).await;
    until("another process reads the directory", async || {
        fleet
            .server
            .sql(DATABASE, "SELECT count(report) FROM directory")
            == "1"
    })
    .await;
    let took = died.elapsed();
    assert!(
        took < TAKEOVER + Duration::from_secs(10),
        "{offset}: {took:?}"
    );
    assert!(
        took > Duration::from_secs(15),
        "{offset}: the lease was not respected: {took:?}"
    );
}

#[tokio::test]
async fn a_logout_is_delivered_by_another_process_after_the_first_died() {
    let by_clock = ["+0", "+3h"].map(deliver_for_another);
    futures_util::future::join_all(by_clock).await;
}

async fn deliver_for_another(offset: &str) {
    let listener = Listener::open().await;
    let mut fleet = Fleet::prepare(2, &listener.registration_line()).await;
    fleet.start_program(1).await;
    fleet.spawn(0, &borrowed(&clock(offset)));
    fleet.programs[0].until_ready().await;
    let mut browser = fleet.signed_in(1).await;
    let tokens = fleet.tokens(1, &mut browser).await;
    let held = listener.hold().await;
    let hint = text(&tokens, "id_token");
    let logout = fleet.programs[0].at(&format!("/logout?id_token_hint={hint}"));
    let mut leaving = browser.clone();
    let request = tokio::spawn(async move {
        leaving
            .try_send(reqwest::Method::GET, logout, |it| it)
            .await
    });
    until("the first process notifies the app", async || {
        listener.most_at_once() > 0
    })
    .await;
    fleet.programs[0].kill();
    let died = Instant::now();
    drop(held);
    // The call of the dead process may have arrived before it died.
    listener.notices();
    until("another process notifies the app", async || {
        !listener.notices().is_empty()
    })
    .await;
    let took = died.elapsed();
    assert!(
        took < TAKEOVER + Duration::from_secs(10),
        "{offset}: {took:?}"
    );
    // The browser got an answer, or its connection ended with the process.
    let _ = request.await.unwrap();
}

//! Tickets, and how often the portal is called for them.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use panda_oidc_panda::NoResponse;
use panda_oidc_panda::simulator::Fault;
use panda_oidc_sdk::{LoginError, ManualClock};
use tokio::time::{sleep, timeout};

use crate::bench::PandaBench;

fn advance(clock: &Arc<ManualClock>, seconds: i64) {
    clock.advance(TimeDelta::seconds(seconds));
}

fn is_rejected<T>(answer: &Result<T, LoginError>) -> bool {
    matches!(answer, Err(LoginError::Rejected(_)))
}

fn is_unreachable<T>(answer: &Result<T, LoginError>) -> bool {
    matches!(answer, Err(LoginError::Unreachable(_)))
}

#[tokio::test]
async fn the_portal_is_called_once_per_login() {
    let bench = PandaBench::start().await;
    bench.click().await.unwrap();
    assert_eq!(bench.portal.calls().user_by_ticket, 1);
    for fault in [
        Fault::Status(503),
        Fault::CutShort,
        Fault::LoginPage,
        Fault::DataNull,
    ] {
        bench.portal.forget_calls();
        bench.portal.set_fault(fault).await;
        bench.click().await.unwrap_err();
        assert_eq!(bench.portal.calls().user_by_ticket, 1);
    }
}

#[tokio::test]
async fn a_ticket_is_passed_on_unchanged() {
    let bench = PandaBench::start().await;
    for ticket in [
        "a&userId=1",
        "a+b/c==",
        "a b",
        "%2B%26",
        "a=b&ticket=c",
        "#?;",
        "票据",
        "../x",
        "\"'<>",
    ] {
        bench.portal.plant_ticket(ticket, 1);
        let identity = bench.ask(ticket).await;
        assert_eq!(identity.unwrap().subject.as_str(), "1", "{ticket}");
        assert_eq!(bench.portal.calls().tickets.back().unwrap(), ticket);
    }
}

#[tokio::test]
async fn a_malformed_ticket_is_rejected_without_a_call() {
    let bench = PandaBench::start().await;
    for ticket in ["", "a\nb", "a\0b", "\u{7f}", "\u{85}", &"x".repeat(2049)] {
        let answer = bench.ask(ticket).await;
        assert!(is_rejected(&answer), "{answer:?}");
    }
    assert_eq!(bench.portal.calls().user_by_ticket, 0);
}

#[tokio::test]
async fn an_expired_ticket_is_rejected() {
    let bench = PandaBench::start().await;
    let ticket = bench.portal.issue_ticket(1);
    advance(&bench.clock, 29 * 60);
    bench.ask(&ticket).await.unwrap();
    advance(&bench.clock, 29 * 60);
    bench.ask(&ticket).await.unwrap();
    advance(&bench.clock, 30 * 60);
    assert!(is_rejected(&bench.ask(&ticket).await));
}

#[tokio::test]
async fn a_restarted_portal_rejects_its_old_tickets() {
    let bench = PandaBench::start().await;
    let ticket = bench.portal.issue_ticket(1);
    bench.portal.expire_tickets();
    assert!(is_rejected(&bench.ask(&ticket).await));
}

#[tokio::test]
async fn garbage_tickets_do_not_block_other_logins() {
    let bench = PandaBench::start().await;
    for fault in [
        Fault::Healthy,
        Fault::LoginPage,
        Fault::Status(500),
        Fault::Cut,
    ] {
        bench.portal.set_fault(fault).await;
        for garbage in 0..20 {
            bench.ask(&format!("garbage-{garbage}")).await.unwrap_err();
        }
        bench.portal.set_fault(Fault::Healthy).await;
        bench.click().await.unwrap();
    }
}

/// Ten callers with tickets at which the portal falls silent, and nobody else: only a call of our own
/// may decide that the portal is down.
#[tokio::test]
async fn silent_tickets_do_not_keep_anybody_out() {
    let bench = PandaBench::impatient().await;
    for _ in 0..3 {
        bench
            .portal
            .set_fault(Fault::HangsAt("silent".to_owned()))
            .await;
        let silent = (0..10).map(|_| bench.ask("silent"));
        for answer in join_all(silent).await {
            assert!(is_unreachable(&answer));
        }
        bench.click().await.unwrap();
    }
}

#[tokio::test]
async fn a_silent_portal_opens_the_breaker_and_is_probed_by_a_call_of_our_own() {
    let bench = PandaBench::impatient().await;
    bench.portal.set_fault(Fault::Hang).await;
    until_left_alone(&bench).await;
    bench.portal.forget_calls();
    for _ in 0..20 {
        assert!(is_unreachable(&bench.click().await));
    }
    assert_eq!(bench.portal.calls().user_by_ticket, 0);

    advance(&bench.clock, 5);
    let (one, other) = tokio::join!(bench.click(), bench.click());
    assert!(is_unreachable(&one) && is_unreachable(&other));
    let calls = bench.portal.calls();
    assert_eq!((calls.user_by_ticket, calls.users), (1, 1));
    assert_eq!(calls.tickets, [""], "the probe carries nobody's ticket");

    bench.portal.set_fault(Fault::Healthy).await;
    assert!(
        is_unreachable(&bench.click().await),
        "it is still left alone"
    );
    advance(&bench.clock, 5);
    bench.click().await.unwrap();
    bench.click().await.unwrap();
}

#[tokio::test]
async fn refused_connections_open_the_breaker_too() {
    let bench = PandaBench::start().await;
    bench.portal.set_fault(Fault::Dead).await;
    until_left_alone(&bench).await;
    bench.portal.set_fault(Fault::Healthy).await;
    assert!(is_unreachable(&bench.click().await));
    advance(&bench.clock, 5);
    bench.click().await.unwrap();
}

#[tokio::test]
async fn a_page_of_the_list_shows_that_the_portal_answers_again() {
    let bench = PandaBench::start().await;
    bench.portal.set_fault(Fault::Dead).await;
    until_left_alone(&bench).await;
    bench.portal.set_fault(Fault::Healthy).await;
    bench.directory().page(1, 25).await.unwrap();
    bench.click().await.unwrap();
}

#[tokio::test]
async fn a_probe_goes_on_without_the_browser_that_began_it() {
    let bench = PandaBench::impatient().await;
    bench.portal.set_fault(Fault::Hang).await;
    until_left_alone(&bench).await;
    bench.portal.forget_calls();
    advance(&bench.clock, 5);
    let received = async {
        while bench.portal.calls().users == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = bench.click() => panic!("the portal hangs"),
        () = received => {}
    }
    bench.portal.set_fault(Fault::Healthy).await;
    // The probe that is under way is not answered. Another one is due five seconds after it.
    sleep(Duration::from_secs(1)).await;
    assert!(is_unreachable(&bench.click().await));
    advance(&bench.clock, 5);
    bench.click().await.unwrap();
}

/// Clicks until the portal is left alone.
async fn until_left_alone(bench: &PandaBench) {
    let left_alone = async {
        loop {
            match bench.click().await {
                Err(LoginError::Unreachable(cause))
                    if cause.is::<NoResponse>()
                        && cause.to_string().contains("not being asked") =>
                {
                    break;
                }
                answer => assert!(is_unreachable(&answer)),
            }
        }
    };
    timeout(Duration::from_secs(20), left_alone)
        .await
        .expect("an end");
}

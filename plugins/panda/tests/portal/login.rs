//! Tickets, and how often the portal is called for them.

use std::sync::Arc;

use chrono::TimeDelta;
use panda_oidc_panda::simulator::Fault;
use panda_oidc_sdk::{LoginError, ManualClock};

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

#[tokio::test]
async fn a_silent_portal_opens_the_breaker_and_is_probed_by_one_call() {
    let bench = PandaBench::impatient().await;
    bench.portal.set_fault(Fault::Hang).await;
    for _ in 0..5 {
        assert!(is_unreachable(&bench.click().await));
    }
    bench.portal.forget_calls();
    for _ in 0..20 {
        assert!(is_unreachable(&bench.click().await));
    }
    assert_eq!(bench.portal.calls().user_by_ticket, 0);

    advance(&bench.clock, 5);
    let (one, other) = tokio::join!(bench.click(), bench.click());
    assert!(is_unreachable(&one) && is_unreachable(&other));
    assert_eq!(bench.portal.calls().user_by_ticket, 1);

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
    for _ in 0..5 {
        assert!(is_unreachable(&bench.click().await));
    }
    bench.portal.set_fault(Fault::Healthy).await;
    assert!(is_unreachable(&bench.click().await));
    advance(&bench.clock, 5);
    bench.click().await.unwrap();
}

#[tokio::test]
async fn a_probe_aborted_by_its_browser_passes_to_the_next_call() {
    let bench = PandaBench::impatient().await;
    bench.portal.set_fault(Fault::Hang).await;
    for _ in 0..5 {
        bench.click().await.unwrap_err();
    }
    advance(&bench.clock, 5);
    tokio::select! {
        biased;
        _ = bench.click() => panic!("the portal hangs"),
        () = tokio::task::yield_now() => {}
    }
    bench.portal.set_fault(Fault::Healthy).await;
    bench.click().await.unwrap();
}

//! The portal is down for a while: existing sessions keep working, requests do not wait for the
//! portal, and its recovery is noticed.

use panda_oidc_panda::simulator::{Fault, SimulatorHandle};

use crate::page::{asked_in, honest};
use crate::support::CHEN_TAO;
use crate::support::app::claims;
use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::tools::{launch, portal, signed_in, tokens, until};

#[tokio::test]
async fn sessions_survive_a_portal_outage_and_a_restart() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut browser = signed_in(&program, &portal).await;
    portal.set_fault(Fault::Dead).await;
    for _ in 0..2 {
        let tokens_given = tokens(&program, &mut browser).await;
        assert_eq!(
            claims(tokens_given["id_token"].as_str().unwrap())["sub"],
            "1"
        );
        let token = tokens_given["access_token"].as_str().unwrap();
        assert_eq!(program.client().userinfo(token).await.status, 200);
        program.kill();
        program.restart().await;
    }
    let ticket = portal.issue_ticket(CHEN_TAO);
    let stranger = asked_in(&program, false, &ticket).await;
    honest(&stranger, 503, false, &ticket);
    assert_eq!(stranger.header("retry-after"), "10");
}

/// How often the portal was asked about somebody's ticket. The provider's own probe has none.
fn people_asked_for(portal: &SimulatorHandle) -> usize {
    let tickets = portal.calls().tickets;
    tickets.iter().filter(|ticket| !ticket.is_empty()).count()
}

#[tokio::test]
async fn a_dead_portal_opens_the_breaker_and_its_recovery_is_noticed() {
    let portal = portal().await;
    let short_timeout = "timeout = '200ms'";
    let program = Program::start_with(portal.url().as_str(), short_timeout, "").await;
    for fault in [Fault::Hang, Fault::Dead, Fault::Status(503)] {
        let mut signed_in_browser = signed_in(&program, &portal).await;
        portal.set_fault(fault.clone()).await;
        let count_breaker_logs = |log: &str| log.matches("is left alone for a while").count();
        let before = count_breaker_logs(&program.log());
        until("it is left alone", async || {
            let ticket = portal.issue_ticket(CHEN_TAO);
            honest(&asked_in(&program, true, &ticket).await, 503, true, &ticket);
            count_breaker_logs(&program.log()) > before
        })
        .await;
        portal.forget_calls();
        let ticket = portal.issue_ticket(CHEN_TAO);
        honest(&asked_in(&program, true, &ticket).await, 503, true, &ticket);
        assert_eq!(people_asked_for(&portal), 0, "{fault:?}");
        tokens(&program, &mut signed_in_browser).await;

        portal.set_fault(Fault::Healthy).await;
        let mut browser = Browser::new();
        until("it is asked again", async || {
            let ticket = portal.issue_ticket(CHEN_TAO);
            launch(&program, &mut browser, &ticket).await.status == 303
        })
        .await;
        assert_eq!(people_asked_for(&portal), 1, "{fault:?}");
    }
    assert_eq!(program.log().matches("answers again").count(), 3);
}

#[tokio::test]
async fn a_ticket_refused_during_an_outage_works_after_it() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "").await;
    let ticket = portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    portal.set_fault(Fault::CutShort).await;
    let refused = launch(&program, &mut browser, &ticket).await;
    assert_eq!(refused.status, 503);
    portal.set_fault(Fault::Healthy).await;
    assert_eq!(launch(&program, &mut browser, &ticket).await.status, 303);
    tokens(&program, &mut browser).await;
}

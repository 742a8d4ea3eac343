//! What it costs to be bothered: N60.

use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::tools::{keeps_quiet, rows};

#[tokio::test]
async fn n60_what_waits_together_stays_below_what_proxies_let_through() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = Browser::new();
    for _ in 0..4 {
        let url = grafana.authorize_url(&[("state", &"s".repeat(2300))]);
        assert_eq!(browser.get(url).await.status, 200);
        let all: usize = browser
            .cookies
            .iter()
            .map(|(name, value)| name.len() + value.len() + 3)
            .sum();
        assert!(all < 8 * 1024, "{all}");
    }
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    RelyingParty::code(&browser.get(launched.location()).await);
}

#[tokio::test]
async fn n60_requests_that_wait_cost_the_server_nothing() {
    let provider = TestProvider::open().await;
    let before = rows(&provider);
    for _ in 0..200 {
        let mut stranger = Browser::new();
        let answer = stranger
            .get(provider.client("grafana").authorize_url(&[]))
            .await;
        assert_eq!(answer.status, 200);
        assert_eq!(stranger.cookies.len(), 1);
        let (_, sealed) = stranger.cookies.pop_first().unwrap();
        assert!(sealed.len() < 4096, "a cookie that browsers keep");
    }
    assert_eq!(rows(&provider), before);
}

#[tokio::test]
async fn n60_four_requests_wait_in_one_browser_and_the_oldest_makes_room() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    for round in 0..12 {
        let state = format!("state-{round}");
        let url = provider
            .client("grafana")
            .authorize_url(&[("state", &state)]);
        browser.get(url).await;
        provider.advance(chrono::TimeDelta::seconds(1));
        assert!(browser.cookies.len() <= 4, "{:?}", browser.cookies.keys());
    }
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let resumed = browser.get(launched.location()).await;
    assert_eq!(resumed.parameter("state").as_deref(), Some("state-11"));
}

#[tokio::test]
async fn n60_tickets_that_never_were_leave_no_trace() {
    let provider = TestProvider::open().await;
    let before = rows(&provider);
    for round in 0..50 {
        let ticket = format!("guessed-ticket-{round}");
        let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
        let mut stranger = Browser::new();
        let answer = stranger.get(launch).await;
        assert_eq!(answer.status, 403);
        keeps_quiet(&answer, &ticket);
        assert!(stranger.cookies.is_empty());
    }
    assert_eq!(rows(&provider), before);
}

#[tokio::test]
async fn n60_codes_and_tokens_that_never_were_leave_no_trace() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let before = rows(&provider);
    for round in 0..50 {
        let code = format!("{round:A>43}");
        assert_eq!(grafana.redeem(&code).await.status, 400);
        let token = format!("eyJhbGciOiJSUzI1NiIsImtpZCI6Inh7cm91bmR9In0.e30.{round}");
        assert_eq!(grafana.userinfo(&token).await.status, 401);
        let keys = Browser::new().get(provider.at("/jwks")).await;
        assert_eq!(keys.status, 200);
        assert!(keys.header("cache-control").contains("max-age"));
    }
    assert_eq!(rows(&provider), before);
}

//! Floods of anonymous requests leave nothing stored on the server (N60, docs/security.md).

use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::tools::{assert_no_leak, count_rows};

#[tokio::test]
async fn n60_the_cookies_of_all_pending_requests_fit_a_proxys_header_limit() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = Browser::new();
    for _ in 0..4 {
        let url = grafana.authorize_url(&[("state", &"s".repeat(2300))]);
        assert_eq!(browser.get(url).await.status, 200);
        let header_bytes: usize = browser
            .cookies
            .iter()
            .map(|(name, value)| name.len() + value.len() + 3)
            .sum();
        assert!(header_bytes < 8 * 1024, "{header_bytes}");
    }
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    RelyingParty::code(&browser.get(launched.location()).await);
}

#[tokio::test]
async fn n60_pending_requests_store_nothing_on_the_server() {
    let provider = TestProvider::open().await;
    let before = count_rows(&provider);
    for _ in 0..200 {
        let mut stranger = Browser::new();
        let answer = stranger
            .get(provider.client("grafana").authorize_url(&[]))
            .await;
        assert_eq!(answer.status, 200);
        assert_eq!(stranger.cookies.len(), 1);
        let (_, sealed) = stranger.cookies.pop_first().unwrap();
        assert!(sealed.len() < 4096, "browsers accept a cookie of this size");
    }
    assert_eq!(count_rows(&provider), before);
}

#[tokio::test]
async fn n60_a_browser_keeps_four_pending_requests_and_drops_the_oldest() {
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
async fn n60_unknown_tickets_store_nothing() {
    let provider = TestProvider::open().await;
    let before = count_rows(&provider);
    for round in 0..50 {
        let ticket = format!("guessed-ticket-{round}");
        let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
        let mut stranger = Browser::new();
        let answer = stranger.get(launch).await;
        assert_eq!(answer.status, 403);
        assert_no_leak(&answer, &ticket);
        assert!(stranger.cookies.is_empty());
    }
    assert_eq!(count_rows(&provider), before);
}

#[tokio::test]
async fn n60_unknown_codes_and_tokens_store_nothing() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let before = count_rows(&provider);
    for round in 0..50 {
        let code = format!("{round:A>43}");
        assert_eq!(grafana.redeem(&code).await.status, 400);
        let token = format!("eyJhbGciOiJSUzI1NiIsImtpZCI6Inh7cm91bmR9In0.e30.{round}");
        assert_eq!(grafana.userinfo(&token).await.status, 401);
        let keys = Browser::new().get(provider.at("/jwks")).await;
        assert_eq!(keys.status, 200);
        assert!(keys.header("cache-control").contains("max-age"));
    }
    assert_eq!(count_rows(&provider), before);
}

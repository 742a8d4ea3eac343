//! A sign-in by a ticket is kept even if the request with the ticket fails. The error response sets the
//! cookies too: without them no browser would own the ticket.

use chrono::TimeDelta;

use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

/// The page with the list of apps, which shows the name of the user.
async fn apps_page(provider: &TestProvider, browser: &mut Browser) -> String {
    browser.get(provider.at("/launch")).await.body
}

async fn authorize_with_ticket(
    provider: &TestProvider,
    browser: &mut Browser,
    user: u64,
    more: (&str, &str),
) -> Answer {
    let ticket = provider.portal.issue_ticket(user);
    let url = provider
        .client("grafana")
        .authorize_url(&[("ticket", &ticket), more]);
    browser.get_from(url, provider.portal.url().as_str()).await
}

#[tokio::test]
async fn the_user_of_the_ticket_is_signed_in_although_the_hint_names_another() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let tokens = grafana
        .redeem(&grafana.login(&mut browser).await)
        .await
        .json();
    let hint = tokens["id_token"].as_str().unwrap();
    let answer = authorize_with_ticket(
        &provider,
        &mut browser,
        HEI_LONG_JIANG,
        ("id_token_hint", hint),
    )
    .await;
    assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
    assert!(apps_page(&provider, &mut browser).await.contains("黑龙江"));
}

#[tokio::test]
async fn a_launch_loop_is_stopped_and_the_session_is_kept() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let mut last = 0;
    for _ in 0..5 {
        let answer = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
        last = answer.status.as_u16();
    }
    assert_eq!(last, 429);
    provider.advance(TimeDelta::minutes(5));
    assert!(apps_page(&provider, &mut browser).await.contains("陈涛"));
}

#[tokio::test]
async fn f29_a_reload_of_a_request_with_its_ticket_gets_a_code_again() {
    for replay in ["browser-bound", "once"] {
        let session = format!("[session]\nticket_replay = '{replay}'\n");
        let provider = TestProvider::open_with(&session, "").await;
        let grafana = provider.client("grafana");
        let ticket = provider.portal.issue_ticket(CHEN_TAO);
        let url = grafana.authorize_url(&[("ticket", &ticket)]);
        let mut browser = Browser::new();
        for _ in 0..3 {
            RelyingParty::code(&browser.get(&url).await);
        }
        assert_eq!(provider.portal.calls().user_by_ticket, 1, "{replay}");
    }
}

#[tokio::test]
async fn a_request_for_a_newer_sign_in_validates_the_ticket_again() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    let url = grafana.authorize_url(&[("ticket", &ticket), ("max_age", "60")]);
    for (calls, later) in [(1, 60), (1, 1), (2, 0)] {
        let code = RelyingParty::code(&browser.get(&url).await);
        assert_eq!(provider.portal.calls().user_by_ticket, calls);
        let tokens = grafana.redeem(&code).await.json();
        provider.advance(TimeDelta::seconds(later));
        let auth_time = claims(tokens["id_token"].as_str().unwrap())["auth_time"].clone();
        assert_eq!(auth_time, 1_800_000_000 + if calls == 1 { 0 } else { 61 });
    }
}

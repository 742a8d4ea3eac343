//! The sign-in that a client requires: `prompt`, `max_age`, `id_token_hint` (OIDC Core §3.1.2.1).

use chrono::TimeDelta;
use panda_oidc_panda::simulator::Fault;
use panda_oidc_sdk::Clock as _;
use url::Url;

use crate::kit::tokens;
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

#[track_caller]
fn login_required(answer: &Answer) {
    assert_eq!(answer.status, 303, "no page: {}", answer.body);
    assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
    assert_eq!(answer.parameter("state").as_deref(), Some("the-state"));
}

#[track_caller]
fn shows_login_page(answer: &Answer) {
    assert_eq!(answer.status, 200);
    assert!(
        answer.body.contains("请从熊猫智慧水务门户进入"),
        "{}",
        answer.body
    );
}

/// Redeems the code in an authorization response, and returns the `auth_time` of the ID token.
async fn auth_time(client: &RelyingParty, answer: &Answer) -> i64 {
    let tokens = client.redeem(&RelyingParty::code(answer)).await.json();
    let claims = claims(tokens["id_token"].as_str().unwrap());
    claims["auth_time"].as_i64().unwrap()
}

/// Launches for `user`, and follows the redirect to the pending authorization request.
async fn resumed(provider: &TestProvider, browser: &mut Browser, user: u64) -> Answer {
    let launched = provider.launch(browser, "grafana", user).await;
    browser.get(launched.location()).await
}

async fn signed_in_a_while_ago(provider: &TestProvider) -> Browser {
    let browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::minutes(5));
    browser
}

#[tokio::test]
async fn n18_prompt_none_shows_nothing_and_is_answered_either_way() {
    let provider = TestProvider::open().await;
    let url = provider
        .client("grafana")
        .authorize_url(&[("prompt", "none")]);
    let anonymous = Browser::new().get(&url).await;
    login_required(&anonymous);
    assert!(anonymous.set_cookies().is_empty(), "nothing waits");
    let mut signed_in = provider.signed_in(CHEN_TAO).await;
    RelyingParty::code(&signed_in.get(&url).await);
}

#[tokio::test]
async fn prompt_none_with_a_ticket_says_whether_the_ticket_or_the_portal_is_at_fault() {
    let provider = TestProvider::open().await;
    for (fault, ticket, error) in [
        (Fault::Healthy, "unknown", "login_required"),
        (Fault::Healthy, "not%00a%00ticket", "login_required"),
        (Fault::LoginPage, "any", "temporarily_unavailable"),
        (Fault::Status(503), "any", "temporarily_unavailable"),
    ] {
        let what = format!("{fault:?}, {ticket}");
        provider.portal.set_fault(fault).await;
        let url = provider
            .client("grafana")
            .authorize_url(&[("prompt", "none")]);
        let answer = Browser::new().get(format!("{url}&ticket={ticket}")).await;
        assert_eq!(answer.parameter("error").as_deref(), Some(error), "{what}");
    }
}

#[tokio::test]
async fn prompt_login_requires_a_new_sign_in_and_updates_auth_time() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = signed_in_a_while_ago(&provider).await;
    let before = browser.get(grafana.authorize_url(&[])).await;
    let before = auth_time(&grafana, &before).await;
    let url = grafana.authorize_url(&[("prompt", "login")]);
    shows_login_page(&browser.get(&url).await);
    provider.advance(TimeDelta::seconds(7));
    let answer = resumed(&provider, &mut browser, CHEN_TAO).await;
    assert_eq!(auth_time(&grafana, &answer).await, before + 307);
}

/// Apps that always send `prompt=login` or `select_account` would otherwise ask for a second click in the
/// portal at every login.
#[tokio::test]
async fn a_ticket_presented_for_this_clients_launch_a_moment_ago_is_a_fresh_sign_in() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    for demand in [
        ("prompt", "login"),
        ("prompt", "select_account"),
        ("prompt", "login consent"),
        ("max_age", "0"),
    ] {
        let url = grafana.authorize_url(&[demand]);
        let mut browser = provider.signed_in(CHEN_TAO).await;
        let launched_at = provider.clock.now().timestamp();
        provider.advance(TimeDelta::seconds(9));
        let mut stranger = Browser::new();
        stranger.cookies = browser.cookies.clone();
        let keycloak = provider.client("keycloak").authorize_url(&[demand]);
        shows_login_page(&stranger.get(keycloak).await);
        let answer = browser.get(&url).await;
        assert_eq!(auth_time(&grafana, &answer).await, launched_at);
        // It counts once: the next demand is for another sign-in.
        provider.advance(TimeDelta::seconds(1));
        shows_login_page(&browser.get(&url).await);
    }
}

#[tokio::test]
async fn a_launch_is_no_fresh_sign_in_for_longer_than_a_moment_or_for_another_session() {
    let provider = TestProvider::open().await;
    let url = provider
        .client("grafana")
        .authorize_url(&[("prompt", "login")]);
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::seconds(61));
    shows_login_page(&browser.get(&url).await);
    // A launch without a ticket, or with the one that the portal is not asked about again.
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let mut browser = Browser::new();
    browser.get(&launch).await;
    RelyingParty::code(&browser.get(&url).await);
    provider.advance(TimeDelta::seconds(1));
    for again in [launch, provider.at("/launch/grafana")] {
        assert_eq!(browser.get(again).await.status, 303);
        let mut tab = browser.clone();
        shows_login_page(&tab.get(&url).await);
    }
    // The mark of one session says nothing about another.
    let other = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::seconds(1));
    let mark = "panda-oidc-launched";
    let mut browser = provider.signed_in(HEI_LONG_JIANG).await;
    let planted = other.cookies[mark].clone();
    browser.cookies.insert(mark.to_owned(), planted);
    provider.advance(TimeDelta::seconds(1));
    shows_login_page(&browser.get(&url).await);
}

#[tokio::test]
async fn prompt_login_accepts_the_same_ticket_after_the_portal_verifies_it_again() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let mut browser = Browser::new();
    browser.get(&launch).await;
    provider.advance(TimeDelta::minutes(5));
    let url = grafana.authorize_url(&[("prompt", "login")]);
    shows_login_page(&browser.get(url).await);
    let launched = browser.get(&launch).await;
    RelyingParty::code(&browser.get(launched.location()).await);
    assert_eq!(provider.portal.calls().user_by_ticket, 2);
}

#[tokio::test]
async fn a_request_for_a_new_login_is_not_resumed_by_the_old_session() {
    let provider = TestProvider::open().await;
    let mut browser = signed_in_a_while_ago(&provider).await;
    let keycloak = provider.client("keycloak");
    shows_login_page(
        &browser
            .get(keycloak.authorize_url(&[("prompt", "login")]))
            .await,
    );
    let pending_cookie = browser.cookies.keys().find(|name| name.contains("parked"));
    let name = pending_cookie.unwrap().rsplit_once("-parked-").unwrap().1;
    let resume = provider.at(&format!("/resume/{name}"));
    shows_login_page(&browser.get(resume).await);
}

#[tokio::test]
async fn max_age_is_kept_to_the_second() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let url = grafana.authorize_url(&[("max_age", "60")]);
    provider.advance(TimeDelta::seconds(60));
    let time = auth_time(&grafana, &browser.get(&url).await).await;
    provider.advance(TimeDelta::seconds(1));
    shows_login_page(&browser.get(&url).await);
    let answer = resumed(&provider, &mut browser, CHEN_TAO).await;
    assert_eq!(auth_time(&grafana, &answer).await, time + 61);
}

#[tokio::test]
async fn max_age_0_is_prompt_login_and_a_huge_one_is_no_limit() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = signed_in_a_while_ago(&provider).await;
    shows_login_page(
        &browser
            .get(grafana.authorize_url(&[("max_age", "0")]))
            .await,
    );
    let forever = "99999999999999999999";
    let url = grafana.authorize_url(&[("max_age", forever)]);
    RelyingParty::code(&browser.get(url).await);
}

#[tokio::test]
async fn prompt_none_with_a_session_older_than_max_age_is_login_required() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = signed_in_a_while_ago(&provider).await;
    let url = grafana.authorize_url(&[("prompt", "none"), ("max_age", "60")]);
    login_required(&browser.get(url).await);
}

/// A provider, a browser where `CHEN_TAO` has signed in, and the URL of an authorization request whose
/// `id_token_hint` is an ID token of `hinted_user`, issued `hint_age` before that sign-in.
async fn with_hint(
    hinted_user: u64,
    hint_age: TimeDelta,
    prompt: &str,
) -> (TestProvider, Browser, Url) {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let tokens = tokens(&grafana, &mut provider.signed_in(hinted_user).await).await;
    provider.advance(hint_age);
    let browser = provider.signed_in(CHEN_TAO).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let url = grafana.authorize_url(&[("id_token_hint", hint), ("prompt", prompt)]);
    provider.advance(TimeDelta::seconds(1));
    (provider, browser, url)
}

#[tokio::test]
async fn a_hint_that_names_the_signed_in_user_gets_a_code() {
    let (_provider, mut browser, url) = with_hint(CHEN_TAO, TimeDelta::zero(), "none").await;
    RelyingParty::code(&browser.get(url).await);
}

#[tokio::test]
async fn an_expired_hint_is_accepted() {
    let (_provider, mut browser, url) = with_hint(CHEN_TAO, TimeDelta::days(30), "none").await;
    RelyingParty::code(&browser.get(url).await);
}

#[tokio::test]
async fn a_hint_that_names_another_is_login_required_without_a_page() {
    let (_provider, mut browser, url) = with_hint(HEI_LONG_JIANG, TimeDelta::zero(), "none").await;
    login_required(&browser.get(url).await);
}

#[tokio::test]
async fn a_hint_that_names_another_user_waits_for_that_user() {
    let (provider, mut browser, url) = with_hint(HEI_LONG_JIANG, TimeDelta::zero(), "").await;
    shows_login_page(&browser.get(url).await);
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let portal = provider.portal.url().to_string();
    let launched = browser.get_from(launch, &portal).await;
    RelyingParty::code(&browser.get(launched.location()).await);
}

#[tokio::test]
async fn n20_a_hint_signs_nobody_in() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let tokens = tokens(&grafana, &mut provider.signed_in(CHEN_TAO).await).await;
    let hint = ("id_token_hint", tokens["id_token"].as_str().unwrap());
    let mut anonymous = Browser::new();
    shows_login_page(&anonymous.get(grafana.authorize_url(&[hint])).await);
    let silent = grafana.authorize_url(&[hint, ("prompt", "none")]);
    login_required(&anonymous.get(silent).await);
}

#[tokio::test]
async fn a_launch_by_another_user_than_the_hinted_one_gets_login_required_once() {
    let (provider, mut browser, url) = with_hint(HEI_LONG_JIANG, TimeDelta::zero(), "").await;
    shows_login_page(&browser.get(url).await);
    login_required(&resumed(&provider, &mut browser, CHEN_TAO).await);
    let next = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_eq!(next.location().path(), "/login/generic_oauth", "{next:?}");
}

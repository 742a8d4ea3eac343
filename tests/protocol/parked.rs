//! Requests that wait for somebody to sign in, and requests that bring the ticket along (F10).

use chrono::TimeDelta;
use url::Url;

use crate::kit::{registered, registration};
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

fn parked(browser: &Browser) -> Vec<&String> {
    let names = browser.cookies.keys();
    names.filter(|name| name.contains("-parked-")).collect()
}

fn with_ticket(url: &Url, ticket: &str) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("ticket", ticket);
    url
}

#[track_caller]
fn opens_grafana(answer: &Answer) {
    assert_eq!(answer.location().path(), "/login/generic_oauth");
    assert_eq!(answer.parameter("code"), None, "nothing was resumed");
}

#[tokio::test]
async fn a_request_waits_sealed_in_the_browser_that_asked() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let url = provider
        .client("grafana")
        .authorize_url(&[("state", "needle")]);
    let page = browser.get(url).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Grafana"), "{}", page.body);
    assert!(page.body.contains(provider.portal.url().as_str()));
    let cookies = page.set_cookies();
    let cookie = cookies.iter().find(|cookie| cookie.contains("-parked-"));
    let (value, attributes) = cookie.unwrap().split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; SameSite=Lax; Path=/; Max-Age=600");
    assert!(!value.contains("needle") && !value.contains("grafana"));
    assert_eq!(provider.portal.calls().user_by_ticket, 0);
}

#[tokio::test]
async fn what_was_asked_is_what_is_granted() {
    let provider = TestProvider::open().await;
    let spa = provider.client("spa");
    let mut browser = Browser::new();
    let changes = [
        ("state", "a+b&c=%20陈"),
        ("nonce", "随机"),
        ("scope", "openid"),
        ("redirect_uri", "http://127.0.0.1:51004/callback"),
    ];
    browser.get(spa.authorize_url(&changes)).await;
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let resumed = browser.get(launched.location()).await;
    assert_eq!(resumed.location().port(), Some(51004));
    assert_eq!(resumed.parameter("state").as_deref(), Some("a+b&c=%20陈"));
    let code = RelyingParty::code(&resumed);
    let tokens = spa.redeem_with(&code, &changes[3..]).await.json();
    assert_eq!(tokens["scope"], "openid");
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id_token["nonce"], "随机");
}

#[tokio::test]
async fn a_request_is_resumed_once() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    browser
        .get(provider.client("keycloak").authorize_url(&[]))
        .await;
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let resume = launched.location();
    RelyingParty::code(&browser.get(&resume).await);
    assert_eq!(parked(&browser), [""; 0]);
    assert_eq!(browser.get(&resume).await.status, 410);
    opens_grafana(&provider.launch(&mut browser, "grafana", CHEN_TAO).await);
}

#[tokio::test]
async fn the_client_that_was_clicked_is_resumed_before_a_newer_request_of_another() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    browser
        .get(provider.client("grafana").authorize_url(&[]))
        .await;
    provider.advance(TimeDelta::seconds(1));
    browser
        .get(provider.client("keycloak").authorize_url(&[]))
        .await;
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let resumed = browser.get(launched.location()).await;
    assert_eq!(resumed.location().port(), Some(3000), "grafana's");
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let resumed = browser.get(launched.location()).await;
    assert_eq!(resumed.location().port(), Some(8180), "keycloak's");
}

#[tokio::test]
async fn a_launch_that_names_no_app_resumes_as_well() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    browser
        .get(provider.client("keycloak").authorize_url(&[]))
        .await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launched = browser
        .get(provider.at(&format!("/launch?ticket={ticket}")))
        .await;
    RelyingParty::code(&browser.get(launched.location()).await);
}

#[tokio::test]
async fn a_request_waits_ten_minutes_and_no_longer() {
    let provider = TestProvider::open().await;
    let keycloak = provider.client("keycloak");
    let mut browser = Browser::new();
    browser.get(keycloak.authorize_url(&[])).await;
    provider.advance(TimeDelta::minutes(10));
    let mut late = browser.clone();
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    RelyingParty::code(&browser.get(launched.location()).await);
    provider.advance(TimeDelta::milliseconds(1));
    opens_grafana(&provider.launch(&mut late, "grafana", CHEN_TAO).await);
    assert_eq!(late.get(launched.location()).await.status, 410);
}

#[tokio::test]
async fn n16_a_request_is_resumed_by_no_other_browser() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    browser
        .get(provider.client("keycloak").authorize_url(&[]))
        .await;
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let mut other = provider.signed_in(HEI_LONG_JIANG).await;
    let refused = other.get(launched.location()).await;
    assert_eq!(refused.status, 410);
    assert_eq!(refused.header("location"), "");
}

#[tokio::test]
async fn of_more_than_four_the_oldest_give_way() {
    let provider = TestProvider::open().await;
    let keycloak = provider.client("keycloak");
    let mut browser = Browser::new();
    for number in 0..7 {
        let state = number.to_string();
        browser
            .get(keycloak.authorize_url(&[("state", &state)]))
            .await;
        provider.advance(TimeDelta::seconds(1));
    }
    assert_eq!(parked(&browser).len(), 4);
    let mut resumed = Vec::new();
    for _ in 0..4 {
        let launched = provider.launch(&mut browser, "keycloak", CHEN_TAO).await;
        let answer = browser.get(launched.location()).await;
        resumed.push(answer.parameter("state").unwrap());
    }
    assert_eq!(resumed, ["6", "5", "4", "3"]);
    assert_eq!(parked(&browser), [""; 0]);
}

#[tokio::test]
async fn what_no_cookie_can_hold_does_not_wait_and_the_page_does_not_promise_it() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = Browser::new();
    let large = "s".repeat(3500);
    let page = browser
        .get(grafana.authorize_url(&[("state", &large)]))
        .await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("然后重新打开“Grafana”"), "{}", page.body);
    assert_eq!(parked(&browser), [""; 0]);
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    opens_grafana(&launched);
    let again = browser
        .get(grafana.authorize_url(&[("state", &large)]))
        .await;
    assert_eq!(again.parameter("state").as_deref(), Some(large.as_str()));
}

#[tokio::test]
async fn a_portal_that_can_be_gone_to_is_gone_to_at_once() {
    let provider = TestProvider::open_with("", "portal_redirect = true").await;
    let keycloak = provider.client("keycloak");
    let mut browser = Browser::new();
    let answer = browser.get(keycloak.authorize_url(&[])).await;
    assert_eq!(answer.status, 303);
    assert_eq!(&answer.location(), provider.portal.url());
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    RelyingParty::code(&browser.get(launched.location()).await);
}

#[tokio::test]
async fn a_request_that_brings_its_ticket_is_served_at_once() {
    let provider = TestProvider::open().await;
    let keycloak = provider.client("keycloak");
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    let url = with_ticket(&keycloak.authorize_url(&[]), &ticket);
    let answer = browser.get(url).await;
    assert!(!answer.header("location").contains(&ticket));
    assert_eq!(answer.parameter("state").as_deref(), Some("the-state"));
    let tokens = keycloak.redeem(&RelyingParty::code(&answer)).await.json();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["sub"], "1");
    RelyingParty::code(&browser.get(keycloak.authorize_url(&[])).await);
    assert_eq!(provider.portal.calls().user_by_ticket, 1);
}

#[tokio::test]
async fn a_ticket_brought_along_is_the_new_login_that_was_asked_for() {
    let provider = TestProvider::open().await;
    let keycloak = provider.client("keycloak");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::minutes(5));
    let url = keycloak.authorize_url(&[("prompt", "login")]);
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    RelyingParty::code(&browser.get(with_ticket(&url, &ticket)).await);
}

#[tokio::test]
async fn f8_a_ticket_joined_to_the_last_parameter_is_taken_out_of_it() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    for (join, last) in [
        ("?ticket=", "state"),
        ("&ticket=", "state"),
        ("?ticket=", "nonce"),
    ] {
        let ticket = provider.portal.issue_ticket(CHEN_TAO);
        // Replaced parameters go to the end.
        let url = grafana.authorize_url(&[(last, "last")]);
        let answer = Browser::new().get(format!("{url}{join}{ticket}")).await;
        assert!(!answer.header("location").contains(&ticket), "{answer:?}");
        let state = answer.parameter("state").unwrap();
        assert_eq!(state, if last == "state" { "last" } else { "the-state" });
        let tokens = grafana.redeem(&RelyingParty::code(&answer)).await.json();
        let id_token = claims(tokens["id_token"].as_str().unwrap());
        let nonce = if last == "nonce" { "last" } else { "the-nonce" };
        assert_eq!(id_token["nonce"], nonce);
    }
}

#[tokio::test]
async fn f8_a_ticket_brought_twice_is_one() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let url = provider.client("grafana").authorize_url(&[]);
    let url = with_ticket(&with_ticket(&url, &ticket), &ticket);
    RelyingParty::code(&Browser::new().get(url).await);
}

#[tokio::test]
async fn a_rejected_ticket_brought_along_is_told_on_a_page_and_grants_nothing() {
    let provider = TestProvider::open().await;
    let url = with_ticket(&provider.client("grafana").authorize_url(&[]), "unknown");
    let answer = Browser::new().get(url).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("location"), "");
}

#[tokio::test]
async fn a_request_that_is_refused_spends_no_ticket() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let url = provider
        .client("grafana")
        .authorize_url(&[("response_type", "token")]);
    let answer = Browser::new().get(with_ticket(&url, &ticket)).await;
    let error = answer.parameter("error");
    assert_eq!(error.as_deref(), Some("unsupported_response_type"));
    assert_eq!(provider.portal.calls().user_by_ticket, 0);
}

#[tokio::test]
async fn a_waiting_request_below_an_issuers_path_is_resumed_below_it() {
    let more = registration("deep", "");
    let provider = TestProvider::open_with_issuer_path("/sso", &more, "").await;
    let deep = registered(&provider, "deep");
    let mut browser = Browser::new();
    browser.get(deep.authorize_url(&[])).await;
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert!(launched.location().path().starts_with("/sso/resume/"));
    RelyingParty::code(&browser.get(launched.location()).await);
}

//! Authorization requests of a browser without a session. They wait in a sealed cookie until the next
//! launch, or carry a ticket themselves.

use chrono::TimeDelta;
use url::Url;

use crate::kit::{registered, registration};
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

fn pending_cookies(browser: &Browser) -> Vec<&String> {
    let names = browser.cookies.keys();
    names.filter(|name| name.contains("-parked-")).collect()
}

fn with_ticket(url: &Url, ticket: &str) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("ticket", ticket);
    url
}

#[track_caller]
fn assert_launches_grafana(answer: &Answer) {
    assert_eq!(answer.location().path(), "/login/generic_oauth");
    assert_eq!(answer.parameter("code"), None, "nothing was resumed");
}

#[tokio::test]
async fn a_pending_request_is_sealed_in_a_cookie() {
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
async fn a_resumed_request_keeps_its_parameters() {
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
async fn a_pending_request_is_resumed_once() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    browser
        .get(provider.client("keycloak").authorize_url(&[]))
        .await;
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let resume = launched.location();
    RelyingParty::code(&browser.get(&resume).await);
    assert_eq!(pending_cookies(&browser), [""; 0]);
    assert_eq!(browser.get(&resume).await.status, 410);
    assert_launches_grafana(&provider.launch(&mut browser, "grafana", CHEN_TAO).await);
}

#[tokio::test]
async fn the_launched_client_is_resumed_before_a_newer_request_of_another() {
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
async fn a_launch_without_a_client_resumes_a_pending_request() {
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
async fn a_pending_request_expires_after_ten_minutes() {
    let provider = TestProvider::open().await;
    let keycloak = provider.client("keycloak");
    let mut browser = Browser::new();
    browser.get(keycloak.authorize_url(&[])).await;
    provider.advance(TimeDelta::minutes(10));
    let mut late = browser.clone();
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    RelyingParty::code(&browser.get(launched.location()).await);
    provider.advance(TimeDelta::milliseconds(1));
    assert_launches_grafana(&provider.launch(&mut late, "grafana", CHEN_TAO).await);
    assert_eq!(late.get(launched.location()).await.status, 410);
}

#[tokio::test]
async fn n16_another_browser_cannot_resume_a_pending_request() {
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
async fn a_browser_keeps_its_four_newest_pending_requests() {
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
    assert_eq!(pending_cookies(&browser).len(), 4);
    let mut resumed = Vec::new();
    for _ in 0..4 {
        let launched = provider.launch(&mut browser, "keycloak", CHEN_TAO).await;
        let answer = browser.get(launched.location()).await;
        resumed.push(answer.parameter("state").unwrap());
    }
    assert_eq!(resumed, ["6", "5", "4", "3"]);
    assert_eq!(pending_cookies(&browser), [""; 0]);
}

#[tokio::test]
async fn a_request_too_large_for_a_cookie_is_not_kept_and_the_page_says_so() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = Browser::new();
    let large = "s".repeat(3500);
    let page = browser
        .get(grafana.authorize_url(&[("state", &large)]))
        .await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("然后重新打开“Grafana”"), "{}", page.body);
    assert_eq!(pending_cookies(&browser), [""; 0]);
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_launches_grafana(&launched);
    let again = browser
        .get(grafana.authorize_url(&[("state", &large)]))
        .await;
    assert_eq!(again.parameter("state").as_deref(), Some(large.as_str()));
}

#[tokio::test]
async fn portal_redirect_sends_the_browser_to_the_portal_at_once() {
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
async fn a_request_with_a_ticket_gets_a_code_at_once() {
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
async fn a_ticket_on_the_request_satisfies_prompt_login() {
    let provider = TestProvider::open().await;
    let keycloak = provider.client("keycloak");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::minutes(5));
    let url = keycloak.authorize_url(&[("prompt", "login")]);
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    RelyingParty::code(&browser.get(with_ticket(&url, &ticket)).await);
}

#[tokio::test]
async fn f8_a_ticket_joined_to_the_last_parameter_is_separated_from_it() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    for (join, last) in [
        ("?ticket=", "state"),
        ("&ticket=", "state"),
        ("?ticket=", "nonce"),
    ] {
        let ticket = provider.portal.issue_ticket(CHEN_TAO);
        // `authorize_url` puts a replaced parameter at the end.
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
async fn f8_the_same_ticket_twice_counts_as_one() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let url = provider.client("grafana").authorize_url(&[]);
    let url = with_ticket(&with_ticket(&url, &ticket), &ticket);
    RelyingParty::code(&Browser::new().get(url).await);
}

#[tokio::test]
async fn a_rejected_ticket_on_a_request_gets_an_error_page_and_no_code() {
    let provider = TestProvider::open().await;
    let url = with_ticket(&provider.client("grafana").authorize_url(&[]), "unknown");
    let answer = Browser::new().get(url).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("location"), "");
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_ticket() {
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
async fn a_pending_request_is_resumed_below_the_issuers_path() {
    let more = registration("deep", "");
    let provider = TestProvider::open_with_issuer_path("/sso", &more, "").await;
    let deep = registered(&provider, "deep");
    let mut browser = Browser::new();
    browser.get(deep.authorize_url(&[])).await;
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert!(launched.location().path().starts_with("/sso/resume/"));
    RelyingParty::code(&browser.get(launched.location()).await);
}

//! Floods and repeats of authorization requests, by strangers and by people with a session: N21, N60 and
//! N64, docs/security.md.

use chrono::TimeDelta;
use panda_oidc_sdk::Clock as _;
use reqwest::Method;

use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::tools::{assert_error_page, count_rows};

/// Removes what has expired, as the job does once a minute.
async fn sweep(provider: &TestProvider) {
    let now = provider.clock.now();
    provider.app.store.sweep(now).await.unwrap();
}

#[track_caller]
fn assert_sent(answer: &Answer, error: &str) {
    assert_eq!(answer.parameter("error").as_deref(), Some(error));
    assert_eq!(answer.parameter("code"), None);
}

#[tokio::test]
async fn n60_what_is_stored_or_echoed_is_bounded_in_length() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let (nonce, state) = ("n".repeat(512), "s".repeat(8192));
    let longest = [("nonce", &*nonce), ("state", &*state)];
    let answer = browser.get(grafana.authorize_url(&longest)).await;
    assert_eq!(answer.parameter("state").as_ref(), Some(&state));
    let tokens = grafana.redeem(&RelyingParty::code(&answer)).await.json();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id_token["nonce"], nonce);
    let before = count_rows(&provider);
    let (nonce, state) = ("n".repeat(513), "s".repeat(8193));
    let wide = "陈".repeat(171);
    for nonce in [&nonce, &wide] {
        let answer = browser
            .get(grafana.authorize_url(&[("nonce", nonce)]))
            .await;
        assert_sent(&answer, "invalid_request");
        assert_eq!(answer.parameter("state").as_deref(), Some("the-state"));
        let form_post = [("nonce", &**nonce), ("response_mode", "form_post")];
        let page = browser.get(grafana.authorize_url(&form_post)).await;
        assert_eq!(page.field("error"), "invalid_request");
    }
    let answer = browser
        .get(grafana.authorize_url(&[("state", &state)]))
        .await;
    assert_sent(&answer, "invalid_request");
    assert_eq!(answer.parameter("state"), None, "it is not echoed");
    assert_eq!(count_rows(&provider), before);
}

#[tokio::test]
async fn n60_a_code_that_nobody_redeems_is_forgotten_after_its_minute() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    grafana.redeem(&grafana.login(&mut browser).await).await;
    let before = count_rows(&provider);
    for scope in ["openid", "openid offline_access"] {
        for _ in 0..20 {
            browser
                .get(grafana.authorize_url(&[("scope", scope)]))
                .await;
        }
    }
    assert_eq!(count_rows(&provider), before + 40);
    provider.advance(TimeDelta::seconds(59));
    sweep(&provider).await;
    assert_eq!(count_rows(&provider), before + 40);
    provider.advance(TimeDelta::seconds(1));
    sweep(&provider).await;
    assert_eq!(count_rows(&provider), before);
}

#[tokio::test]
async fn n21_a_code_is_remembered_as_long_as_its_access_token_lives() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let code = grafana.login(&mut browser).await;
    provider.advance(TimeDelta::seconds(59));
    let tokens = grafana.redeem(&code).await.json();
    let access_token = tokens["access_token"].as_str().unwrap();
    provider.advance(TimeDelta::seconds(3599));
    sweep(&provider).await;
    assert_eq!(grafana.userinfo(access_token).await.status, 200);
    let again = grafana.redeem(&code).await;
    assert_eq!(again.json()["error"], "invalid_grant");
    assert_eq!(grafana.userinfo(access_token).await.status, 401);
}

#[tokio::test]
async fn n21_a_code_is_remembered_as_long_as_its_refresh_token_lives() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let offline = [("scope", "openid offline_access")];
    let code = RelyingParty::code(&browser.get(grafana.authorize_url(&offline)).await);
    let mut tokens = grafana.redeem(&code).await.json();
    for _ in 0..4 {
        provider.advance(TimeDelta::days(20));
        sweep(&provider).await;
        let token = tokens["refresh_token"].as_str().unwrap().to_owned();
        tokens = grafana.refresh(&token).await.json();
    }
    let token = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(grafana.redeem(&code).await.json()["error"], "invalid_grant");
    assert_eq!(
        grafana.refresh(token).await.json()["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn n60_authorization_requests_are_limited_per_session() {
    let limit = "[limits]\nauthorizations_per_minute = 3\n";
    let provider = TestProvider::open_with(limit, "").await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for _ in 0..3 {
        grafana.login(&mut browser).await;
    }
    let before = count_rows(&provider);
    let stopped = browser.get(grafana.authorize_url(&[])).await;
    assert_error_page(&stopped, 429, "one too many");
    assert_eq!(stopped.header("retry-after"), "20");
    let unseen = browser
        .get(grafana.authorize_url(&[("prompt", "none")]))
        .await;
    assert_sent(&unseen, "temporarily_unavailable");
    assert_eq!(count_rows(&provider), before);
    let mut other = provider.signed_in(CHEN_TAO).await;
    grafana.login(&mut other).await;
    provider.advance(TimeDelta::seconds(20));
    grafana.login(&mut browser).await;
}

#[tokio::test]
async fn n64_a_prefetch_of_an_authorization_request_issues_no_code() {
    let provider = TestProvider::open().await;
    let keycloak = provider.client("keycloak");
    let mut browser = Browser::new();
    browser.get(keycloak.authorize_url(&[])).await;
    let launched = provider.launch(&mut browser, "keycloak", CHEN_TAO).await;
    let resume = launched.location().to_string();
    let before = count_rows(&provider);
    for url in [keycloak.authorize_url(&[]).to_string(), resume.clone()] {
        let prefetch = browser.send(Method::GET, &url, |request| {
            request.header("sec-purpose", "prefetch;prerender")
        });
        let answer = prefetch.await;
        assert_eq!(answer.status, 503, "{url}");
        assert_eq!(answer.set_cookies().len(), 0, "{url}");
    }
    assert_eq!(count_rows(&provider), before);
    let code = RelyingParty::code(&browser.get(&resume).await);
    assert_eq!(keycloak.redeem(&code).await.status, 200);
}

#[tokio::test]
async fn a_hint_that_is_none_does_not_use_the_ticket() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    for hint in ["garbage", "a.b.c"] {
        let changes = [("id_token_hint", hint), ("ticket", &*ticket)];
        let answer = Browser::new().get(grafana.authorize_url(&changes)).await;
        assert_sent(&answer, "invalid_request");
    }
    assert_eq!(provider.portal.calls().user_by_ticket, 0);
    let mut browser = Browser::new();
    let answer = browser
        .get(grafana.authorize_url(&[("ticket", &*ticket)]))
        .await;
    assert!(answer.parameter("code").is_some());
}

#[tokio::test]
async fn n60_launches_of_unknown_clients_count_against_the_address() {
    let limits = "[limits]\nexempt = []\nlaunches_per_minute = 3\n";
    let provider = TestProvider::open_with(limits, "").await;
    for path in ["/launch/nobody", "/launch/grafanna", "/launch/nobody/d/1"] {
        let answer = Browser::new().get(provider.at(path)).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let answer = Browser::new().get(provider.at("/launch/nobody")).await;
    assert_eq!(answer.status, 429);
}

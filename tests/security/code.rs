//! Pending requests, session handles, authorization codes and PKCE: N16, N17, N21 and N23 to N29,
//! docs/security.md.

use chrono::TimeDelta;
use reqwest::Method;

use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, VERIFIER};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::tools::{SESSION, assert_error_page, user_of};

#[track_caller]
fn assert_token_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.json()["error"], error, "{}", answer.body);
    assert!(answer.json()["access_token"].is_null());
}

/// The names of the pending requests that the browser keeps in cookies.
fn pending_requests(browser: &Browser) -> Vec<String> {
    let names = browser.cookies.keys();
    names
        .filter_map(|name| name.strip_prefix("panda-oidc-parked-"))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn n16_a_pending_request_is_resumed_only_in_its_own_browser() {
    let provider = TestProvider::open().await;
    let mut victim = Browser::new();
    victim
        .get(provider.client("keycloak").authorize_url(&[]))
        .await;
    let name = pending_requests(&victim).remove(0);
    let resume = provider.at(&format!("/resume/{name}"));

    let mut attacker = provider.signed_in(CHEN_TAO).await;
    assert_error_page(&attacker.get(&resume).await, 410, "without the cookie");
    let sealed = victim.cookies[&format!("panda-oidc-parked-{name}")].clone();
    let mut altered = vec![String::new(), "AAAA".to_owned(), sealed[1..].to_owned()];
    altered.push(sealed[..sealed.len() - 1].to_owned());
    altered.push(sealed[..sealed.len() / 2].to_owned());
    altered.push(format!("{sealed}A"));
    let mut flipped = sealed.clone().into_bytes();
    flipped[7] ^= 1;
    altered.push(String::from_utf8(flipped).unwrap());
    for value in altered {
        let cookie = format!("panda-oidc-parked-{name}");
        attacker.cookies.insert(cookie, value.clone());
        assert_error_page(&attacker.get(&resume).await, 410, &value);
    }
    attacker
        .cookies
        .insert("panda-oidc-parked-other".to_owned(), sealed.clone());
    let other = attacker.get(provider.at("/resume/other")).await;
    assert_error_page(&other, 410, "under another name");
    attacker
        .cookies
        .insert("panda-oidc-switch".to_owned(), sealed);
    let switch = attacker.get(provider.at("/switch")).await;
    assert_error_page(&switch, 410, "as another kind");
}

#[tokio::test]
async fn n16_a_pending_request_expires_after_ten_minutes() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    browser
        .get(provider.client("keycloak").authorize_url(&[]))
        .await;
    let name = pending_requests(&browser).remove(0);
    provider.advance(TimeDelta::minutes(10) + TimeDelta::seconds(1));
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_eq!(launched.location().port(), Some(3000));
    let resumed = browser.get(provider.at(&format!("/resume/{name}"))).await;
    assert_error_page(&resumed, 410, "too late");
}

#[tokio::test]
async fn n17_a_planted_session_handle_is_not_adopted() {
    let provider = TestProvider::open().await;
    let planted = "A".repeat(43);
    let mut victim = Browser::new();
    victim.cookies.insert(SESSION.to_owned(), planted.clone());
    assert_eq!(
        provider
            .launch(&mut victim, "grafana", CHEN_TAO)
            .await
            .status,
        303
    );
    assert_ne!(victim.cookies[SESSION], planted);
    let mut attacker = Browser::new();
    attacker.cookies.insert(SESSION.to_owned(), planted);
    assert_eq!(user_of(&provider, &mut attacker).await, None);
}

#[tokio::test]
async fn n17_each_login_gets_a_new_session_handle_and_the_old_one_expires() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let mut stolen = browser.clone();
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_ne!(browser.cookies[SESSION], stolen.cookies[SESSION]);
    provider.advance(TimeDelta::seconds(61));
    assert_eq!(user_of(&provider, &mut stolen).await, None);
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn n21_a_code_presented_twice_revokes_its_tokens() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut browser).await;
    let tokens = grafana.redeem(&code).await.json();
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(grafana.userinfo(access_token).await.status, 200);
    assert_token_error(&grafana.redeem(&code).await, 400, "invalid_grant");
    assert_eq!(grafana.userinfo(access_token).await.status, 401);
}

#[tokio::test]
async fn n23_a_code_is_valid_only_for_its_client_and_redirect_uri() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let (grafana, spa) = (provider.client("grafana"), provider.client("spa"));
    let code = grafana.login(&mut browser).await;
    let stranger = RelyingParty {
        redirect_uri: grafana.redirect_uri.clone(),
        ..spa.clone()
    };
    assert_token_error(&stranger.redeem(&code).await, 400, "invalid_grant");

    for uri in [
        "http://127.0.0.1:3000/login/generic_oauth/",
        "http://127.0.0.1:3000/LOGIN/generic_oauth",
        "http://evil.com/",
    ] {
        let code = grafana.login(&mut browser).await;
        let answer = grafana.redeem_with(&code, &[("redirect_uri", uri)]).await;
        assert_token_error(&answer, 400, "invalid_grant");
    }
    let code = grafana.login(&mut browser).await;
    let answer = grafana.redeem_with(&code, &[("redirect_uri", "")]).await;
    assert_token_error(&answer, 400, "invalid_request");

    let port = |port: u16| RelyingParty {
        redirect_uri: format!("http://127.0.0.1:{port}/callback"),
        ..spa.clone()
    };
    let code = port(50_001).login(&mut browser).await;
    assert_token_error(&port(50_002).redeem(&code).await, 400, "invalid_grant");
}

/// A code stands in addresses, so others see it. None of them can harm the login that it led to, or
/// will lead to.
#[tokio::test]
async fn n23_a_code_of_another_client_is_neither_spent_nor_revoked() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let (grafana, spa) = (provider.client("grafana"), provider.client("spa"));
    let url = grafana.authorize_url(&[("scope", "openid offline_access")]);
    let code = RelyingParty::code(&browser.get(url).await);
    assert_token_error(&spa.redeem(&code).await, 400, "invalid_grant");
    let redeemed = grafana.redeem(&code).await;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
    let tokens = redeemed.json();
    assert_token_error(&spa.redeem(&code).await, 400, "invalid_grant");
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(grafana.userinfo(access_token).await.status, 200);
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(grafana.refresh(refresh_token).await.status, 200);
}

#[tokio::test]
async fn n24_a_forged_or_truncated_code_is_refused() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut browser).await;
    let session = browser.cookies[SESSION].clone();
    for forged in [
        &code[..42],
        &code[1..],
        &format!("{code}A"),
        &format!("{code}="),
        &format!(" {code}"),
        &format!("{code}\0"),
        &code.to_uppercase(),
        &"A".repeat(43),
        &session,
        "' OR 1=1 --",
        "%",
    ] {
        let answer = grafana.redeem(forged).await;
        assert_token_error(&answer, 400, "invalid_grant");
    }
    assert_eq!(
        grafana.redeem(&code).await.status,
        200,
        "the forgeries did not spend the code"
    );
}

#[tokio::test]
async fn n25_n26_pkce_can_be_neither_dropped_nor_added() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut browser).await;
    let answer = grafana.redeem_with(&code, &[("code_verifier", "")]).await;
    assert_token_error(&answer, 400, "invalid_grant");

    let without_pkce = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = RelyingParty::code(&browser.get(grafana.authorize_url(&without_pkce)).await);
    assert_token_error(&grafana.redeem(&code).await, 400, "invalid_grant");

    for required in ["keycloak", "spa"] {
        let url = provider.client(required).authorize_url(&without_pkce);
        let answer = browser.get(url).await;
        assert_eq!(
            answer.parameter("error").as_deref(),
            Some("invalid_request")
        );
    }
}

#[tokio::test]
async fn n27_only_s256_challenges_are_accepted() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for changes in [
        [("code_challenge_method", ""), ("code_challenge", VERIFIER)],
        [
            ("code_challenge_method", "plain"),
            ("code_challenge", VERIFIER),
        ],
        [
            ("code_challenge_method", "s256"),
            ("code_challenge", VERIFIER),
        ],
        [
            ("code_challenge_method", "S256"),
            ("code_challenge", "short"),
        ],
        [("code_challenge_method", "S256"), ("code_challenge", "")],
    ] {
        let answer = browser.get(grafana.authorize_url(&changes)).await;
        assert_eq!(
            answer.parameter("error").as_deref(),
            Some("invalid_request")
        );
        assert_eq!(answer.parameter("code"), None);
    }
}

#[tokio::test]
async fn n28_a_wrong_verifier_burns_the_code_and_a_wrong_secret_does_not() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for verifier in [
        "a".repeat(43),
        "a".repeat(42),
        "a".repeat(129),
        "+".repeat(43),
    ] {
        let code = grafana.login(&mut browser).await;
        let wrong = grafana
            .redeem_with(&code, &[("code_verifier", &verifier)])
            .await;
        assert_token_error(&wrong, 400, "invalid_grant");
        assert_token_error(&grafana.redeem(&code).await, 400, "invalid_grant");
    }
    let code = grafana.login(&mut browser).await;
    for _ in 0..3 {
        let wrong = grafana
            .redeem_with(&code, &[("client_secret", "wrong")])
            .await;
        assert_token_error(&wrong, 401, "invalid_client");
    }
    assert_eq!(grafana.redeem(&code).await.status, 200);
}

#[tokio::test]
async fn n29_a_code_expires_after_a_minute() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let (early, late) = (
        grafana.login(&mut browser).await,
        grafana.login(&mut browser).await,
    );
    provider.advance(TimeDelta::seconds(59));
    assert_eq!(grafana.redeem(&early).await.status, 200);
    provider.advance(TimeDelta::seconds(1));
    assert_token_error(&grafana.redeem(&late).await, 400, "invalid_grant");
}

#[tokio::test]
async fn n28_a_client_that_tries_several_authentication_methods_keeps_its_code() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut browser).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &grafana.redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    let basic = |secret: &'static str| {
        move |request: reqwest::RequestBuilder| {
            request.basic_auth("grafana", Some(secret)).form(&form)
        }
    };
    let url = provider.at("/token");
    let wrong = Browser::new()
        .send(Method::POST, &url, basic("wrong"))
        .await;
    assert_token_error(&wrong, 401, "invalid_client");
    assert!(wrong.header("www-authenticate").starts_with("Basic"));
    let right = basic("grafana-secret-0123456789");
    assert_eq!(
        Browser::new().send(Method::POST, &url, right).await.status,
        200
    );
}

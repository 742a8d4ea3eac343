//! `POST /token` with an authorization code (RFC 6749 §4.1.3, §5): a code is redeemed once, by the
//! client it was issued to.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use crate::kit::{registered, registration, tokens};
use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, VERIFIER};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;

#[track_caller]
fn assert_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    let body = answer.json();
    assert_eq!(body["error"], error, "{body}");
    assert!(body["error_description"].is_string(), "{body}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn another_http_method_gets_a_json_error() {
    let provider = TestProvider::open().await;
    for (path, method) in [
        ("/token", reqwest::Method::GET),
        ("/token", reqwest::Method::PUT),
        ("/userinfo", reqwest::Method::DELETE),
        ("/.well-known/openid-configuration", reqwest::Method::POST),
        ("/jwks", reqwest::Method::PUT),
    ] {
        let answer = Browser::new()
            .send(method, provider.at(path), |request| request)
            .await;
        assert_error(&answer, 405, "invalid_request");
        assert!(!answer.header("allow").is_empty(), "{path}");
    }
}

/// Redeems `code` by `client_secret_basic`.
async fn redeem_with_basic(client: &RelyingParty, code: &str, credentials: &str) -> Answer {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &client.redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    let header = format!("Basic {}", BASE64_STANDARD.encode(credentials));
    Browser::new()
        .send(Method::POST, client.at("/token"), |request| {
            request.header("authorization", header).form(&form)
        })
        .await
}

/// A provider, the client `grafana`, and a code for it.
async fn provider_with_code() -> (TestProvider, RelyingParty, String) {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut provider.signed_in(CHEN_TAO).await).await;
    (provider, grafana, code)
}

#[tokio::test]
async fn the_response_follows_rfc6749_5_1() {
    let (_provider, grafana, code) = provider_with_code().await;
    let answer = grafana.redeem(&code).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    assert_eq!(body["scope"], "openid profile phone");
    assert!(
        body.get("refresh_token").is_none(),
        "offline_access was not requested"
    );
}

#[tokio::test]
async fn a_secret_is_accepted_in_the_body_or_in_the_header_encoded_or_not() {
    let provider = TestProvider::open_with(
        &registration("app.1", "").replace("another-secret-0123456789", "s+ecret%2B:01234567/="),
        "",
    )
    .await;
    let app = RelyingParty {
        client_secret: Some("s+ecret%2B:01234567/=".to_owned()),
        ..registered(&provider, "app.1")
    };
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let in_body = app.redeem(&app.login(&mut browser).await).await;
    assert_eq!(in_body.status, 200, "{}", in_body.body);
    for credentials in [
        "app.1:s+ecret%2B:01234567/=",
        "app.1:s%2Becret%252B%3A01234567%2F%3D",
        "app%2E1:s%2Becret%252B%3A01234567%2F%3D",
    ] {
        let code = app.login(&mut browser).await;
        let answer = redeem_with_basic(&app, &code, credentials).await;
        assert_eq!(answer.status, 200, "{credentials}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_client_authenticates_only_with_its_registered_method() {
    let only = |method| registration(method, &format!("token_endpoint_auth_method = '{method}'"));
    let both = only("client_secret_basic") + &only("client_secret_post");
    let provider = TestProvider::open_with(&both, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for (method, basic_status, post_status) in [
        ("client_secret_basic", 200, 401),
        ("client_secret_post", 401, 200),
    ] {
        let client = registered(&provider, method);
        let credentials = format!("{method}:{}", client.client_secret.as_ref().unwrap());
        let code = client.login(&mut browser).await;
        assert_eq!(
            redeem_with_basic(&client, &code, &credentials).await.status,
            basic_status
        );
        let code = client.login(&mut browser).await;
        assert_eq!(client.redeem(&code).await.status, post_status, "{method}");
    }
}

#[tokio::test]
async fn a_public_client_sends_its_id_and_no_secret() {
    let provider = TestProvider::open().await;
    let spa = provider.client("spa");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let code = spa.login(&mut browser).await;
    let with_secret = spa.redeem_with(&code, &[("client_secret", "x")]).await;
    assert_error(&with_secret, 401, "invalid_client");
    assert_eq!(spa.redeem(&code).await.status, 200);
}

#[tokio::test]
async fn a_failed_client_authentication_does_not_use_the_code() {
    let (_provider, grafana, code) = provider_with_code().await;
    // Grafana tries the header first, and then the body, with the same code.
    let wrong = redeem_with_basic(&grafana, &code, "grafana:wrong").await;
    assert_error(&wrong, 401, "invalid_client");
    let challenge = wrong.header("www-authenticate");
    assert!(challenge.starts_with("Basic realm="), "{challenge}");
    // RFC 6749 §5.2: the challenge is only for a client that used the header.
    for secret in ["", "wrong"] {
        let posted = [("client_secret", secret)];
        let answer = grafana.redeem_with(&code, &posted).await;
        assert_error(&answer, 401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), "", "{secret}");
    }
    let redeemed = grafana.redeem(&code).await;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
}

#[tokio::test]
async fn an_unknown_client_gets_the_same_error_as_a_wrong_secret() {
    let (_provider, grafana, code) = provider_with_code().await;
    let wrong_secret = grafana.redeem_with(&code, &[("client_secret", "x")]).await;
    let unknown = grafana.redeem_with(&code, &[("client_id", "nobody")]).await;
    assert_error(&unknown, 401, "invalid_client");
    assert_eq!(unknown.json(), wrong_secret.json());
}

#[tokio::test]
async fn a_malformed_request_gets_its_error_and_does_not_use_the_code() {
    let (_provider, grafana, code) = provider_with_code().await;
    for (changes, error) in [
        ([("grant_type", "")], "invalid_request"),
        ([("grant_type", "password")], "unsupported_grant_type"),
        (
            [("grant_type", "client_credentials")],
            "unauthorized_client",
        ),
        ([("code", "")], "invalid_request"),
        ([("redirect_uri", "")], "invalid_request"),
    ] {
        let answer = grafana.redeem_with(&code, &changes).await;
        assert_error(&answer, 400, error);
    }
    assert_eq!(grafana.redeem(&code).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_not_a_form_is_an_invalid_request() {
    let (provider, grafana, code) = provider_with_code().await;
    let fields = json!({
        "grant_type": "authorization_code", "code": code, "client_id": "grafana",
        "client_secret": grafana.client_secret, "redirect_uri": grafana.redirect_uri,
        "code_verifier": VERIFIER,
    });
    let answer = Browser::new()
        .send(Method::POST, provider.at("/token"), |request| {
            request.json(&fields)
        })
        .await;
    assert_error(&answer, 400, "invalid_request");
}

#[tokio::test]
async fn unknown_parameters_and_a_charset_are_ignored() {
    let (_provider, grafana, code) = provider_with_code().await;
    let form = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={VERIFIER}\
         &client_id=grafana&client_secret={}&audience=x&scope=openid",
        grafana.redirect_uri,
        grafana.client_secret.as_ref().unwrap(),
    );
    let answer = Browser::new()
        .send(Method::POST, grafana.at("/token"), |request| {
            let media_type = "application/x-www-form-urlencoded; charset=UTF-8";
            request.header("content-type", media_type).body(form)
        })
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn the_redirect_uri_must_be_repeated_exactly() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for other in [
        "http://127.0.0.1:3000/login/generic_oauth/",
        "http://127.0.0.1:3000/login/generic_oauth?",
        "http://127.0.0.1:3000/login/Generic_oauth",
        "https://127.0.0.1:3000/login/generic_oauth",
    ] {
        let code = grafana.login(&mut browser).await;
        let answer = grafana.redeem_with(&code, &[("redirect_uri", other)]).await;
        assert_error(&answer, 400, "invalid_grant");
    }
}

#[tokio::test]
async fn n29_a_code_expires_after_a_minute() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let code = grafana.login(&mut browser).await;
    provider.advance(TimeDelta::seconds(59));
    assert_eq!(grafana.redeem(&code).await.status, 200);
    let code = grafana.login(&mut browser).await;
    provider.advance(TimeDelta::seconds(60) + TimeDelta::milliseconds(1));
    assert_error(&grafana.redeem(&code).await, 400, "invalid_grant");
}

#[tokio::test]
async fn n23_another_client_cannot_redeem_a_code() {
    let provider = TestProvider::open_with(&registration("other", ""), "").await;
    let (grafana, other) = (provider.client("grafana"), registered(&provider, "other"));
    let code = grafana.login(&mut provider.signed_in(CHEN_TAO).await).await;
    let uri = [("redirect_uri", grafana.redirect_uri.as_str())];
    let answer = other.redeem_with(&code, &uri).await;
    assert_error(&answer, 400, "invalid_grant");
}

#[tokio::test]
async fn n21_a_code_presented_twice_revokes_its_tokens() {
    let (_provider, grafana, code) = provider_with_code().await;
    let first = grafana.redeem(&code).await.json();
    let access_token = first["access_token"].as_str().unwrap();
    assert_eq!(grafana.userinfo(access_token).await.status, 200);
    assert_error(&grafana.redeem(&code).await, 400, "invalid_grant");
    let userinfo = grafana.userinfo(access_token).await;
    assert_eq!(userinfo.status, 401);
    assert_eq!(userinfo.json()["error"], "invalid_token");
}

#[tokio::test]
async fn a_code_presented_twice_does_not_revoke_other_grants_of_the_session() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let kept = tokens(&grafana, &mut browser).await;
    let code = grafana.login(&mut browser).await;
    grafana.redeem(&code).await;
    assert_error(&grafana.redeem(&code).await, 400, "invalid_grant");
    let kept = kept["access_token"].as_str().unwrap();
    assert_eq!(grafana.userinfo(kept).await.status, 200);
}

#[tokio::test]
async fn a_code_expires_with_its_session() {
    let (provider, grafana, _) = provider_with_code().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::hours(12) - TimeDelta::seconds(10));
    let code = grafana.login(&mut browser).await;
    provider.advance(TimeDelta::seconds(11));
    assert_error(&grafana.redeem(&code).await, 400, "invalid_grant");
}

#[tokio::test]
async fn only_post_is_allowed_and_the_allow_header_says_so() {
    let provider = TestProvider::open().await;
    let answer = Browser::new().get(provider.at("/token")).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), "POST", "RFC 9110 §15.5.6: MUST");
}

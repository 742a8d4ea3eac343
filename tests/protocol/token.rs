//! `POST /token`: a code becomes tokens, once, for the client it was given to (RFC 6749 §4.1.3,
//! §5).

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
fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    let body = answer.json();
    assert_eq!(body["error"], error, "{body}");
    assert!(body["error_description"].is_string(), "{body}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn another_method_is_told_to_the_client_as_it_reads() {
    let provider = TestProvider::open().await;
    for (path, method) in [
        ("/token", reqwest::Method::GET),
        ("/token", reqwest::Method::PUT),
        ("/userinfo", reqwest::Method::DELETE),
    ] {
        let answer = Browser::new()
            .send(method, provider.at(path), |request| request)
            .await;
        refused(&answer, 405, "invalid_request");
        assert!(answer.header("allow").contains("POST"), "{path}");
    }
}

/// Redeems by `client_secret_basic`, with these credentials.
async fn basic(client: &RelyingParty, code: &str, credentials: &str) -> Answer {
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
async fn coded() -> (TestProvider, RelyingParty, String) {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut provider.signed_in(CHEN_TAO).await).await;
    (provider, grafana, code)
}

#[tokio::test]
async fn the_answer_is_what_rfc6749_5_1_says() {
    let (_house, grafana, code) = coded().await;
    let answer = grafana.redeem(&code).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    assert_eq!(body["scope"], "openid profile phone");
    assert!(body.get("refresh_token").is_none(), "nobody asked for one");
}

#[tokio::test]
async fn a_secret_comes_in_the_body_or_in_the_header_encoded_or_not() {
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
        let answer = basic(&app, &code, credentials).await;
        assert_eq!(answer.status, 200, "{credentials}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_client_registered_for_one_method_proves_itself_by_no_other() {
    let only = |method| registration(method, &format!("token_endpoint_auth_method = '{method}'"));
    let both = only("client_secret_basic") + &only("client_secret_post");
    let provider = TestProvider::open_with(&both, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for (method, by_header, by_body) in [
        ("client_secret_basic", 200, 401),
        ("client_secret_post", 401, 200),
    ] {
        let client = registered(&provider, method);
        let credentials = format!("{method}:{}", client.client_secret.as_ref().unwrap());
        let code = client.login(&mut browser).await;
        assert_eq!(basic(&client, &code, &credentials).await.status, by_header);
        let code = client.login(&mut browser).await;
        assert_eq!(client.redeem(&code).await.status, by_body, "{method}");
    }
}

#[tokio::test]
async fn a_public_client_names_itself_and_proves_nothing() {
    let provider = TestProvider::open().await;
    let spa = provider.client("spa");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let code = spa.login(&mut browser).await;
    let with_secret = spa.redeem_with(&code, &[("client_secret", "x")]).await;
    refused(&with_secret, 401, "invalid_client");
    assert_eq!(spa.redeem(&code).await.status, 200);
}

#[tokio::test]
async fn a_failed_authentication_says_how_to_do_it_and_leaves_the_code_alone() {
    let (_house, grafana, code) = coded().await;
    // Grafana tries the header first, and then the body, with the same code.
    let wrong = basic(&grafana, &code, "grafana:wrong").await;
    refused(&wrong, 401, "invalid_client");
    let challenge = wrong.header("www-authenticate");
    assert!(challenge.starts_with("Basic realm="), "{challenge}");
    // RFC 6749 §5.2: only to whoever used the header.
    for secret in ["", "wrong"] {
        let posted = [("client_secret", secret)];
        let answer = grafana.redeem_with(&code, &posted).await;
        refused(&answer, 401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), "", "{secret}");
    }
    let redeemed = grafana.redeem(&code).await;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
}

#[tokio::test]
async fn a_client_nobody_registered_is_refused_in_the_same_words() {
    let (_house, grafana, code) = coded().await;
    let wrong = grafana.redeem_with(&code, &[("client_secret", "x")]).await;
    let nobody = grafana.redeem_with(&code, &[("client_id", "nobody")]).await;
    refused(&nobody, 401, "invalid_client");
    assert_eq!(nobody.json(), wrong.json());
}

#[tokio::test]
async fn a_malformed_request_is_refused_by_its_code_and_spends_nothing() {
    let (_house, grafana, code) = coded().await;
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
        refused(&answer, 400, error);
    }
    assert_eq!(grafana.redeem(&code).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_no_form_is_an_invalid_request() {
    let (provider, grafana, code) = coded().await;
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
    refused(&answer, 400, "invalid_request");
}

#[tokio::test]
async fn unknown_parameters_and_a_charset_do_no_harm() {
    let (_house, grafana, code) = coded().await;
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
async fn the_redirect_uri_is_repeated_to_the_letter() {
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
        refused(&answer, 400, "invalid_grant");
    }
}

#[tokio::test]
async fn n29_a_code_lives_for_a_minute() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let code = grafana.login(&mut browser).await;
    provider.advance(TimeDelta::seconds(59));
    assert_eq!(grafana.redeem(&code).await.status, 200);
    let code = grafana.login(&mut browser).await;
    provider.advance(TimeDelta::seconds(60) + TimeDelta::milliseconds(1));
    refused(&grafana.redeem(&code).await, 400, "invalid_grant");
}

#[tokio::test]
async fn n23_a_code_is_worth_nothing_to_another_client() {
    let provider = TestProvider::open_with(&registration("other", ""), "").await;
    let (grafana, other) = (provider.client("grafana"), registered(&provider, "other"));
    let code = grafana.login(&mut provider.signed_in(CHEN_TAO).await).await;
    let uri = [("redirect_uri", grafana.redirect_uri.as_str())];
    let answer = other.redeem_with(&code, &uri).await;
    refused(&answer, 400, "invalid_grant");
}

#[tokio::test]
async fn n21_a_code_used_twice_takes_back_what_it_gave() {
    let (_house, grafana, code) = coded().await;
    let first = grafana.redeem(&code).await.json();
    let access_token = first["access_token"].as_str().unwrap();
    assert_eq!(grafana.userinfo(access_token).await.status, 200);
    refused(&grafana.redeem(&code).await, 400, "invalid_grant");
    let userinfo = grafana.userinfo(access_token).await;
    assert_eq!(userinfo.status, 401);
    assert_eq!(userinfo.json()["error"], "invalid_token");
}

#[tokio::test]
async fn one_code_taken_back_leaves_the_others_of_the_session_alone() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let kept = tokens(&grafana, &mut browser).await;
    let code = grafana.login(&mut browser).await;
    grafana.redeem(&code).await;
    refused(&grafana.redeem(&code).await, 400, "invalid_grant");
    let kept = kept["access_token"].as_str().unwrap();
    assert_eq!(grafana.userinfo(kept).await.status, 200);
}

#[tokio::test]
async fn a_code_dies_with_the_session_it_came_from() {
    let (provider, grafana, _) = coded().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::hours(12) - TimeDelta::seconds(10));
    let code = grafana.login(&mut browser).await;
    provider.advance(TimeDelta::seconds(11));
    refused(&grafana.redeem(&code).await, 400, "invalid_grant");
}

#[tokio::test]
async fn it_takes_posts_alone_and_says_so() {
    let provider = TestProvider::open().await;
    let answer = Browser::new().get(provider.at("/token")).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), "POST", "RFC 9110 §15.5.6: MUST");
}

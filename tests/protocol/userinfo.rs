//! `/userinfo` (OIDC Core §5.3, RFC 6750): the user claims of the ID token, for the holder of an access
//! token.

use std::fs;

use chrono::TimeDelta;
use panda_oidc_panda::simulator::Person;
use reqwest::Method;
use serde_json::Value;

use crate::kit::{registered, registration, tokens, tokens_of};
use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::support::provider::TestProvider;

fn access_token(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

async fn with_header(provider: &TestProvider, method: Method, header: &str) -> Answer {
    Browser::new()
        .send(method, provider.at("/userinfo"), |request| {
            request.header("authorization", header)
        })
        .await
}

#[track_caller]
fn assert_challenge(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    let challenge = answer.header("www-authenticate");
    let expected = format!("Bearer realm=\"panda-oidc\", error=\"{error}\"");
    assert!(challenge.starts_with(&expected), "{challenge}");
}

#[tokio::test]
async fn it_has_the_same_user_claims_as_the_id_token() {
    let provider = TestProvider::open().await;
    provider
        .portal
        .add_user(Person::new(7, "欧阳 \"震\"", "0571-8888 1234"));
    let mut browser = provider.signed_in(7).await;
    let grafana = provider.client("grafana");
    for scope in [
        "openid",
        "openid profile",
        "openid phone",
        "openid profile phone",
    ] {
        let url = grafana.authorize_url(&[("scope", scope)]);
        let code = RelyingParty::code(&browser.get(url).await);
        let tokens = grafana.redeem(&code).await.json();
        let mut expected = claims(tokens["id_token"].as_str().unwrap());
        let members = expected.as_object_mut().unwrap();
        for token_claim in [
            "iss",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "at_hash",
            "sid",
        ] {
            members.remove(token_claim).unwrap();
        }
        let userinfo = grafana.userinfo(access_token(&tokens)).await;
        assert_eq!(userinfo.json(), expected, "{scope}");
    }
}

#[tokio::test]
async fn the_response_is_json_and_is_not_cached() {
    let provider = TestProvider::open().await;
    let tokens = tokens_of(&provider, "grafana").await;
    let answer = provider
        .client("grafana")
        .userinfo(access_token(&tokens))
        .await;
    assert_eq!(answer.status, 200);
    // Keycloak compares the whole header value.
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_token_is_accepted_in_the_header_or_in_a_posted_form() {
    let provider = TestProvider::open().await;
    let tokens = tokens_of(&provider, "grafana").await;
    let token = access_token(&tokens);
    for method in [Method::GET, Method::POST] {
        for scheme in ["Bearer", "bearer"] {
            let header = format!("{scheme} {token}");
            let answer = with_header(&provider, method.clone(), &header).await;
            assert_eq!(answer.json()["sub"], "1", "{method} {scheme}");
        }
    }
    let form = [("access_token", token)];
    let answer = Browser::new().post(provider.at("/userinfo"), &form).await;
    assert_eq!(answer.json()["sub"], "1");
}

/// RFC 6750 §2.2: "The entity-body … `application/x-www-form-urlencoded`".
#[tokio::test]
async fn a_token_in_the_body_needs_the_content_type_of_a_form() {
    let provider = TestProvider::open().await;
    let tokens = tokens_of(&provider, "grafana").await;
    let body = format!("access_token={}", access_token(&tokens));
    for content_type in ["text/plain", "application/json", ""] {
        let answer = Browser::new()
            .send(Method::POST, provider.at("/userinfo"), |request| {
                request
                    .header("content-type", content_type)
                    .body(body.clone())
            })
            .await;
        assert_eq!(answer.status, 401, "{content_type}");
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, "Bearer realm=\"panda-oidc\"", "{content_type}");
    }
}

#[tokio::test]
async fn a_token_in_the_url_is_ignored() {
    let provider = TestProvider::open().await;
    let tokens = tokens_of(&provider, "grafana").await;
    let url = provider.at(&format!("/userinfo?access_token={}", access_token(&tokens)));
    assert_eq!(Browser::new().get(url).await.status, 401);
}

#[tokio::test]
async fn a_request_without_a_token_gets_a_challenge_without_an_error() {
    let provider = TestProvider::open().await;
    for method in [Method::GET, Method::POST] {
        let answer = Browser::new()
            .send(method, provider.at("/userinfo"), |request| request)
            .await;
        assert_eq!(answer.status, 401);
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, "Bearer realm=\"panda-oidc\"", "RFC 6750 §3.1");
    }
}

#[tokio::test]
async fn a_malformed_token_is_an_invalid_token() {
    let provider = TestProvider::open().await;
    let tokens = tokens_of(&provider, "grafana").await;
    let truncated = &access_token(&tokens)[..access_token(&tokens).len() - 4];
    for token in ["nonsense", "a.b.c", truncated] {
        let answer = with_header(&provider, Method::GET, &format!("Bearer {token}")).await;
        assert_challenge(&answer, 401, "invalid_token");
    }
}

#[tokio::test]
async fn two_tokens_or_another_scheme_are_an_invalid_request_with_a_challenge() {
    let provider = TestProvider::open().await;
    let tokens = tokens_of(&provider, "grafana").await;
    let token = access_token(&tokens);
    let two_tokens = Browser::new()
        .send(Method::POST, provider.at("/userinfo"), |request| {
            request.bearer_auth(token).form(&[("access_token", token)])
        })
        .await;
    assert_eq!(two_tokens.status, 400);
    assert_eq!(two_tokens.json()["error"], "invalid_request");
    // RFC 6750 §3: a response to a request without an access token "MUST include" a challenge.
    let basic_scheme = with_header(&provider, Method::GET, "Basic Zm9vOmJhcg==").await;
    assert_challenge(&basic_scheme, 400, "invalid_request");
}

#[tokio::test]
async fn a_token_expires_to_the_second() {
    let lines = "access_token_lifetime = '15m'";
    let provider = TestProvider::open_with(&registration("short", lines), "").await;
    let short = registered(&provider, "short");
    let tokens = tokens(&short, &mut provider.signed_in(CHEN_TAO).await).await;
    provider.advance(TimeDelta::seconds(899));
    assert_eq!(short.userinfo(access_token(&tokens)).await.status, 200);
    provider.advance(TimeDelta::seconds(1));
    let answer = short.userinfo(access_token(&tokens)).await;
    assert_challenge(&answer, 401, "invalid_token");
}

#[tokio::test]
async fn a_token_from_a_code_redeemed_late_has_its_full_lifetime() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut provider.signed_in(CHEN_TAO).await).await;
    provider.advance(TimeDelta::seconds(59));
    let tokens = grafana.redeem(&code).await.json();
    provider.advance(TimeDelta::seconds(3599));
    assert_eq!(grafana.userinfo(access_token(&tokens)).await.status, 200);
}

#[tokio::test]
async fn a_token_expires_with_its_session() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::hours(12) - TimeDelta::minutes(1));
    let tokens = tokens(&grafana, &mut browser).await;
    provider.advance(TimeDelta::minutes(2));
    let answer = grafana.userinfo(access_token(&tokens)).await;
    assert_challenge(&answer, 401, "invalid_token");
}

#[tokio::test]
async fn a_token_without_the_scope_openid_is_insufficient() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let url = grafana.authorize_url(&[("scope", "user:email")]);
    let code = RelyingParty::code(&browser.get(url).await);
    let tokens = grafana.redeem(&code).await.json();
    let answer = grafana.userinfo(access_token(&tokens)).await;
    assert_challenge(&answer, 403, "insufficient_scope");
}

#[tokio::test]
async fn it_has_the_latest_name_from_the_portal() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let tokens = tokens(&grafana, &mut browser).await;
    provider.portal.rename_user(CHEN_TAO, "陈涛涛");
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let answer = grafana.userinfo(access_token(&tokens)).await;
    assert_eq!(answer.json()["name"], "陈涛涛");
}

#[tokio::test]
async fn a_token_of_a_client_that_was_removed_is_invalid() {
    let provider = TestProvider::open().await;
    let guest = registration("guest", "");
    let mut program = Program::start(provider.portal.url().as_str(), &guest).await;
    let mut browser = Browser::new();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    browser
        .get(program.at(&format!("/launch/app?ticket={ticket}")))
        .await;
    let (mut guest_app, app) = (registered(&provider, "guest"), program.client());
    guest_app.issuer.clone_from(&program.issuer);
    let of_guest = tokens(&guest_app, &mut browser).await;
    let of_app = tokens(&app, &mut browser).await;
    let file = program.folder().join("panda-oidc.toml");
    let without = fs::read_to_string(&file).unwrap().replace(&guest, "");
    fs::write(&file, without).unwrap();
    program.restart().await;
    assert_eq!(app.userinfo(access_token(&of_app)).await.status, 200);
    let refused = guest_app.userinfo(access_token(&of_guest)).await;
    assert_challenge(&refused, 401, "invalid_token");
}

//! Introspection: RFC 7662.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::kit::{registered, registration, tokens};
use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;

async fn offline(client: &RelyingParty, browser: &mut Browser) -> Value {
    let url = client.authorize_url(&[("scope", "openid profile offline_access")]);
    let code = RelyingParty::code(&browser.get(url).await);
    client.redeem(&code).await.json()
}

async fn introspected(client: &RelyingParty, token: &Value) -> Value {
    let answer = client
        .post_token("/introspect", token.as_str().unwrap())
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

#[tokio::test]
async fn the_response_for_an_access_token_agrees_with_its_claims() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let tokens = offline(&grafana, &mut provider.signed_in(CHEN_TAO).await).await;
    let response = introspected(&grafana, &tokens["access_token"]).await;
    let token_claims = claims(tokens["access_token"].as_str().unwrap());
    for member in [
        "iss",
        "sub",
        "aud",
        "client_id",
        "exp",
        "iat",
        "jti",
        "scope",
        "auth_time",
    ] {
        assert_eq!(response[member], token_claims[member], "{member}");
    }
    assert_eq!(response["active"], true);
    assert_eq!(response["token_type"], "Bearer");
    assert_eq!(response["username"], "1");
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(response["sid"], id_token["sid"]);
}

#[tokio::test]
async fn a_refresh_token_is_active_until_it_is_used() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let first = offline(&grafana, &mut provider.signed_in(CHEN_TAO).await).await;
    let response = introspected(&grafana, &first["refresh_token"]).await;
    assert_eq!(response["active"], true);
    assert_eq!(response["exp"], 1_800_000_000 + 30 * 24 * 3600);
    assert_eq!(response.get("token_type"), None);
    let used = first["refresh_token"].as_str().unwrap();
    let second = grafana.refresh(used).await.json();
    let response = introspected(&grafana, &first["refresh_token"]).await;
    assert_eq!(response, json!({"active": false}));
    let response = introspected(&grafana, &second["refresh_token"]).await;
    assert_eq!(response["active"], true, "asking has done it no harm");
}

#[tokio::test]
async fn an_expired_or_unknown_token_is_only_inactive() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let tokens = offline(&grafana, &mut browser).await;
    let code = grafana.login(&mut browser).await;
    for token in [
        &json!("x"),
        &json!("A".repeat(64)),
        &json!(code),
        &tokens["id_token"],
    ] {
        assert_eq!(
            introspected(&grafana, token).await,
            json!({"active": false})
        );
    }
    provider.advance(TimeDelta::hours(1));
    let response = introspected(&grafana, &tokens["access_token"]).await;
    assert_eq!(response, json!({"active": false}));
}

#[tokio::test]
async fn a_resource_server_may_introspect_tokens_for_its_audience() {
    let clients = registration("app", "access_token_audience = ['https://api', 'billing']")
        + &registration("api", "resources = ['https://api']")
        + &registration("billing", "")
        + &registration("other", "resources = ['https://api/v2']");
    let provider = TestProvider::open_with(&clients, "").await;
    let tokens = tokens(
        &registered(&provider, "app"),
        &mut provider.signed_in(CHEN_TAO).await,
    )
    .await;
    for (client_id, active) in [("api", true), ("billing", true), ("other", false)] {
        let response =
            introspected(&registered(&provider, client_id), &tokens["access_token"]).await;
        assert_eq!(response["active"], active, "{client_id}");
    }
}

#[tokio::test]
async fn a_request_without_a_token_or_a_proof_is_refused() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let answer = grafana.post_token("/introspect", "").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"], "invalid_request");
    let answer = provider.client("spa").post_token("/introspect", "x").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["error"], "invalid_client");
    let answer = Browser::new().get(provider.at("/introspect?token=x")).await;
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn a_refresh_token_expires_with_its_session_or_family() {
    let lines = "refresh_token = 'always'\nrefresh_token_lifetime = '20h'";
    let provider = TestProvider::open_with(&registration("app", lines), "").await;
    let app = registered(&provider, "app");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let session_bound = tokens(&app, &mut browser).await;
    let response = introspected(&app, &session_bound["refresh_token"]).await;
    assert_eq!(
        response["exp"],
        1_800_000_000 + 12 * 3600,
        "the session's end"
    );
    let offline_tokens = offline(&app, &mut browser).await;
    let response = introspected(&app, &offline_tokens["refresh_token"]).await;
    assert_eq!(
        response["exp"],
        1_800_000_000 + 20 * 3600,
        "the family's end"
    );
}

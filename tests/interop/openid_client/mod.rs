//! npm `openid-client`, the strictest of the client libraries, with all its checks switched on.

mod stage;

use serde_json::Value;
use stage::Stage;

/// The claims are Chen Tao's.
#[track_caller]
fn chen_tao(claims: &Value) {
    assert_eq!(claims["sub"], "1", "{claims}");
    assert_eq!(claims["name"], "陈涛", "{claims}");
}

async fn logs_in(authentication: &str, alg: &str) {
    let stage = Stage::set(authentication, alg, "").await;
    let saw = stage.play("login").await;
    assert_eq!(saw["claims"]["iss"], stage.issuer());
    assert_eq!(saw["claims"]["aud"], "node");
    chen_tao(&saw["claims"]);
    chen_tao(&saw["userinfo"]);
}

#[tokio::test]
async fn it_logs_in_with_its_secret_in_the_header() {
    logs_in("client_secret_basic", "RS256").await;
}

#[tokio::test]
async fn it_logs_in_with_its_secret_in_the_body() {
    logs_in("client_secret_post", "PS256").await;
}

#[tokio::test]
async fn it_logs_in_with_an_assertion_signed_by_its_secret() {
    logs_in("client_secret_jwt", "EdDSA").await;
}

#[tokio::test]
async fn it_logs_in_with_an_assertion_signed_by_a_key_it_publishes() {
    logs_in("private_key_jwt", "ES256").await;
}

#[tokio::test]
async fn it_refuses_an_answer_of_another_issuer_or_to_another_question() {
    let stage = Stage::set("client_secret_basic", "RS256", "").await;
    chen_tao(&stage.play("strict").await["claims"]);
}

#[tokio::test]
async fn it_refreshes_and_refreshes_again() {
    let stage = Stage::set("client_secret_basic", "ES256", "").await;
    chen_tao(&stage.play("refresh").await["claims"]);
}

#[tokio::test]
async fn it_verifies_signed_userinfo() {
    let signed = "userinfo_signed_response_alg = 'ES256'";
    let stage = Stage::set("client_secret_basic", "RS256", signed).await;
    let saw = stage.play("signed_userinfo").await;
    chen_tao(&saw["userinfo"]);
    assert_eq!(saw["userinfo"]["iss"], stage.issuer());
}

#[tokio::test]
async fn it_introspects_and_revokes() {
    let stage = Stage::set("client_secret_post", "RS256", "").await;
    let saw = stage.play("revoke").await;
    assert_eq!(saw["before"]["active"], true);
    assert_eq!(saw["before"]["sub"], "1");
    assert_eq!(saw["before"]["client_id"], "node");
    assert_eq!(saw["after"], serde_json::json!({"active": false}));
}

#[tokio::test]
async fn it_is_posted_codes_and_errors() {
    let stage = Stage::set("client_secret_basic", "RS256", "").await;
    chen_tao(&stage.play("form_post").await["claims"]);
}

#[tokio::test]
async fn it_hears_that_nobody_is_signed_in() {
    let stage = Stage::set("client_secret_basic", "RS256", "").await;
    chen_tao(&stage.play("silence").await["claims"]);
}

#[tokio::test]
async fn it_ends_the_session_and_another_application_is_told() {
    let stage = Stage::set("client_secret_basic", "ES256", "").await;
    let saw = stage.play("logout").await;
    chen_tao(&saw["claims"]);
    assert_eq!(saw["logout_token"]["sub"], "1");
    assert_eq!(saw["logout_token"]["aud"], "node");
}

//! npm `openid-client`, the strictest of the client libraries, with all its checks on.

mod stage;

use serde_json::Value;
use stage::Stage;

/// Checks that the claims are those of Chen Tao.
#[track_caller]
fn assert_chen_tao(claims: &Value) {
    assert_eq!(claims["sub"], "1", "{claims}");
    assert_eq!(claims["name"], "陈涛", "{claims}");
}

async fn test_login(authentication: &str, alg: &str) {
    let stage = Stage::start(authentication, alg, "").await;
    let result = stage.run("login").await;
    assert_eq!(result["claims"]["iss"], stage.issuer());
    assert_eq!(result["claims"]["aud"], "node");
    assert_chen_tao(&result["claims"]);
    assert_chen_tao(&result["userinfo"]);
}

#[tokio::test]
async fn it_logs_in_with_its_secret_in_the_header() {
    test_login("client_secret_basic", "RS256").await;
}

#[tokio::test]
async fn it_logs_in_with_its_secret_in_the_body() {
    test_login("client_secret_post", "PS256").await;
}

#[tokio::test]
async fn it_logs_in_with_an_assertion_signed_by_its_secret() {
    test_login("client_secret_jwt", "EdDSA").await;
}

#[tokio::test]
async fn it_logs_in_with_an_assertion_signed_by_a_key_it_publishes() {
    test_login("private_key_jwt", "ES256").await;
}

#[tokio::test]
async fn it_refuses_a_response_with_another_issuer_or_state() {
    let stage = Stage::start("client_secret_basic", "RS256", "").await;
    assert_chen_tao(&stage.run("strict").await["claims"]);
}

#[tokio::test]
async fn it_refreshes_and_refreshes_again() {
    let stage = Stage::start("client_secret_basic", "ES256", "").await;
    assert_chen_tao(&stage.run("refresh").await["claims"]);
}

#[tokio::test]
async fn it_verifies_signed_userinfo() {
    let signed = "userinfo_signed_response_alg = 'ES256'";
    let stage = Stage::start("client_secret_basic", "RS256", signed).await;
    let result = stage.run("signed_userinfo").await;
    assert_chen_tao(&result["userinfo"]);
    assert_eq!(result["userinfo"]["iss"], stage.issuer());
}

#[tokio::test]
async fn it_introspects_and_revokes() {
    let stage = Stage::start("client_secret_post", "RS256", "").await;
    let result = stage.run("revoke").await;
    assert_eq!(result["before"]["active"], true);
    assert_eq!(result["before"]["sub"], "1");
    assert_eq!(result["before"]["client_id"], "node");
    assert_eq!(result["after"], serde_json::json!({"active": false}));
}

#[tokio::test]
async fn it_gets_codes_and_errors_by_form_post() {
    let stage = Stage::start("client_secret_basic", "RS256", "").await;
    assert_chen_tao(&stage.run("form_post").await["claims"]);
}

#[tokio::test]
async fn it_gets_login_required_for_prompt_none_without_a_session() {
    let stage = Stage::start("client_secret_basic", "RS256", "").await;
    assert_chen_tao(&stage.run("silence").await["claims"]);
}

#[tokio::test]
async fn it_gets_a_logout_token_after_another_application_ends_the_session() {
    let stage = Stage::start("client_secret_basic", "ES256", "").await;
    let result = stage.run("logout").await;
    assert_chen_tao(&result["claims"]);
    assert_eq!(result["logout_token"]["sub"], "1");
    assert_eq!(result["logout_token"]["aud"], "node");
}

//! JWT access tokens, which any service can verify with the JWKS (RFC 9068).

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::kit::{registered, registration, tokens, tokens_of, verified};
use crate::support::CHEN_TAO;
use crate::support::app::header;
use crate::support::provider::TestProvider;

const NOW: i64 = 1_800_000_000;

fn access_token(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

#[tokio::test]
async fn an_access_token_has_the_claims_of_section_2_2() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::seconds(90));
    let tokens = tokens(&provider.client("keycloak"), &mut browser).await;
    let mut claims = verified(&provider, access_token(&tokens)).await;
    let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert!(jti.as_str().unwrap().len() >= 22, "{jti}");
    let expected = json!({
        "iss": provider.issuer, "sub": "1", "aud": provider.issuer, "client_id": "keycloak",
        "iat": NOW + 90, "exp": NOW + 90 + 3600, "auth_time": NOW,
        "scope": "openid profile phone",
    });
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn typ_is_at_jwt_unless_configured_otherwise() {
    let provider =
        TestProvider::open_with(&registration("spring", "access_token_typ = 'JWT'"), "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for (client, typ) in [
        (provider.client("grafana"), "at+jwt"),
        (registered(&provider, "spring"), "JWT"),
    ] {
        let tokens = tokens(&client, &mut browser).await;
        assert_eq!(header(access_token(&tokens))["typ"], typ);
        let userinfo = client.userinfo(access_token(&tokens)).await;
        assert_eq!(userinfo.status, 200, "{}", userinfo.body);
    }
}

#[tokio::test]
async fn the_algorithm_is_that_of_the_id_token_unless_configured_otherwise() {
    let mixed =
        "id_token_signed_response_alg = 'RS256'\naccess_token_signed_response_alg = 'ES256'";
    let provider = TestProvider::open_with(&registration("mixed", mixed), "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for (client, access, id) in [
        (provider.client("grafana"), "RS256", "RS256"),
        (provider.client("keycloak"), "ES256", "ES256"),
        (provider.client("spa"), "EdDSA", "EdDSA"),
        (registered(&provider, "mixed"), "ES256", "RS256"),
    ] {
        let tokens = tokens(&client, &mut browser).await;
        assert_eq!(header(access_token(&tokens))["alg"], access);
        assert_eq!(header(tokens["id_token"].as_str().unwrap())["alg"], id);
        verified(&provider, access_token(&tokens)).await;
    }
}

#[tokio::test]
async fn lifetime_and_audience_are_configured_per_client() {
    let lines = "access_token_lifetime = '15m'\naccess_token_audience = ['https://a', 'https://b']";
    let one = registration("one", "access_token_audience = ['https://a']");
    let provider = TestProvider::open_with(&(registration("two", lines) + &one), "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let tokens_of_two = tokens(&registered(&provider, "two"), &mut browser).await;
    assert_eq!(tokens_of_two["expires_in"], 900);
    let claims = verified(&provider, access_token(&tokens_of_two)).await;
    assert_eq!(claims["aud"], json!(["https://a", "https://b"]));
    assert_eq!(claims["exp"], NOW + 900);
    let tokens_of_one = tokens(&registered(&provider, "one"), &mut browser).await;
    let claims = verified(&provider, access_token(&tokens_of_one)).await;
    assert_eq!(
        claims["aud"], "https://a",
        "RFC 7519 §4.1.3: a single audience is a string"
    );
}

#[tokio::test]
async fn no_two_tokens_share_a_jti() {
    let provider = TestProvider::open().await;
    let first = tokens_of(&provider, "grafana").await;
    let second = tokens_of(&provider, "grafana").await;
    let first = verified(&provider, access_token(&first)).await;
    let second = verified(&provider, access_token(&second)).await;
    assert_ne!(first["jti"], second["jti"]);
}

#[tokio::test]
async fn access_tokens_and_id_tokens_cannot_replace_each_other() {
    let provider = TestProvider::open().await;
    let tokens = tokens_of(&provider, "grafana").await;
    let claims = verified(&provider, access_token(&tokens)).await;
    assert_ne!(claims["aud"], "grafana");
    let grafana = provider.client("grafana");
    let id_token = tokens["id_token"].as_str().unwrap();
    assert_eq!(grafana.userinfo(id_token).await.status, 401);
    let hint = grafana.authorize_url(&[("id_token_hint", access_token(&tokens))]);
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = browser.get(hint).await;
    assert_eq!(
        answer.parameter("error").as_deref(),
        Some("invalid_request")
    );
}

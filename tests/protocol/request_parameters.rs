//! Parameters of an authorization request beside `scope`: `claims` (OIDC Core §5.5), `acr_values`,
//! `prompt`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::Answer;
use crate::support::provider::TestProvider;

const TICKET: &str = "urn:panda-oidc:acr:ticket";

async fn authorize(changes: &[(&str, &str)]) -> (TestProvider, Answer) {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = browser
        .get(provider.client("grafana").authorize_url(changes))
        .await;
    (provider, answer)
}

/// The claims of the ID token and of userinfo after a request for `openid` with `changes`.
async fn id_token_and_userinfo(changes: (&str, &str)) -> (Value, Value) {
    let (provider, answer) = authorize(&[("scope", "openid"), changes]).await;
    let grafana = provider.client("grafana");
    let tokens = grafana.redeem(&RelyingParty::code(&answer)).await.json();
    let userinfo = grafana
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await;
    (
        claims(tokens["id_token"].as_str().unwrap()),
        userinfo.json(),
    )
}

#[tokio::test]
async fn a_requested_claim_is_returned_only_where_it_was_requested() {
    for requested_in in ["userinfo", "id_token"] {
        let claims_parameter =
            json!({ requested_in: {"name": {"essential": true}, "email": null} });
        let (id_token, userinfo) =
            id_token_and_userinfo(("claims", &claims_parameter.to_string())).await;
        for (source, claims) in [("id_token", &id_token), ("userinfo", &userinfo)] {
            let name = (source == requested_in).then_some("陈涛");
            assert_eq!(
                claims["name"].as_str(),
                name,
                "{source}, requested in {requested_in}"
            );
            assert_eq!(claims.get("preferred_username"), None);
            assert_eq!(claims.get("email"), None);
        }
    }
}

#[tokio::test]
async fn a_requested_sub_of_another_user_is_login_required() {
    for (sub, error) in [("1", None), ("2", Some("login_required"))] {
        let claims_parameter = json!({"id_token": {"sub": {"value": sub}}}).to_string();
        let (_, answer) = authorize(&[("claims", &claims_parameter), ("prompt", "none")]).await;
        assert_eq!(answer.parameter("error").as_deref(), error, "{sub}");
    }
}

#[tokio::test]
async fn a_malformed_claims_parameter_is_refused() {
    for claims_parameter in ["{", "[]", "name"] {
        let (_, answer) = authorize(&[("claims", claims_parameter)]).await;
        assert_eq!(
            answer.parameter("error").as_deref(),
            Some("invalid_request")
        );
    }
}

#[tokio::test]
async fn the_first_supported_acr_is_returned() {
    for (values, expected) in [
        (format!("urn:x {TICKET} 0"), json!(TICKET)),
        (TICKET.to_owned(), json!(TICKET)),
        ("urn:x".to_owned(), Value::Null),
    ] {
        let (id_token, _) = id_token_and_userinfo(("acr_values", &values)).await;
        assert_eq!(id_token["acr"], expected, "{values}");
    }
    let claims_parameter = json!({"id_token": {"acr": {"essential": true, "values": [TICKET]}}});
    let (id_token, _) = id_token_and_userinfo(("claims", &claims_parameter.to_string())).await;
    assert_eq!(id_token["acr"], TICKET);
}

/// OIDC Core §5.5.1.1.
#[tokio::test]
async fn an_essential_acr_that_cannot_be_met_is_a_failed_login() {
    let claims_parameter = json!({"id_token": {"acr": {"essential": true, "values": ["urn:x"]}}});
    let (_, answer) = authorize(&[("claims", &claims_parameter.to_string())]).await;
    let error = answer.parameter("error");
    assert_eq!(error.as_deref(), Some("unmet_authentication_requirements"));
}

#[tokio::test]
async fn prompt_consent_needs_no_page_and_select_account_sends_to_the_portal() {
    let (_, answer) = authorize(&[("prompt", "consent"), ("display", "popup")]).await;
    assert!(answer.parameter("code").is_some());
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::minutes(2));
    let url = provider
        .client("grafana")
        .authorize_url(&[("prompt", "select_account")]);
    let answer = browser.get(url).await;
    assert!(
        answer.body.contains("请从熊猫智慧水务门户进入"),
        "{}",
        answer.body
    );
}

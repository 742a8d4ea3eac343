//! What a request may ask for beside its scopes: `claims` (OIDC Core §5.5), `acr_values`, `prompt`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::Answer;
use crate::support::provider::TestProvider;

const TICKET: &str = "urn:panda-oidc:acr:ticket";

async fn asked(changes: &[(&str, &str)]) -> (TestProvider, Answer) {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = browser
        .get(provider.client("grafana").authorize_url(changes))
        .await;
    (provider, answer)
}

/// What ID token and userinfo say after a request for `openid` with `changes`.
async fn told(changes: (&str, &str)) -> (Value, Value) {
    let (provider, answer) = asked(&[("scope", "openid"), changes]).await;
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
async fn a_claim_that_is_asked_for_by_name_is_told_where_it_was_asked_for() {
    for place in ["userinfo", "id_token"] {
        let wish = json!({ place: {"name": {"essential": true}, "email": null} });
        let (id_token, userinfo) = told(("claims", &wish.to_string())).await;
        for (answer, said) in [("id_token", &id_token), ("userinfo", &userinfo)] {
            let name = (answer == place).then_some("陈涛");
            assert_eq!(said["name"].as_str(), name, "{answer} of {place}");
            assert_eq!(said.get("preferred_username"), None);
            assert_eq!(said.get("email"), None);
        }
    }
}

#[tokio::test]
async fn an_answer_about_somebody_else_than_was_asked_for_is_none() {
    for (sub, error) in [("1", None), ("2", Some("login_required"))] {
        let wish = json!({"id_token": {"sub": {"value": sub}}}).to_string();
        let (_, answer) = asked(&[("claims", &wish), ("prompt", "none")]).await;
        assert_eq!(answer.parameter("error").as_deref(), error, "{sub}");
    }
}

#[tokio::test]
async fn a_claims_parameter_that_is_none_is_refused() {
    for wish in ["{", "[]", "name"] {
        let (_, answer) = asked(&[("claims", wish)]).await;
        assert_eq!(
            answer.parameter("error").as_deref(),
            Some("invalid_request")
        );
    }
}

#[tokio::test]
async fn the_first_acr_that_can_be_met_comes_back() {
    for (values, expected) in [
        (format!("urn:x {TICKET} 0"), json!(TICKET)),
        (TICKET.to_owned(), json!(TICKET)),
        ("urn:x".to_owned(), Value::Null),
    ] {
        let (id_token, _) = told(("acr_values", &values)).await;
        assert_eq!(id_token["acr"], expected, "{values}");
    }
    let wish = json!({"id_token": {"acr": {"essential": true, "values": [TICKET]}}});
    let (id_token, _) = told(("claims", &wish.to_string())).await;
    assert_eq!(id_token["acr"], TICKET);
}

/// OIDC Core §5.5.1.1.
#[tokio::test]
async fn an_essential_acr_that_cannot_be_met_is_a_failed_login() {
    let wish = json!({"id_token": {"acr": {"essential": true, "values": ["urn:x"]}}});
    let (_, answer) = asked(&[("claims", &wish.to_string())]).await;
    let error = answer.parameter("error");
    assert_eq!(error.as_deref(), Some("unmet_authentication_requirements"));
}

#[tokio::test]
async fn select_account_lets_the_portal_choose_and_consent_is_given_already() {
    let (_, answer) = asked(&[("prompt", "consent"), ("display", "popup")]).await;
    assert!(answer.parameter("code").is_some());
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::seconds(1));
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

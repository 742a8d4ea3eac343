//! Resource indicators: RFC 8707.

use panda_oidc::crypto::handle::Handle;
use panda_oidc::crypto::identifiers::GrantId;
use serde_json::{Value, json};

use crate::kit::{registered, registration};
use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, claims};
use crate::support::provider::TestProvider;

const CAL: &str = "https://cal.example.com/";
const CONTACTS: &str = "https://contacts.example.com/app/";

async fn provider() -> (TestProvider, RelyingParty) {
    let lines = format!("allowed_resources = ['{CAL}', '{CONTACTS}']");
    let provider = TestProvider::open_with(&registration("app", &lines), "").await;
    let app = registered(&provider, "app");
    (provider, app)
}

fn aud(tokens: &Value) -> Value {
    claims(tokens["access_token"].as_str().unwrap())["aud"].clone()
}

/// The tokens after an authorization request with `resources`. The token request names none.
async fn tokens_for(provider: &TestProvider, app: &RelyingParty, resources: &[&str]) -> Value {
    let mut url = app.authorize_url(&[("scope", "openid offline_access")]);
    for resource in resources {
        url.query_pairs_mut().append_pair("resource", resource);
    }
    let code = RelyingParty::code(&provider.signed_in(CHEN_TAO).await.get(url).await);
    app.redeem(&code).await.json()
}

/// §2.1, figures 1 and 2.
#[tokio::test]
async fn the_audience_is_the_requested_resources() {
    let (provider, app) = provider().await;
    for (requested, expected) in [
        (&[][..], json!(provider.issuer)),
        (&[CAL], json!(CAL)),
        (&[CAL, CONTACTS], json!([CAL, CONTACTS])),
    ] {
        let tokens = tokens_for(&provider, &app, requested).await;
        assert_eq!(aud(&tokens), expected);
        let id_token = claims(tokens["id_token"].as_str().unwrap());
        assert_eq!(
            id_token["aud"], "app",
            "resources do not change the ID token"
        );
    }
}

/// §2.2, figures 4 to 6: the same refresh token for one resource and then for the other.
#[tokio::test]
async fn the_token_endpoint_narrows_the_granted_resources() {
    let (provider, app) = provider().await;
    let tokens = tokens_for(&provider, &app, &[CAL, CONTACTS]).await;
    let mut refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
    for resource in [CAL, CONTACTS] {
        let answer = app
            .refresh_with(&refresh_token, &[("resource", resource)])
            .await;
        let tokens = answer.json();
        assert_eq!(aud(&tokens), resource);
        refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
    }
}

#[tokio::test]
async fn a_resource_not_allowed_or_not_granted_is_an_invalid_target() {
    let (provider, app) = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for resource in ["https://cal.example.com", "https://evil.example/", "cal"] {
        let url = app.authorize_url(&[("resource", resource)]);
        let error = browser.get(url).await.parameter("error");
        assert_eq!(error.as_deref(), Some("invalid_target"), "{resource}");
    }
    let tokens = tokens_for(&provider, &app, &[CAL]).await;
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    let answer = app
        .refresh_with(refresh_token, &[("resource", CONTACTS)])
        .await;
    assert_eq!(answer.json()["error"], "invalid_target");
    assert_eq!(
        app.refresh(refresh_token).await.status,
        200,
        "the refresh token was not used up"
    );
    let grafana = provider.client("grafana");
    let url = grafana.authorize_url(&[("resource", CAL)]);
    let error = browser.get(url).await.parameter("error");
    assert_eq!(
        error.as_deref(),
        Some("invalid_target"),
        "allowed for another client only"
    );
}

/// §2.2, and RFC 6749 §4.1.2: the code was used, so it cannot be used again.
#[tokio::test]
async fn a_resource_that_was_not_granted_ends_the_grant_of_the_code() {
    let (provider, app) = provider().await;
    let url = app.authorize_url(&[("scope", "openid offline_access"), ("resource", CAL)]);
    let code = RelyingParty::code(&provider.signed_in(CHEN_TAO).await.get(url).await);
    let answer = app.redeem_with(&code, &[("resource", CONTACTS)]).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json()["error"], "invalid_target");
    let id = GrantId::of(&Handle::parse(&code).unwrap());
    let now = provider.app.host.clock.now();
    let active_grant = provider.app.store.active_grant(&id, now).await.unwrap();
    assert!(active_grant.is_none(), "no token was issued for it");
    assert_eq!(app.redeem(&code).await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn a_resource_that_is_not_allowed_does_not_use_the_code() {
    let (provider, app) = provider().await;
    let code = app.login(&mut provider.signed_in(CHEN_TAO).await).await;
    let answer = app
        .redeem_with(&code, &[("resource", "https://evil")])
        .await;
    assert_eq!(answer.json()["error"], "invalid_target");
    assert_eq!(app.redeem(&code).await.status, 200);
}

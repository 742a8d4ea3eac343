//! The client credentials grant: RFC 6749 §4.4, RFC 9068 §2.2.

use crate::kit::{registered, registration, verified};
use crate::support::app::{RelyingParty, header};
use crate::support::provider::TestProvider;

const OWN: (&str, &str) = ("grant_type", "client_credentials");

/// A provider with the client `service`, which no user logs in to: it has no `redirect_uri`.
async fn provider() -> (TestProvider, RelyingParty) {
    let lines = "grant_types = ['client_credentials']\nallowed_resources = ['https://api']";
    let registration = registration("service", lines);
    let mut lines: Vec<_> = registration.lines().collect();
    lines.retain(|line| !line.trim_start().starts_with("redirect_uris"));
    let provider = TestProvider::open_with(&(lines.join("\n") + "\n"), "").await;
    let service = registered(&provider, "service");
    (provider, service)
}

#[tokio::test]
async fn a_service_gets_a_token_about_itself() {
    let (provider, service) = provider().await;
    let answer = service.token(&[OWN, ("resource", "https://api")]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let tokens = answer.json();
    for absent in ["id_token", "refresh_token", "scope", "session_state"] {
        assert_eq!(tokens.get(absent), None, "{absent}");
    }
    assert_eq!(tokens["expires_in"], 3600);
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(header(token)["typ"], "at+jwt");
    let claims = verified(&provider, token).await;
    assert_eq!(claims["sub"], "service", "RFC 9068 §2.2");
    assert_eq!(claims["client_id"], "service");
    assert_eq!(claims["aud"], "https://api");
    for absent in ["auth_time", "scope", "sid"] {
        assert_eq!(claims.get(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn its_token_can_be_introspected_and_revoked_and_names_no_user() {
    let (_provider, service) = provider().await;
    let tokens = service.token(&[OWN]).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    let introspected = service.post_token("/introspect", token).await.json();
    assert_eq!(introspected["active"], true);
    assert_eq!(introspected["sub"], "service");
    assert_eq!(introspected.get("username"), None);
    assert_eq!(service.userinfo(token).await.status, 401);
    let other = service.token(&[OWN]).await.json();
    assert_eq!(service.post_token("/revoke", token).await.status, 200);
    let introspected = service.post_token("/introspect", token).await.json();
    assert_eq!(introspected["active"], false);
    let other = other["access_token"].as_str().unwrap();
    let introspected = service.post_token("/introspect", other).await.json();
    assert_eq!(introspected["active"], true, "each is given up by itself");
}

#[tokio::test]
async fn a_client_not_registered_for_the_grant_is_refused() {
    let (provider, _) = provider().await;
    for client_id in ["grafana", "spa"] {
        let answer = provider.client(client_id).token(&[OWN]).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["error"], "unauthorized_client");
    }
}

#[tokio::test]
async fn it_cannot_use_the_authorization_endpoint() {
    let (provider, service) = provider().await;
    let mut browser = provider.signed_in(crate::support::CHEN_TAO).await;
    let answer = browser.get(service.authorize_url(&[])).await;
    assert_eq!(answer.status, 400, "there is no place to tell it");
    assert!(answer.body.contains("redirect_uri is not registered"));
}

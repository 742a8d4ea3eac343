//! Revocation and introspection of another client's tokens: N42, N43, docs/security.md.

use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::provider::TestProvider;

/// The client `grafana`, and its access token and refresh token for 陈涛.
async fn with_tokens(provider: &TestProvider) -> (RelyingParty, [String; 2]) {
    let grafana = provider.client("grafana");
    let url = grafana.authorize_url(&[("scope", "openid offline_access")]);
    let code = RelyingParty::code(&provider.signed_in(CHEN_TAO).await.get(url).await);
    let tokens = grafana.redeem(&code).await.json();
    let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
    (grafana, [token("access_token"), token("refresh_token")])
}

#[tokio::test]
async fn n42_a_client_cannot_revoke_another_clients_token() {
    let provider = TestProvider::open().await;
    let (grafana, tokens) = with_tokens(&provider).await;
    for token in &tokens {
        for other in ["keycloak", "spa"] {
            let answer = provider.client(other).post_token("/revoke", token).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
        }
        let unauthenticated = RelyingParty {
            client_secret: None,
            ..grafana.clone()
        };
        let answer = unauthenticated.post_token("/revoke", token).await;
        assert_eq!(answer.json()["error"], "invalid_client");
    }
    assert_eq!(grafana.userinfo(&tokens[0]).await.status, 200);
    assert_eq!(grafana.refresh(&tokens[1]).await.status, 200);
}

#[tokio::test]
async fn n42_a_failed_revocation_is_reported_as_a_failure() {
    let provider = TestProvider::open().await;
    let (grafana, tokens) = with_tokens(&provider).await;
    provider.app.store.close().await.unwrap();
    for token in &tokens {
        for path in ["/revoke", "/introspect"] {
            let answer = grafana.post_token(path, token).await;
            assert_eq!(answer.status, 503, "{path}");
            assert_eq!(answer.json()["error"], "temporarily_unavailable");
            assert_ne!(answer.header("retry-after"), "");
        }
    }
}

#[tokio::test]
async fn n43_introspection_reveals_only_own_tokens_and_those_for_the_caller() {
    let provider = TestProvider::open().await;
    let (_, tokens) = with_tokens(&provider).await;
    for token in &tokens {
        let answer = provider
            .client("keycloak")
            .post_token("/introspect", token)
            .await;
        assert_eq!(
            answer.body, r#"{"active":false}"#,
            "the same as for an unknown token"
        );
    }
}

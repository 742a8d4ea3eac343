//! Revocation and introspection by whoever should not: N42, N43.

use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::provider::TestProvider;

async fn offline(provider: &TestProvider) -> (RelyingParty, [String; 2]) {
    let grafana = provider.client("grafana");
    let url = grafana.authorize_url(&[("scope", "openid offline_access")]);
    let code = RelyingParty::code(&provider.signed_in(CHEN_TAO).await.get(url).await);
    let tokens = grafana.redeem(&code).await.json();
    let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
    (grafana, [token("access_token"), token("refresh_token")])
}

#[tokio::test]
async fn n42_nobody_revokes_what_is_another_clients() {
    let provider = TestProvider::open().await;
    let (grafana, tokens) = offline(&provider).await;
    for token in &tokens {
        for other in ["keycloak", "spa"] {
            let answer = provider.client(other).post_token("/revoke", token).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
        }
        let nobody = RelyingParty {
            client_secret: None,
            ..grafana.clone()
        };
        let answer = nobody.post_token("/revoke", token).await;
        assert_eq!(answer.json()["error"], "invalid_client");
    }
    assert_eq!(grafana.userinfo(&tokens[0]).await.status, 200);
    assert_eq!(grafana.refresh(&tokens[1]).await.status, 200);
}

#[tokio::test]
async fn n42_a_revocation_that_failed_does_not_look_like_one() {
    let provider = TestProvider::open().await;
    let (grafana, tokens) = offline(&provider).await;
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
async fn n43_nobody_learns_of_a_token_that_is_neither_theirs_nor_for_them() {
    let provider = TestProvider::open().await;
    let (_, tokens) = offline(&provider).await;
    for token in &tokens {
        let answer = provider
            .client("keycloak")
            .post_token("/introspect", token)
            .await;
        assert_eq!(
            answer.body, r#"{"active":false}"#,
            "as of one that never was"
        );
    }
}

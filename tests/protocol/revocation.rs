//! Revocation: RFC 7009.

use serde_json::Value;

use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;

async fn offline_tokens(client: &RelyingParty, browser: &mut Browser) -> Value {
    let url = client.authorize_url(&[("scope", "openid offline_access")]);
    let code = RelyingParty::code(&browser.get(url).await);
    client.redeem(&code).await.json()
}

fn token<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

/// §2.1: revoking one token of a grant revokes all tokens of this grant, and none of another.
#[tokio::test]
async fn revoking_either_token_revokes_its_grant_and_no_other() {
    let provider = TestProvider::open().await;
    for client_id in ["grafana", "spa"] {
        let client = provider.client(client_id);
        for revoked in ["access_token", "refresh_token"] {
            let mut browser = provider.signed_in(CHEN_TAO).await;
            let (one, other) = (
                offline_tokens(&client, &mut browser).await,
                offline_tokens(&client, &mut browser).await,
            );
            let answer = client.post_token("/revoke", token(&one, revoked)).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
            let userinfo = client.userinfo(token(&one, "access_token")).await;
            assert_eq!(userinfo.status, 401, "{revoked}");
            let refreshed = client.refresh(token(&one, "refresh_token")).await;
            assert_eq!(refreshed.json()["error"], "invalid_grant", "{revoked}");
            let userinfo = client.userinfo(token(&other, "access_token")).await;
            assert_eq!(userinfo.status, 200);
        }
    }
}

#[tokio::test]
async fn a_revoked_token_is_inactive_at_once() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let tokens = offline_tokens(&grafana, &mut provider.signed_in(CHEN_TAO).await).await;
    grafana
        .post_token("/revoke", token(&tokens, "refresh_token"))
        .await;
    for name in ["access_token", "refresh_token"] {
        let introspection = grafana
            .post_token("/introspect", token(&tokens, name))
            .await;
        assert_eq!(introspection.json()["active"], false, "{name}");
    }
}

/// §2.2: "invalid tokens do not cause an error response".
#[tokio::test]
async fn an_unknown_or_already_revoked_token_gets_the_same_response() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let tokens = offline_tokens(&grafana, &mut provider.signed_in(CHEN_TAO).await).await;
    let refresh_token = token(&tokens, "refresh_token");
    for token in [
        refresh_token,
        refresh_token,
        "x",
        token(&tokens, "id_token"),
    ] {
        let answer = grafana.post_token("/revoke", token).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    }
    let answer = grafana.post_token("/revoke", "").await;
    assert_eq!(answer.json()["error"], "invalid_request");
}

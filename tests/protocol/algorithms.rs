//! Tokens signed with any of the algorithms are accepted at userinfo, introspection and revocation,
//! and as an `id_token_hint`.

use serde_json::{Value, json};

use crate::kit::{registered, registration, tokens, verified};
use crate::support::app::{RelyingParty, header};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

const ALGS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];

/// Every pair of an algorithm for the ID token and one for the access token. Each pair has a client.
fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    ALGS.into_iter()
        .flat_map(|id_token| ALGS.map(|access_token| (id_token, access_token)))
}

fn client_id_of((id_token, access_token): (&str, &str)) -> String {
    format!("{id_token}-{access_token}")
}

async fn provider() -> TestProvider {
    let clients = pairs().map(|pair| {
        let (id_token, access_token) = pair;
        let lines = format!(
            "id_token_signed_response_alg = '{id_token}'\n\
             access_token_signed_response_alg = '{access_token}'\n\
             userinfo_signed_response_alg = '{id_token}'"
        );
        registration(&client_id_of(pair), &lines)
    });
    TestProvider::open_with(&clients.collect::<String>(), "").await
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

#[tokio::test]
async fn tokens_of_every_algorithm_are_accepted() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let mut other = provider.signed_in(HEI_LONG_JIANG).await;
    for pair in pairs() {
        let client = registered(&provider, &client_id_of(pair));
        let tokens = tokens(&client, &mut browser).await;
        assert_eq!(header(text(&tokens, "id_token"))["alg"], pair.0);
        assert_eq!(header(text(&tokens, "access_token"))["alg"], pair.1);

        let userinfo = client.userinfo(text(&tokens, "access_token")).await;
        assert_eq!(userinfo.status, 200, "{pair:?}: {}", userinfo.body);

        let introspected = client
            .post_token("/introspect", text(&tokens, "access_token"))
            .await;
        assert_eq!(introspected.json()["active"], true, "{pair:?}");

        let hint = text(&tokens, "id_token");
        let url = client.authorize_url(&[("prompt", "none"), ("id_token_hint", hint)]);
        RelyingParty::code(&browser.get(&url).await);
        let refused = other.get(&url).await.parameter("error");
        assert_eq!(refused.as_deref(), Some("login_required"), "{pair:?}");

        client
            .post_token("/revoke", text(&tokens, "access_token"))
            .await;
        let userinfo = client.userinfo(text(&tokens, "access_token")).await;
        assert_eq!(userinfo.status, 401, "{pair:?}");
    }
}

#[tokio::test]
async fn userinfo_is_signed_if_the_client_registered_it() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for alg in ALGS {
        let client = registered(&provider, &client_id_of((alg, "ES256")));
        let tokens = tokens(&client, &mut browser).await;
        let answer = client.userinfo(text(&tokens, "access_token")).await;
        assert_eq!(answer.header("content-type"), "application/jwt");
        assert_eq!(answer.header("cache-control"), "no-store");
        let head = header(&answer.body);
        assert_eq!((&head["alg"], &head["typ"]), (&json!(alg), &json!("JWT")));
        let expected = json!({
            "iss": provider.issuer, "aud": client.client_id, "sub": "1", "name": "陈涛", "given_name": "涛", "family_name": "陈",
            "preferred_username": "1", "updated_at": 1_800_000_000,
        });
        assert_eq!(verified(&provider, &answer.body).await, expected, "{alg}");
    }
}

#[tokio::test]
async fn n34_a_signed_userinfo_answer_is_no_token() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let client = registered(&provider, &client_id_of(("RS256", "RS256")));
    let tokens = tokens(&client, &mut browser).await;
    let answer = client.userinfo(text(&tokens, "access_token")).await.body;
    assert_eq!(client.userinfo(&answer).await.status, 401);
    let url = client.authorize_url(&[("id_token_hint", &answer)]);
    let refused = browser.get(&url).await.parameter("error");
    assert_eq!(refused.as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn discovery_lists_the_algorithms_of_signed_userinfo() {
    let provider = TestProvider::open().await;
    let mut browser = crate::support::browser::Browser::new();
    let document = browser
        .get(provider.at("/.well-known/openid-configuration"))
        .await
        .json();
    assert_eq!(
        document["userinfo_signing_alg_values_supported"],
        json!(ALGS)
    );
}

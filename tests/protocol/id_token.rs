//! The ID token: its claims, and its verification with the served keys (OIDC Core §2, §3.1.3.6).

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use panda_oidc_panda::simulator::Person;
use serde_json::{Value, json};

use crate::kit::{registered, registration, tokens, tokens_of, verified};
use crate::support::app::{RelyingParty, claims, header};
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

const NOW: i64 = 1_800_000_000;

async fn id_token(provider: &TestProvider, tokens: &Value) -> Value {
    verified(provider, tokens["id_token"].as_str().unwrap()).await
}

#[tokio::test]
async fn it_has_the_required_claims() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::seconds(90));
    let tokens = tokens(&provider.client("grafana"), &mut browser).await;
    let mut claims = id_token(&provider, &tokens).await;
    let members = claims.as_object_mut().unwrap();
    let sid = members.remove("sid").unwrap();
    assert!(sid.as_str().unwrap().len() >= 22, "{sid}");
    assert!(members.remove("at_hash").unwrap().is_string());
    // No `nbf`, since the client's clock may be behind. No `phone_number`, since the portal's ten
    // digits are not a valid number.
    let expected = json!({
        "iss": provider.issuer, "sub": "1", "aud": "grafana",
        "iat": NOW + 90, "exp": NOW + 90 + 600, "auth_time": NOW, "nonce": "the-nonce",
        "name": "陈涛", "given_name": "涛", "family_name": "陈", "preferred_username": "1", "updated_at": NOW,
    });
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn each_algorithm_verifies_against_the_served_keys_and_hashes_as_it_should() {
    let algs = ["RS256", "PS256", "ES256", "EdDSA"];
    let clients = algs.map(|alg| {
        let line = format!("id_token_signed_response_alg = '{alg}'");
        registration(alg, &line)
    });
    let provider = TestProvider::open_with(&clients.concat(), "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for alg in algs {
        let tokens = tokens(&registered(&provider, alg), &mut browser).await;
        let header = header(tokens["id_token"].as_str().unwrap());
        assert_eq!(
            (&header["alg"], &header["typ"]),
            (&json!(alg), &json!("JWT"))
        );
        let claims = id_token(&provider, &tokens).await;
        let access_token = tokens["access_token"].as_str().unwrap().as_bytes();
        // OIDC Core §3.1.3.6: the signature algorithm decides the hash; Ed25519 uses SHA-512.
        let hash = digest(if alg == "EdDSA" { &SHA512 } else { &SHA256 }, access_token);
        let half = &hash.as_ref()[..hash.as_ref().len() / 2];
        assert_eq!(
            claims["at_hash"],
            BASE64_URL_SAFE_NO_PAD.encode(half),
            "{alg}"
        );
        let userinfo = registered(&provider, alg)
            .userinfo(tokens["access_token"].as_str().unwrap())
            .await;
        assert_eq!(userinfo.status, 200, "userinfo takes what {alg} signed");
    }
}

#[tokio::test]
async fn a_client_that_asks_for_nothing_gets_rs256() {
    let provider = TestProvider::open().await;
    let tokens = tokens_of(&provider, "grafana").await;
    assert_eq!(header(tokens["id_token"].as_str().unwrap())["alg"], "RS256");
}

#[tokio::test]
async fn the_header_refers_to_no_key_but_by_kid() {
    let provider = TestProvider::open().await;
    let tokens = tokens_of(&provider, "keycloak").await;
    let header = header(tokens["id_token"].as_str().unwrap());
    let mut members: Vec<_> = header.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["alg", "kid", "typ"]);
}

#[tokio::test]
async fn claims_that_identify_a_user_are_always_strings() {
    let provider = TestProvider::open().await;
    let id = 9_007_199_254_740_993;
    provider
        .portal
        .add_user(Person::new(id, "12345", "13800138000"));
    let mut browser = provider.signed_in(id).await;
    let tokens = tokens(&provider.client("keycloak"), &mut browser).await;
    let claims = id_token(&provider, &tokens).await;
    for (name, value) in [
        ("sub", "9007199254740993"),
        ("preferred_username", "9007199254740993"),
        ("name", "12345"),
        ("phone_number", "+8613800138000"),
    ] {
        assert_eq!(claims[name], value, "{claims}");
    }
    assert_eq!(claims["phone_number_verified"], false);
    assert!(claims.get("email").is_none(), "none was made up: {claims}");
}

#[tokio::test]
async fn f19_users_with_the_same_name_have_different_preferred_usernames() {
    let provider = TestProvider::open().await;
    provider.portal.rename_user(HEI_LONG_JIANG, "陈涛");
    let mut seen = Vec::new();
    for user in [CHEN_TAO, HEI_LONG_JIANG] {
        let mut browser = provider.signed_in(user).await;
        let tokens = tokens(&provider.client("keycloak"), &mut browser).await;
        let claims = id_token(&provider, &tokens).await;
        assert_eq!(claims["name"], "陈涛");
        seen.push(claims["preferred_username"].clone());
    }
    assert_eq!(seen, ["1", "2"]);
}

#[tokio::test]
async fn updated_at_changes_only_when_the_portals_data_changes() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::hours(1));
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let unchanged = id_token(&provider, &tokens(&grafana, &mut browser).await).await;
    assert_eq!(unchanged["updated_at"], NOW);
    provider.portal.rename_user(CHEN_TAO, "陈涛涛");
    provider.advance(TimeDelta::hours(1));
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let renamed = id_token(&provider, &tokens(&grafana, &mut browser).await).await;
    assert_eq!(renamed["updated_at"], NOW + 7200);
    assert_eq!(
        (&renamed["sub"], &renamed["name"]),
        (&json!("1"), &json!("陈涛涛"))
    );
}

#[tokio::test]
async fn a_nonce_is_returned_unchanged() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for nonce in ["a+b c&d%20=", "随机🐼", &"n".repeat(500)] {
        let url = grafana.authorize_url(&[("nonce", nonce)]);
        let code = RelyingParty::code(&browser.get(url).await);
        let tokens = grafana.redeem(&code).await.json();
        assert_eq!(id_token(&provider, &tokens).await["nonce"], nonce);
    }
}

#[tokio::test]
async fn a_user_without_a_name_or_phone_can_log_in() {
    let provider = TestProvider::open().await;
    provider
        .portal
        .set_fault(panda_oidc_panda::simulator::Fault::NoName)
        .await;
    let mut browser: Browser = provider.signed_in(CHEN_TAO).await;
    let tokens = tokens(&provider.client("grafana"), &mut browser).await;
    let claims = id_token(&provider, &tokens).await;
    assert_eq!(claims["preferred_username"], "1");
    for absent in ["name", "phone_number", "phone_number_verified"] {
        assert!(claims.get(absent).is_none(), "left out, not null: {claims}");
    }
}

/// OIDC Core §5.4: the claims of `profile`, `email` and `phone` are "returned from the `UserInfo` Endpoint"
/// in the code flow. §5.5: those that are requested by name come where they were requested.
#[tokio::test]
async fn a_minimal_id_token_leaves_the_claims_of_scopes_to_userinfo() {
    let lines = "email = '{{ user.id }}@panda.invalid'\nrefresh_token = 'always'\n\
                 claims = { tier = 'gold', floor = { value = '7', scope = 'profile' } }\n";
    let sections = registration("full", lines)
        + &registration("minimal", &format!("id_token_claims = 'minimal'\n{lines}"));
    let provider = TestProvider::open_with(&sections, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let of_scopes = ["name", "preferred_username", "email", "floor"];
    for (id, are_in_id_token) in [("full", true), ("minimal", false)] {
        let client = registered(&provider, id);
        let scope = ("scope", "openid profile email phone");
        let answer = browser.get(client.authorize_url(&[scope])).await;
        let tokens = client.redeem(&RelyingParty::code(&answer)).await.json();
        let refreshed = client.refresh(tokens["refresh_token"].as_str().unwrap());
        for tokens in [&tokens, &refreshed.await.json()] {
            let id_token = claims(tokens["id_token"].as_str().unwrap());
            for claim in of_scopes {
                assert_eq!(
                    id_token.get(claim).is_some(),
                    are_in_id_token,
                    "{id} {claim}"
                );
            }
            for claim in ["sub", "sid", "auth_time", "at_hash", "tier"] {
                assert!(id_token.get(claim).is_some(), "{id} {claim}");
            }
            let access_token = tokens["access_token"].as_str().unwrap();
            let userinfo = client.userinfo(access_token).await.json();
            for claim in of_scopes {
                assert!(userinfo.get(claim).is_some(), "{id} {claim}");
            }
        }
        let by_name = ("claims", r#"{"id_token":{"name":null}}"#);
        let answer = browser.get(client.authorize_url(&[scope, by_name])).await;
        let tokens = client.redeem(&RelyingParty::code(&answer)).await.json();
        assert_eq!(claims(tokens["id_token"].as_str().unwrap())["name"], "陈涛");
    }
}

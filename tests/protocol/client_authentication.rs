//! Client authentication by every method that discovery lists (RFC 6749 §2.3, RFC 7523, OIDC Core
//! §9). `tests/security/assertion.rs` holds the assertions that must be refused.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, Header};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::CHEN_TAO;
use crate::support::app::VERIFIER;
use crate::support::assertion::{
    ClientKey, TYPE, accepted, ask, claims, jwks, redeem, refused, registration, signing_client,
    with_keys, with_keys_at,
};
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::support::publisher::{KeyServer, Reply};

/// Long enough for HS512 (RFC 7518 §3.2).
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn secret_jwt(client_id: &str, lines: &str) -> String {
    registration(
        client_id,
        &format!(
            "token_endpoint_auth_method = 'client_secret_jwt'\nclient_secret = '{SECRET}'\n{lines}"
        ),
    )
}

#[tokio::test]
async fn every_algorithm_that_discovery_lists_gets_a_client_its_tokens() {
    let pairs: Vec<_> = [
        Algorithm::RS256,
        Algorithm::PS256,
        Algorithm::ES256,
        Algorithm::EdDSA,
    ]
    .into_iter()
    .map(|alg| ClientKey::pair(alg, &format!("{alg:?}")))
    .collect();
    let secrets = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512]
        .map(|alg| ClientKey::secret(alg, SECRET));
    let all: Vec<_> = pairs.iter().collect();
    let sections = with_keys("keyed", &all) + &secret_jwt("shared", "");
    let provider = TestProvider::open_with(&sections, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let mut accepted_algs = Vec::new();
    for (id, key) in secrets
        .iter()
        .map(|key| ("shared", key))
        .chain(pairs.iter().map(|key| ("keyed", key)))
    {
        let client = signing_client(&provider, id);
        let code = client.login(&mut browser).await;
        let answer = redeem(&client, &code, &key.sign(&claims(&provider, &client))).await;
        assert_eq!(answer.status, 200, "{:?}: {}", key.header.alg, answer.body);
        accepted_algs.push(json!(format!("{:?}", key.header.alg)));
    }
    let document = provider.at("/.well-known/openid-configuration");
    let document = Browser::new().get(document).await.json();
    assert_eq!(
        document["token_endpoint_auth_signing_alg_values_supported"],
        Value::Array(accepted_algs)
    );
}

/// RFC 7521 §4.2: the assertion identifies the client. OIDC Core §9 shows such a request.
#[tokio::test]
async fn rfc7521_a_client_id_beside_the_assertion_is_not_needed() {
    let key = ClientKey::pair(Algorithm::ES256, "a");
    let provider = TestProvider::open_with(&with_keys("keyed", &[&key]), "").await;
    let client = signing_client(&provider, "keyed");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let code = client.login(&mut browser).await;
    let assertion = key.sign(&claims(&provider, &client));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &client.redirect_uri),
        ("code_verifier", VERIFIER),
        ("client_assertion_type", TYPE),
        ("client_assertion", &assertion),
    ];
    let answer = Browser::new().post(provider.at("/token"), &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.json()["id_token"].is_string());
}

/// RFC 7523 §3 item 3, OIDC Core §9.
#[tokio::test]
async fn rfc7523_the_audience_is_the_issuer_or_the_token_endpoint() {
    let key = ClientKey::pair(Algorithm::ES256, "a");
    for path in ["", "/sso"] {
        let provider =
            TestProvider::open_with_issuer_path(path, &with_keys("keyed", &[&key]), "").await;
        let client = signing_client(&provider, "keyed");
        let (issuer, token) = (json!(provider.issuer), json!(provider.at("/token")));
        for aud in [
            issuer.clone(),
            token.clone(),
            json!([issuer]),
            json!([issuer, token]),
        ] {
            let mut claims = claims(&provider, &client);
            claims["aud"] = aud.clone();
            accepted(&ask(&client, &key.sign(&claims)).await, &aud.to_string());
        }
    }
}

/// Introspection and revocation accept the same assertions. The audience may also be the endpoint's own
/// URL.
#[tokio::test]
async fn an_assertion_is_accepted_at_introspection_and_revocation_too() {
    let key = ClientKey::pair(Algorithm::ES256, "a");
    let provider = TestProvider::open_with(&with_keys("keyed", &[&key]), "").await;
    let client = signing_client(&provider, "keyed");
    for (path, other) in [("/introspect", "/revoke"), ("/revoke", "/introspect")] {
        for (aud, valid) in [("", true), ("/token", true), (path, true), (other, false)] {
            let mut claims = claims(&provider, &client);
            claims["aud"] = json!(provider.at(aud));
            let assertion = key.sign(&claims);
            let form = [
                ("token", "x"),
                ("client_assertion_type", TYPE),
                ("client_assertion", &assertion),
            ];
            let answer = Browser::new().post(provider.at(path), &form).await;
            assert_eq!(answer.status == 200, valid, "{path} {aud}: {}", answer.body);
            if valid {
                let again = Browser::new().post(provider.at(path), &form).await;
                refused(&again, "used before");
            } else {
                refused(&answer, aud);
            }
        }
    }
}

/// RFC 7523 §3 items 4 to 6.
#[tokio::test]
async fn rfc7523_exp_nbf_and_iat_are_checked_to_the_second() {
    let key = ClientKey::pair(Algorithm::EdDSA, "a");
    let provider = TestProvider::open_with(&with_keys("keyed", &[&key]), "").await;
    let client = signing_client(&provider, "keyed");
    for (name, seconds, valid) in [
        ("exp", -29, true),
        ("exp", -30, false),
        ("exp", 3660, true),
        ("exp", 3661, false),
        ("nbf", 60, true),
        ("nbf", 61, false),
        ("iat", 60, true),
        ("iat", 61, false),
        ("iat", -86_400, true),
    ] {
        let mut claims = claims(&provider, &client);
        let at = claims["iat"].as_i64().unwrap() + seconds;
        claims[name] = json!(at);
        let answer = ask(&client, &key.sign(&claims)).await;
        let what = format!("{name} {seconds}");
        if valid {
            accepted(&answer, &what);
        } else {
            refused(&answer, &what);
        }
    }
}

/// The client's developer can correct the assertion with the error description alone.
#[tokio::test]
async fn the_error_description_says_what_is_wrong_with_an_assertion() {
    let key = ClientKey::pair(Algorithm::ES256, "a");
    let provider = TestProvider::open_with(&with_keys("keyed", &[&key]), "").await;
    let client = signing_client(&provider, "keyed");
    for (name, value, expected) in [
        ("iss", json!("x"), "iss and sub"),
        ("aud", json!("x"), "aud of the client_assertion"),
        ("exp", json!(1), "the client_assertion has expired"),
        ("exp", json!(i64::MAX), "numbers of seconds"),
        ("exp", json!("1"), "numbers of seconds"),
        ("jti", Value::Null, "jti of the client_assertion is missing"),
    ] {
        let mut claims = claims(&provider, &client);
        claims[name] = value;
        let answer = ask(&client, &key.sign(&claims)).await;
        refused(&answer, expected);
        let description = answer.json()["error_description"].to_string();
        assert!(description.contains(expected), "{description}");
    }
}

/// A failed client authentication does not use up the code, whatever method the client tries next
/// (N28, docs/security.md).
#[tokio::test]
async fn a_failed_assertion_uses_up_neither_the_code_nor_the_jti() {
    let key = ClientKey::pair(Algorithm::ES256, "a");
    let other = ClientKey::pair(Algorithm::ES256, "a");
    let provider = TestProvider::open_with(&with_keys("keyed", &[&key]), "").await;
    let client = signing_client(&provider, "keyed");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let code = client.login(&mut browser).await;
    let claims = claims(&provider, &client);
    refused(
        &redeem(&client, &code, &other.sign(&claims)).await,
        "forged",
    );
    // The forged assertion has not used up the jti either.
    let answer = redeem(&client, &code, &key.sign(&claims)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Keycloak's identity broker, with `client_secret_jwt`, sends: HS256, no `kid`, the token endpoint as
/// the audience, a lifetime of a minute, and a `client_id` beside the assertion.
#[tokio::test]
async fn keycloaks_assertion_is_accepted() {
    let pinned = secret_jwt("keycloak2", "token_endpoint_auth_signing_alg = 'HS256'");
    let provider = TestProvider::open_with(&pinned, "").await;
    let client = signing_client(&provider, "keycloak2");
    let mut claims = claims(&provider, &client);
    claims["aud"] = json!(provider.at("/token"));
    let key = ClientKey::secret(Algorithm::HS256, SECRET);
    accepted(&ask(&client, &key.sign(&claims)).await, "HS256");
    let other = ClientKey::secret(Algorithm::HS512, SECRET);
    claims["jti"] = json!("another");
    refused(
        &ask(&client, &other.sign(&claims)).await,
        "not the one it is pinned to",
    );
}

#[tokio::test]
async fn keys_from_a_jwks_uri_are_cached_and_fetched_again_when_they_change() {
    let (old, new) = (
        ClientKey::pair(Algorithm::ES256, "old"),
        ClientKey::pair(Algorithm::RS256, "new"),
    );
    let publisher = KeyServer::start(Reply::Document(jwks(&[&old]))).await;
    let provider = TestProvider::open_with(&with_keys_at("elsewhere", publisher.url()), "").await;
    let client = signing_client(&provider, "elsewhere");
    let ask = async |key: &ClientKey| ask(&client, &key.sign(&claims(&provider, &client))).await;
    assert_eq!(publisher.request_count(), 0, "not before they are needed");
    for _ in 0..3 {
        accepted(&ask(&old).await, "old");
    }
    assert_eq!(publisher.request_count(), 1);

    // An unknown key makes the provider fetch the keys again, at most every ten seconds.
    publisher.publish(Reply::Document(jwks(&[&new])));
    provider.advance(TimeDelta::seconds(9));
    refused(&ask(&new).await, "asked nine seconds ago");
    assert_eq!(publisher.request_count(), 1);
    provider.advance(TimeDelta::seconds(1));
    accepted(&ask(&new).await, "new");
    assert_eq!(publisher.request_count(), 2);
    refused(&ask(&old).await, "withdrawn");

    // Fetched keys are cached for ten minutes.
    provider.advance(TimeDelta::seconds(599));
    accepted(&ask(&new).await, "kept");
    assert_eq!(publisher.request_count(), 2);
    provider.advance(TimeDelta::seconds(1));
    accepted(&ask(&new).await, "asked for again");
    assert_eq!(publisher.request_count(), 3);
}

/// If the key or the assertion has no `kid`, each registered key may be the right one.
#[tokio::test]
async fn a_kid_is_not_needed_when_nothing_is_ambiguous() {
    let mut key = ClientKey::pair(Algorithm::ES256, "a");
    let other = ClientKey::pair(Algorithm::ES256, "b");
    let both = with_keys("both", &[&other, &key]);
    let with_kid = key.clone();
    key.jwk.as_object_mut().unwrap().remove("kid");
    let provider = TestProvider::open_with(&(both + &with_keys("nameless", &[&key])), "").await;
    let (both, nameless) = (
        signing_client(&provider, "both"),
        signing_client(&provider, "nameless"),
    );
    let bare = with_kid.sign_under(&Header::new(Algorithm::ES256), &claims(&provider, &both));
    accepted(&ask(&both, &bare).await, "no kid in the header");
    let assertion = with_kid.sign(&claims(&provider, &nameless));
    accepted(&ask(&nameless, &assertion).await, "no kid at the key");
}

#[tokio::test]
async fn a_secret_that_is_hashed_or_in_the_environment_or_a_file_works_as_any_other() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{SECRET}\n")).unwrap();
    let hash = BASE64_STANDARD.encode(digest::digest(&digest::SHA256, SECRET.as_bytes()));
    // Cargo sets this variable for every test.
    let env_secret = std::env::var("CARGO_PKG_DESCRIPTION").unwrap();
    let sections = registration("hashed", &format!("client_secret_sha256 = '{hash}'"))
        + &registration("env", "client_secret_env = 'CARGO_PKG_DESCRIPTION'")
        + &registration(
            "file",
            &format!("client_secret_file = '{}'", file.path().display()),
        );
    let provider = TestProvider::open_with(&sections, "").await;
    for (id, secret) in [("hashed", SECRET), ("file", SECRET), ("env", &env_secret)] {
        let client = signing_client(&provider, id);
        let code = "A".repeat(43);
        let by_body = [("client_secret", secret)];
        accepted(&client.redeem_with(&code, &by_body).await, id);
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &client.redirect_uri),
        ];
        let by_header = Browser::new()
            .send(Method::POST, provider.at("/token"), |request| {
                request.basic_auth(id, Some(secret)).form(&form)
            })
            .await;
        accepted(&by_header, id);
        let hash = [("client_secret", hash.as_str())];
        refused(&client.redeem_with(&code, &hash).await, id);
    }
}

//! How a client proves itself, by every method discovery announces (RFC 6749 §2.3, RFC 7523, OIDC
//! Core §9). What proves nothing is in `tests/security/assertion.rs`.

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

const LONG: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn secret_jwt(client_id: &str, lines: &str) -> String {
    registration(
        client_id,
        &format!(
            "token_endpoint_auth_method = 'client_secret_jwt'\nclient_secret = '{LONG}'\n{lines}"
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
        .map(|alg| ClientKey::secret(alg, LONG));
    let all: Vec<_> = pairs.iter().collect();
    let sections = with_keys("keyed", &all) + &secret_jwt("shared", "");
    let provider = TestProvider::open_with(&sections, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let mut worked = Vec::new();
    for (id, key) in secrets
        .iter()
        .map(|key| ("shared", key))
        .chain(pairs.iter().map(|key| ("keyed", key)))
    {
        let client = signing_client(&provider, id);
        let code = client.login(&mut browser).await;
        let answer = redeem(&client, &code, &key.sign(&claims(&provider, &client))).await;
        assert_eq!(answer.status, 200, "{:?}: {}", key.header.alg, answer.body);
        worked.push(json!(format!("{:?}", key.header.alg)));
    }
    let document = provider.at("/.well-known/openid-configuration");
    let document = Browser::new().get(document).await.json();
    assert_eq!(
        document["token_endpoint_auth_signing_alg_values_supported"],
        Value::Array(worked)
    );
}

/// RFC 7521 §4.2: the client is named by the assertion; OIDC Core §9 shows the request.
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

/// The same proof at the other endpoints of clients; each may also be named itself.
#[tokio::test]
async fn an_assertion_is_taken_at_introspection_and_revocation_too() {
    let key = ClientKey::pair(Algorithm::ES256, "a");
    let provider = TestProvider::open_with(&with_keys("keyed", &[&key]), "").await;
    let client = signing_client(&provider, "keyed");
    for (path, other) in [("/introspect", "/revoke"), ("/revoke", "/introspect")] {
        for (aud, good) in [("", true), ("/token", true), (path, true), (other, false)] {
            let mut claims = claims(&provider, &client);
            claims["aud"] = json!(provider.at(aud));
            let assertion = key.sign(&claims);
            let form = [
                ("token", "x"),
                ("client_assertion_type", TYPE),
                ("client_assertion", &assertion),
            ];
            let answer = Browser::new().post(provider.at(path), &form).await;
            assert_eq!(answer.status == 200, good, "{path} {aud}: {}", answer.body);
            if good {
                let again = Browser::new().post(provider.at(path), &form).await;
                refused(&again, "used before");
            } else {
                refused(&answer, aud);
            }
        }
    }
}

/// RFC 7523 §3 items 4 to 6, to the second.
#[tokio::test]
async fn rfc7523_an_assertion_has_its_time() {
    let key = ClientKey::pair(Algorithm::EdDSA, "a");
    let provider = TestProvider::open_with(&with_keys("keyed", &[&key]), "").await;
    let client = signing_client(&provider, "keyed");
    for (name, seconds, good) in [
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
        if good {
            accepted(&answer, &what);
        } else {
            refused(&answer, &what);
        }
    }
}

/// What a broken assertion is told is enough to mend it.
#[tokio::test]
async fn what_is_wrong_with_an_assertion_is_told_plainly() {
    let key = ClientKey::pair(Algorithm::ES256, "a");
    let provider = TestProvider::open_with(&with_keys("keyed", &[&key]), "").await;
    let client = signing_client(&provider, "keyed");
    for (name, value, told) in [
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
        refused(&answer, told);
        let description = answer.json()["error_description"].to_string();
        assert!(description.contains(told), "{description}");
    }
}

/// A client that fails keeps its code, whatever method it tries next (N28).
#[tokio::test]
async fn a_failed_assertion_spends_no_code_and_a_good_one_may_follow() {
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
    // The forgery has not used up the jti either.
    let answer = redeem(&client, &code, &key.sign(&claims)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// What Keycloak sends (its identity broker by `client_secret_jwt`): HS256, no `kid`, the token
/// endpoint as the audience, a minute, and the `client_id` beside it.
#[tokio::test]
async fn keycloaks_assertion_is_taken() {
    let pinned = secret_jwt("keycloak2", "token_endpoint_auth_signing_alg = 'HS256'");
    let provider = TestProvider::open_with(&pinned, "").await;
    let client = signing_client(&provider, "keycloak2");
    let mut claims = claims(&provider, &client);
    claims["aud"] = json!(provider.at("/token"));
    let key = ClientKey::secret(Algorithm::HS256, LONG);
    accepted(&ask(&client, &key.sign(&claims)).await, "HS256");
    let other = ClientKey::secret(Algorithm::HS512, LONG);
    claims["jti"] = json!("another");
    refused(
        &ask(&client, &other.sign(&claims)).await,
        "not the one it is pinned to",
    );
}

#[tokio::test]
async fn keys_at_a_jwks_uri_are_kept_and_followed_when_they_change() {
    let (old, new) = (
        ClientKey::pair(Algorithm::ES256, "old"),
        ClientKey::pair(Algorithm::RS256, "new"),
    );
    let publisher = KeyServer::start(Reply::Document(jwks(&[&old]))).await;
    let provider = TestProvider::open_with(&with_keys_at("elsewhere", publisher.url()), "").await;
    let client = signing_client(&provider, "elsewhere");
    let ask = async |key: &ClientKey| ask(&client, &key.sign(&claims(&provider, &client))).await;
    assert_eq!(publisher.asked(), 0, "not before they are needed");
    for _ in 0..3 {
        accepted(&ask(&old).await, "old");
    }
    assert_eq!(publisher.asked(), 1);

    // Changed: the unknown key is looked for at once, but not more often than every ten seconds.
    publisher.publish(Reply::Document(jwks(&[&new])));
    provider.advance(TimeDelta::seconds(9));
    refused(&ask(&new).await, "asked nine seconds ago");
    assert_eq!(publisher.asked(), 1);
    provider.advance(TimeDelta::seconds(1));
    accepted(&ask(&new).await, "new");
    assert_eq!(publisher.asked(), 2);
    refused(&ask(&old).await, "withdrawn");

    // Kept ten minutes, then asked for again.
    provider.advance(TimeDelta::seconds(599));
    accepted(&ask(&new).await, "kept");
    assert_eq!(publisher.asked(), 2);
    provider.advance(TimeDelta::seconds(1));
    accepted(&ask(&new).await, "asked for again");
    assert_eq!(publisher.asked(), 3);
}

/// A key without a `kid`, or a client that names none: each registered key may be meant.
#[tokio::test]
async fn a_kid_is_not_needed_when_nothing_is_ambiguous() {
    let mut key = ClientKey::pair(Algorithm::ES256, "a");
    let other = ClientKey::pair(Algorithm::ES256, "b");
    let both = with_keys("both", &[&other, &key]);
    let named = key.clone();
    key.jwk.as_object_mut().unwrap().remove("kid");
    let provider = TestProvider::open_with(&(both + &with_keys("nameless", &[&key])), "").await;
    let (both, nameless) = (
        signing_client(&provider, "both"),
        signing_client(&provider, "nameless"),
    );
    let bare = named.sign_under(&Header::new(Algorithm::ES256), &claims(&provider, &both));
    accepted(&ask(&both, &bare).await, "no kid in the header");
    let assertion = named.sign(&claims(&provider, &nameless));
    accepted(&ask(&nameless, &assertion).await, "no kid at the key");
}

#[tokio::test]
async fn a_secret_that_is_hashed_or_kept_elsewhere_works_as_any_other() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{LONG}\n")).unwrap();
    let hash = BASE64_STANDARD.encode(digest::digest(&digest::SHA256, LONG.as_bytes()));
    // Cargo sets it for every test.
    let named = std::env::var("CARGO_PKG_DESCRIPTION").unwrap();
    let sections = registration("hashed", &format!("client_secret_sha256 = '{hash}'"))
        + &registration("env", "client_secret_env = 'CARGO_PKG_DESCRIPTION'")
        + &registration(
            "file",
            &format!("client_secret_file = '{}'", file.path().display()),
        );
    let provider = TestProvider::open_with(&sections, "").await;
    for (id, secret) in [("hashed", LONG), ("file", LONG), ("env", &named)] {
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

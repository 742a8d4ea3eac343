//! `/jwks`: the public keys that tokens are verified with, and no private member (RFC 7517).

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use panda_oidc::jobs::key_rotation;
use serde_json::{Value, json};

use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;

async fn served() -> Answer {
    let provider = TestProvider::open().await;
    let answer = Browser::new().get(provider.at("/jwks")).await;
    assert_eq!(answer.status, 200);
    answer
}

async fn keys() -> Vec<Value> {
    served().await.json()["keys"].as_array().unwrap().clone()
}

/// The members that a key's thumbprint is computed from, in order (RFC 7638 §3.2, RFC 8037 §2).
fn required(key: &Value) -> &'static [&'static str] {
    match key["kty"].as_str().unwrap() {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        other => panic!("a key of type {other}"),
    }
}

#[tokio::test]
async fn a_kid_is_the_keys_rfc7638_thumbprint() {
    for key in keys().await {
        let members = required(&key)
            .iter()
            .map(|name| format!("\"{name}\":{}", key[*name]));
        let canonical = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        let hash = digest::digest(&digest::SHA256, canonical.as_bytes());
        assert_eq!(key["kid"], BASE64_URL_SAFE_NO_PAD.encode(hash), "{key}");
    }
}

#[tokio::test]
async fn each_algorithm_has_one_key_that_is_for_signatures_only() {
    let keys = keys().await;
    let all: Vec<_> = keys.iter().map(|key| &key["alg"]).collect();
    assert_eq!(all, ["RS256", "PS256", "ES256", "EdDSA"]);
    assert!(keys.iter().all(|key| key["use"] == "sig"));
    let kids: BTreeSet<_> = keys.iter().map(|key| key["kid"].to_string()).collect();
    assert_eq!(kids.len(), keys.len());
}

#[tokio::test]
async fn a_key_has_its_public_members_and_no_other() {
    for key in keys().await {
        let mut expected: BTreeSet<_> = required(&key).iter().copied().collect();
        expected.extend(["alg", "kid", "use"]);
        let members = key.as_object().unwrap().keys();
        let members: BTreeSet<_> = members.map(String::as_str).collect();
        assert_eq!(members, expected);
    }
}

#[tokio::test]
async fn the_keys_are_as_strong_as_their_algorithms_require() {
    for key in keys().await {
        let bytes = |name: &str| {
            let text = key[name].as_str().unwrap();
            BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
        };
        match key["kty"].as_str().unwrap() {
            "RSA" => {
                // RFC 7518 §3.3: 2048 bits or more; §2: no leading zero octets.
                let modulus = bytes("n");
                assert!(modulus.len() >= 256 && modulus[0] >= 0x80);
                assert_eq!(bytes("e"), [1, 0, 1]);
            }
            // RFC 7518 §6.2.1.2: the full length, including leading zero octets.
            "EC" => assert_eq!((bytes("x").len(), bytes("y").len()), (32, 32)),
            _ => assert_eq!((bytes("x").len(), &key["crv"]), (32, &json!("Ed25519"))),
        }
    }
}

#[tokio::test]
async fn caches_keep_it_no_longer_than_a_key_is_announced() {
    let answer = served().await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(answer.set_cookies().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_has_the_keys_gets_them_only_when_they_change() {
    let provider = TestProvider::open().await;
    let ask = async |tag: &str| {
        let url = provider.at("/jwks");
        let send = |request: reqwest::RequestBuilder| request.header("if-none-match", tag);
        Browser::new().send(reqwest::Method::GET, url, send).await
    };
    let etag = ask("\"other\"").await.header("etag").to_owned();
    for tag in [etag.clone(), format!("\"x\", W/{etag}"), "*".to_owned()] {
        let answer = ask(&tag).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (304, ""),
            "{tag}"
        );
        assert_eq!(answer.header("etag"), etag);
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
    }
    provider.advance(TimeDelta::days(89));
    key_rotation::refresh(&provider.app).await.unwrap();
    let answer = ask(&etag).await;
    assert_eq!(answer.status, 200);
    assert_ne!(answer.header("etag"), etag);
}

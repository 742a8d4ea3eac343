//! Tokens are signed and verified with our own keys only.

use chrono::DateTime;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::*;
use crate::crypto::{MasterKey, Purpose};

fn keys() -> Keys {
    let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::SigningKeys);
    let sealed =
        SigningAlg::ALL.map(|alg| SealedKey::generate(alg, &sealer, DateTime::UNIX_EPOCH).unwrap());
    Keys::open(&sealed, &sealer, DateTime::UNIX_EPOCH).unwrap()
}

fn jwks(keys: &Keys) -> Vec<Value> {
    let document: Value = serde_json::from_slice(&keys.jwks().json).unwrap();
    document["keys"].as_array().unwrap().clone()
}

#[test]
fn a_token_of_every_algorithm_verifies() {
    let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::SigningKeys);
    let sealed =
        SigningAlg::ALL.map(|alg| SealedKey::generate(alg, &sealer, DateTime::UNIX_EPOCH).unwrap());
    let [signer, other_process] =
        [(); 2].map(|()| Keys::open(&sealed, &sealer, DateTime::UNIX_EPOCH).unwrap());
    for alg in SigningAlg::ALL {
        let token = signer.sign(alg, "at+jwt", &json!({"sub": "1"})).unwrap();
        // The signer knows the token; the other process verifies it, and knows it from then on.
        for keys in [&signer, &other_process, &other_process] {
            let token = keys.verify::<Value>(&token).unwrap();
            assert_eq!(token.claims["sub"], "1");
            assert_eq!(token.header.typ.as_deref(), Some("at+jwt"));
        }
        assert!(keys().verify::<Value>(&token).is_none());
    }
}

#[test]
fn the_jwks_has_one_public_key_an_algorithm_and_nothing_private() {
    let keys = jwks(&keys());
    let algs: Vec<_> = keys
        .iter()
        .map(|key| key["alg"].as_str().unwrap())
        .collect();
    assert_eq!(algs, ["RS256", "PS256", "ES256", "EdDSA"]);
    for key in keys {
        assert_eq!(key["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
}

#[test]
fn n31_our_public_key_is_no_secret_to_sign_with() {
    let keys = keys();
    let rsa = jwks(&keys).remove(0);
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(rsa["kid"].as_str().unwrap().to_owned());
    for secret in [rsa["n"].as_str().unwrap(), &rsa.to_string(), ""] {
        let key = EncodingKey::from_secret(secret.as_bytes());
        let forged = jsonwebtoken::encode(&header, &json!({"sub": "1"}), &key).unwrap();
        assert!(keys.verify::<Value>(&forged).is_none());
    }
}

#[test]
fn n30_n32_a_changed_token_is_refused_whatever_its_header_says() {
    let keys = keys();
    let token = keys
        .sign(SigningAlg::ES256, "JWT", &json!({"sub": "1"}))
        .unwrap();
    let parts: Vec<_> = token.split('.').collect();
    let [head, claims, signature] = parts[..] else {
        panic!("three parts");
    };
    let text = |json: Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let kids: Vec<_> = jwks(&keys)
        .iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect();
    let other_claims = text(json!({"sub": "2"}));
    for forged in [
        format!("{head}.{other_claims}.{signature}"),
        format!("{head}.{claims}."),
        format!("{head}.{claims}"),
        format!("{head}.{claims}.{signature}.{signature}"),
        format!("{}.{claims}.", text(json!({"alg": "none", "kid": kids[2]}))),
        format!(
            "{}.{claims}.{signature}",
            text(json!({"alg": "RS256", "kid": kids[0]}))
        ),
        format!(
            "{}.{claims}.{signature}",
            text(json!({"alg": "RS256", "kid": kids[2]}))
        ),
        format!(
            "{}.{claims}.{signature}",
            text(json!({"alg": "ES256", "kid": "../../dev/null"}))
        ),
        format!("{}.{claims}.{signature}", text(json!({"alg": "ES256"}))),
        String::new(),
        "..".to_owned(),
    ] {
        assert!(keys.verify::<Value>(&forged).is_none(), "{forged}");
    }
}

#[test]
fn at_hash_is_the_left_half_of_the_hash() {
    // SHA-256 and SHA-512 of the same text, computed by another implementation.
    assert_eq!(at_hash(SigningAlg::ES256, "abc"), "ungWv48Bz-pBQUDeXa4iIw");
    assert_eq!(
        at_hash(SigningAlg::EdDSA, "abc"),
        "3a81oZNherrMQXNJriBBMRLm-k6JqX6iCp7u5ktV05o"
    );
}

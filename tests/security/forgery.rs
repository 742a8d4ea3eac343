//! Forged tokens, and our own tokens used for another purpose: N30 to N34, docs/security.md.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use aws_lc_rs::{hmac, signature};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use panda_oidc::keys::SigningAlg;
use serde_json::{Value, json};

use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, claims, header};
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::tools::{TrapServer, access_token};

/// A JWS of these parts, as an attacker writes it.
fn forge(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = sign(message.as_bytes());
    format!("{message}.{}", BASE64.encode(signature))
}

/// Panics unless userinfo refuses the token as `invalid_token` (RFC 6750 §3.1).
async fn assert_invalid_token(client: &RelyingParty, token: &str, what: &str) {
    let answer = client.userinfo(token).await;
    assert_eq!(answer.status, 401, "{what}: {}", answer.body);
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains("invalid_token"), "{what}: {challenge}");
}

/// A provider, a client, a browser in which 陈涛 is signed in, and his valid access token.
async fn with_access_token() -> (TestProvider, RelyingParty, Browser, String) {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let token = access_token(&grafana, &mut browser).await;
    assert_eq!(grafana.userinfo(&token).await.status, 200);
    (provider, grafana, browser, token)
}

#[tokio::test]
async fn n30_a_token_without_a_valid_signature_is_refused() {
    let (_provider, grafana, _, token) = with_access_token().await;
    let body = claims(&token);
    let kid = header(&token)["kid"].clone();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        for typ in ["at+jwt", "JWT"] {
            let head = json!({ "alg": alg, "typ": typ, "kid": kid });
            let forged = forge(&head, &body, |_| Vec::new());
            assert_invalid_token(&grafana, &forged, alg).await;
            assert_invalid_token(&grafana, forged.trim_end_matches('.'), alg).await;
        }
    }
    let unsigned = token.rsplit_once('.').unwrap().0;
    assert_invalid_token(&grafana, &format!("{unsigned}."), "its signature cut off").await;
    assert_invalid_token(&grafana, &token[..token.len() - 1], "truncated").await;
    assert_invalid_token(&grafana, &format!("{token}A"), "lengthened").await;
    assert_invalid_token(&grafana, &format!("{token}.{token}"), "too many parts").await;
    assert_invalid_token(&grafana, "a.b.c", "nonsense").await;
}

#[tokio::test]
async fn n30_parts_of_two_tokens_do_not_combine_into_a_third() {
    let (provider, grafana, mut browser, token) = with_access_token().await;
    let other = access_token(&provider.client("keycloak"), &mut browser).await;
    let (a, b): (Vec<_>, Vec<_>) = (token.split('.').collect(), other.split('.').collect());
    for parts in [[a[0], b[1], a[2]], [b[0], a[1], a[2]], [a[0], a[1], b[2]]] {
        assert_invalid_token(&grafana, &parts.join("."), "swapped").await;
    }
}

#[tokio::test]
async fn n31_our_public_key_is_not_accepted_as_an_hmac_secret() {
    let (provider, grafana, _, token) = with_access_token().await;
    let body = claims(&token);
    let kid = header(&token)["kid"].clone();
    let jwks: Value = Browser::new().get(provider.at("/jwks")).await.json();
    let keys = jwks["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == kid).unwrap();
    let n = key["n"].as_str().unwrap();
    let modulus = BASE64.decode(n).unwrap();
    // SubjectPublicKeyInfo of a 2048-bit RSA key, e = 65537.
    let mut der = BASE64_STANDARD
        .decode("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA")
        .unwrap();
    der.extend_from_slice(&modulus);
    der.extend_from_slice(&[2, 3, 1, 0, 1]);
    let lines: Vec<String> = BASE64_STANDARD
        .encode(&der)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    let pem = lines.join("\n");
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n");
    for secret in [
        der.as_slice(),
        modulus.as_slice(),
        n.as_bytes(),
        pem.as_bytes(),
        pem.trim().as_bytes(),
        key.to_string().as_bytes(),
        b"",
    ] {
        for (alg, hash) in [("HS256", hmac::HMAC_SHA256), ("HS512", hmac::HMAC_SHA512)] {
            let head = json!({ "alg": alg, "typ": "at+jwt", "kid": kid });
            let key = hmac::Key::new(hash, secret);
            let forged = forge(&head, &body, |text| {
                hmac::sign(&key, text).as_ref().to_vec()
            });
            assert_invalid_token(&grafana, &forged, alg).await;
        }
    }
}

#[tokio::test]
async fn n32_a_token_header_cannot_supply_its_own_key() {
    let (_provider, grafana, _, token) = with_access_token().await;
    let body = claims(&token);
    let kid = header(&token)["kid"].clone();
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair =
        EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref());
    let pair = pair.unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "evil",
        "x": BASE64.encode(x), "y": BASE64.encode(y),
    });
    let trap = TrapServer::open();
    let url = trap.url();
    for head in [
        json!({ "kid": "evil" }),
        json!({ "kid": kid }),
        json!({ "kid": "" }),
        json!({ "kid": "../../../../dev/null" }),
        json!({ "kid": "' UNION SELECT 1 --" }),
        json!({ "kid": [kid] }),
        json!({ "kid": null }),
        json!({}),
        json!({ "kid": "evil", "jwk": jwk }),
        json!({ "kid": kid, "jwk": jwk }),
        json!({ "kid": "evil", "jku": url }),
        json!({ "kid": kid, "jku": url }),
        json!({ "kid": kid, "x5u": url }),
        json!({ "kid": kid, "x5c": [BASE64_STANDARD.encode(x)] }),
        json!({ "kid": kid, "crit": ["exp"] }),
    ] {
        let mut head = head;
        head["alg"] = json!("ES256");
        head["typ"] = json!("at+jwt");
        let sign = |text: &[u8]| pair.sign(&random, text).unwrap().as_ref().to_vec();
        let forged = forge(&head, &body, sign);
        assert_invalid_token(&grafana, &forged, &head.to_string()).await;
    }
    trap.assert_not_contacted();
}

#[tokio::test]
async fn n33_a_correctly_signed_token_still_needs_claims_of_the_right_type() {
    let (provider, grafana, _, token) = with_access_token().await;
    let body = claims(&token);
    let sign = |claims: &Value| provider.app.keys.sign(SigningAlg::RS256, "at+jwt", claims);
    let signed_again = sign(&body).unwrap();
    assert_eq!(
        grafana.userinfo(&signed_again).await.status,
        200,
        "a token that is signed the same way is accepted"
    );
    for (name, value) in [
        ("exp", json!("99999999999")),
        ("exp", json!(99_999_999_999.5)),
        ("exp", json!([99_999_999_999_i64])),
        ("exp", json!(true)),
        ("exp", Value::Null),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!(1_800_000_000_i64)),
        ("iss", json!("http://evil.com")),
        ("iss", json!([provider.issuer])),
        ("sub", json!("2")),
        ("sub", json!(1)),
        ("client_id", json!("keycloak")),
        ("jti", json!("A".repeat(43))),
        ("jti", json!("")),
        ("jti", json!(1)),
    ] {
        let mut forged = body.clone();
        forged[name] = value.clone();
        assert_invalid_token(
            &grafana,
            &sign(&forged).unwrap(),
            &format!("{name}: {value}"),
        )
        .await;
        forged.as_object_mut().unwrap().remove(name);
        assert_invalid_token(&grafana, &sign(&forged).unwrap(), &format!("no {name}")).await;
    }
}

#[tokio::test]
async fn n34_our_other_tokens_are_not_accepted_as_access_tokens() {
    let (provider, grafana, mut browser, token) = with_access_token().await;
    let tokens = grafana
        .redeem(&grafana.login(&mut browser).await)
        .await
        .json();
    let id_token = tokens["id_token"].as_str().unwrap();
    assert_invalid_token(&grafana, id_token, "an ID token").await;
    let logout = json!({
        "iss": provider.issuer, "sub": "1", "aud": "grafana", "iat": 1_800_000_000,
        "exp": 1_800_000_120, "jti": claims(&token)["jti"], "sid": claims(id_token)["sid"],
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    let logout = provider
        .app
        .keys
        .sign(SigningAlg::RS256, "logout+jwt", &logout);
    assert_invalid_token(&grafana, &logout.unwrap(), "a logout token").await;
    let session = browser.cookies["panda-oidc-session"].clone();
    assert_invalid_token(&grafana, &session, "a session handle").await;
    let code = grafana.login(&mut browser).await;
    assert_invalid_token(&grafana, &code, "a code").await;
}

#[tokio::test]
async fn n34_only_an_id_token_is_accepted_as_a_hint() {
    let typ_jwt = "[[clients]]\nclient_id = 'spring'\nclient_secret = 'spring-secret-0123456789'\n\
                   redirect_uris = ['http://127.0.0.1:8080/cb']\naccess_token_typ = 'JWT'\n";
    let provider = TestProvider::open_with(typ_jwt, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let spring = RelyingParty {
        client_id: "spring".to_owned(),
        client_secret: Some("spring-secret-0123456789".to_owned()),
        redirect_uri: "http://127.0.0.1:8080/cb".to_owned(),
        ..grafana.clone()
    };
    let tokens = grafana
        .redeem(&grafana.login(&mut browser).await)
        .await
        .json();
    let id_token = tokens["id_token"].as_str().unwrap().to_owned();
    let sign = |typ: &str, claims: Value| provider.app.keys.sign(SigningAlg::RS256, typ, &claims);
    let events = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    let logout = json!({
        "iss": provider.issuer, "sub": "1", "aud": "grafana", "auth_time": 1_800_000_000, "events": events,
    });
    let mut other_issuer = claims(&id_token);
    other_issuer["iss"] = json!("http://evil.com");
    let unsigned = json!({ "alg": "none", "typ": "JWT", "kid": header(&id_token)["kid"] });
    for (what, hint) in [
        (
            "an access token",
            access_token(&grafana, &mut browser).await,
        ),
        (
            "an access token of typ JWT",
            access_token(&spring, &mut browser).await,
        ),
        (
            "a logout token",
            sign("logout+jwt", logout.clone()).unwrap(),
        ),
        ("a logout token of typ JWT", sign("JWT", logout).unwrap()),
        ("another issuer's", sign("JWT", other_issuer).unwrap()),
        (
            "unsigned",
            forge(&unsigned, &claims(&id_token), |_| Vec::new()),
        ),
        ("truncated", id_token[..id_token.len() - 4].to_owned()),
        ("nonsense", "x".to_owned()),
    ] {
        let url = grafana.authorize_url(&[("id_token_hint", &hint)]);
        let answer = browser.get(url).await;
        let error = answer.parameter("error");
        assert_eq!(error.as_deref(), Some("invalid_request"), "{what}");
    }
    let url = grafana.authorize_url(&[("id_token_hint", &id_token)]);
    assert!(browser.get(url).await.parameter("code").is_some());
}

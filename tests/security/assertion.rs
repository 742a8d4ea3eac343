//! Attacks on client authentication by assertion (RFC 7523): N30 to N33, N41, N46 and N47,
//! docs/security.md.

use std::sync::Arc;

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, Header};
use panda_oidc_panda::simulator::{Simulator, SimulatorSettings};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::assertion::{
    ClientKey, TYPE, accepted, ask, claims, jwks, redeem, refused, registration, signing_client,
    with_keys, with_keys_at,
};
use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::support::provider::TestProvider;
use crate::support::publisher::{KeyServer, Reply};

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A provider with the clients `keyed`, which signs with ES256 and RS256, and `shared`, which signs
/// with [`SECRET`].
async fn open() -> (TestProvider, RelyingParty, ClientKey, ClientKey) {
    let ec = ClientKey::pair(Algorithm::ES256, "ec");
    let rsa = ClientKey::pair(Algorithm::RS256, "rsa");
    let shared =
        format!("token_endpoint_auth_method = 'client_secret_jwt'\nclient_secret = '{SECRET}'");
    let sections = with_keys("keyed", &[&ec, &rsa]) + &registration("shared", &shared);
    let provider = TestProvider::open_with(&sections, "").await;
    let client = signing_client(&provider, "keyed");
    (provider, client, ec, rsa)
}

#[tokio::test]
async fn n30_an_assertion_without_a_valid_signature_is_refused() {
    let (provider, client, ec, _) = open().await;
    let valid = ec.sign(&claims(&provider, &client));
    let (message, signature) = valid.rsplit_once('.').unwrap();
    let body = message.split_once('.').unwrap().1;
    let encode = |text: &str| {
        use base64::Engine as _;
        base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text)
    };
    for (what, forged) in [
        ("cut off", format!("{message}.")),
        ("two parts", message.to_owned()),
        ("none", format!("{}.{body}.", encode(r#"{"alg":"none"}"#))),
        ("None", format!("{}.{body}.", encode(r#"{"alg":"None"}"#))),
        (
            "none, signed",
            format!("{}.{body}.{signature}", encode(r#"{"alg":"none"}"#)),
        ),
        (
            "crit",
            format!(
                "{}.{body}.{signature}",
                encode(r#"{"alg":"ES256","crit":["b64"]}"#)
            ),
        ),
        ("lengthened", format!("{valid}A")),
        ("nonsense", "x".to_owned()),
    ] {
        refused(&ask(&client, &forged).await, what);
    }
    accepted(
        &ask(&client, &valid).await,
        "the assertion that the forgeries start from",
    );
}

#[tokio::test]
async fn n31_a_clients_public_key_is_not_accepted_as_an_hmac_secret() {
    let (provider, client, ec, rsa) = open().await;
    for secret in [
        rsa.jwk["n"].as_str().unwrap().to_owned(),
        ec.jwk["x"].as_str().unwrap().to_owned(),
        rsa.jwk.to_string(),
        ec.jwk.to_string(),
        jwks(&[&ec, &rsa]),
        String::new(),
        "\0".repeat(64),
    ] {
        for alg in [Algorithm::HS256, Algorithm::HS512] {
            let key = ClientKey::secret(alg, &secret);
            for kid in [None, Some("rsa".to_owned()), Some("ec".to_owned())] {
                let header = Header {
                    kid,
                    ..key.header.clone()
                };
                let forged = key.sign_under(&header, &claims(&provider, &client));
                refused(&ask(&client, &forged).await, &format!("{alg:?} {secret}"));
            }
        }
    }
}

#[tokio::test]
async fn n32_an_assertion_is_verified_only_with_the_clients_registered_keys() {
    let (provider, client, ec, _) = open().await;
    let stranger = ClientKey::pair(Algorithm::ES256, "ec");
    let mut header = stranger.header.clone();
    header.jwk = Some(serde_json::from_value(stranger.jwk.clone()).unwrap());
    let forged = stranger.sign_under(&header, &claims(&provider, &client));
    refused(&ask(&client, &forged).await, "jwk in the header");
    for kid in ["rsa", "", "../../dev/null", "' OR 1 --"] {
        let header = Header {
            kid: Some(kid.to_owned()),
            ..ec.header.clone()
        };
        let forged = ec.sign_under(&header, &claims(&provider, &client));
        refused(&ask(&client, &forged).await, kid);
    }
    let shared = ClientKey::secret(Algorithm::HS256, SECRET);
    for other in ["shared", "grafana", "spa", "nobody"] {
        let other = signing_client(&provider, other);
        let with_key = ec.sign(&claims(&provider, &other));
        refused(&ask(&other, &with_key).await, &other.client_id);
    }
    for other in ["keyed", "grafana", "spa"] {
        let other = signing_client(&provider, other);
        let with_secret = shared.sign(&claims(&provider, &other));
        refused(&ask(&other, &with_secret).await, &other.client_id);
    }
}

#[tokio::test]
async fn n33_n41_an_assertion_needs_claims_of_the_right_type_and_value() {
    let (provider, client, ec, _) = open().await;
    let now = claims(&provider, &client)["iat"].as_i64().unwrap();
    for (name, value) in [
        ("exp", json!((now + 60).to_string())),
        ("exp", json!([now + 60])),
        ("exp", json!(true)),
        ("exp", Value::Null),
        ("exp", json!(now - 30)),
        ("exp", json!(now + 86_400)),
        ("exp", json!(1e308)),
        ("nbf", json!(now.to_string())),
        ("nbf", json!(now + 600)),
        ("iat", json!(now.to_string())),
        ("iat", json!(now + 600)),
        ("aud", json!("http://evil.com")),
        ("aud", json!(format!("{}/", provider.issuer))),
        ("aud", json!(provider.at("/authorize"))),
        ("aud", json!([provider.issuer, "http://evil.com"])),
        ("aud", json!([])),
        ("aud", json!({ "0": provider.issuer })),
        ("iss", json!(provider.issuer)),
        ("iss", json!(["keyed"])),
        ("sub", json!("1")),
        ("sub", json!(1)),
        ("jti", json!(1)),
        ("jti", json!("")),
    ] {
        let mut forged = claims(&provider, &client);
        forged[name] = value.clone();
        refused(
            &ask(&client, &ec.sign(&forged)).await,
            &format!("{name}: {value}"),
        );
    }
    for name in ["exp", "aud", "iss", "sub", "jti"] {
        let mut forged = claims(&provider, &client);
        forged.as_object_mut().unwrap().remove(name);
        refused(
            &ask(&client, &ec.sign(&forged)).await,
            &format!("no {name}"),
        );
    }
}

#[tokio::test]
async fn n41_an_assertion_is_accepted_once() {
    let (provider, client, ec, rsa) = open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let claims = claims(&provider, &client);
    let assertion = ec.sign(&claims);
    let code = client.login(&mut browser).await;
    assert_eq!(redeem(&client, &code, &assertion).await.status, 200);
    let code = client.login(&mut browser).await;
    let again = redeem(&client, &code, &assertion).await;
    refused(&again, "the same");
    assert!(again.body.contains("was used before"), "{}", again.body);
    refused(&redeem(&client, &code, &rsa.sign(&claims)).await, "its jti");
    let mut longer = claims.clone();
    longer["exp"] = json!(claims["exp"].as_i64().unwrap() + 600);
    refused(&redeem(&client, &code, &ec.sign(&longer)).await, "its jti");
    // A `jti` is unique per client, so another client may use the same value.
    let shared = signing_client(&provider, "shared");
    let key = ClientKey::secret(Algorithm::HS256, SECRET);
    let mut same_jti = crate::support::assertion::claims(&provider, &shared);
    same_jti["jti"] = claims["jti"].clone();
    accepted(&ask(&shared, &key.sign(&same_jti)).await, "another client");

    provider.advance(TimeDelta::seconds(89));
    refused(
        &redeem(&client, &code, &assertion).await,
        "until it expires",
    );
    provider.advance(TimeDelta::seconds(1));
    refused(
        &redeem(&client, &code, &assertion).await,
        "after it has expired",
    );
    provider
        .app
        .store
        .sweep(panda_oidc_sdk::Clock::now(&*provider.clock))
        .await
        .unwrap();
    refused(&redeem(&client, &code, &assertion).await, "swept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n41_of_16_concurrent_uses_of_an_assertion_one_succeeds() {
    let key = ClientKey::pair(Algorithm::EdDSA, "a");
    let publisher = KeyServer::start(Reply::Document(jwks(&[&key]))).await;
    let sections = with_keys("here", &[&key]) + &with_keys_at("there", publisher.url());
    let provider = TestProvider::open_with(&sections, "").await;
    for id in ["here", "there"] {
        let client = signing_client(&provider, id);
        for _ in 0..3 {
            let assertion = key.sign(&claims(&provider, &client));
            let start = Arc::new(Barrier::new(16));
            let mut race = JoinSet::new();
            for _ in 0..16 {
                let (client, assertion) = (client.clone(), assertion.clone());
                let start = Arc::clone(&start);
                race.spawn(async move {
                    start.wait().await;
                    ask(&client, &assertion).await.json()["error"].clone()
                });
            }
            let answers = race.join_all().await;
            let won = answers.iter().filter(|error| **error == "invalid_grant");
            assert_eq!(won.count(), 1, "{answers:?}");
            let lost = answers.iter().filter(|error| **error == "invalid_client");
            assert_eq!(lost.count(), 15, "{answers:?}");
        }
    }
    assert_eq!(
        publisher.request_count(),
        1,
        "all requests waited for one fetch of the keys"
    );
}

/// Used assertions are stored, so a restart does not make them valid again.
#[tokio::test]
async fn n41_a_used_assertion_stays_used_after_a_restart() {
    let portal = Simulator::start(SimulatorSettings::default())
        .await
        .unwrap();
    let key = ClientKey::pair(Algorithm::ES256, "a");
    let mut program = Program::start(portal.url().as_ref(), &with_keys("keyed", &[&key])).await;
    let client = RelyingParty {
        client_id: "keyed".to_owned(),
        client_secret: None,
        ..program.client()
    };
    let now = panda_oidc_sdk::Clock::now(&panda_oidc_sdk::SystemClock).timestamp();
    let claims = json!({
        "iss": "keyed", "sub": "keyed", "aud": program.issuer, "jti": "1", "exp": now + 3600,
    });
    let assertion = key.sign(&claims);
    accepted(&ask(&client, &assertion).await, "before");
    program.kill();
    program.restart().await;
    refused(&ask(&client, &assertion).await, "after");
}

#[tokio::test]
async fn n46_every_failed_assertion_gets_the_same_response() {
    let (provider, client, ec, _) = open().await;
    let stranger = ClientKey::pair(Algorithm::ES256, "ec");
    let expected = ask(&client, &stranger.sign(&claims(&provider, &client))).await;
    refused(&expected, "a stranger's key");
    for id in ["nobody", "grafana", "spa", "shared", ""] {
        let other = signing_client(&provider, id);
        for key in [&stranger, &ec] {
            let answer = ask(&other, &key.sign(&claims(&provider, &other))).await;
            assert_eq!(
                (answer.status, &answer.body),
                (expected.status, &expected.body),
                "{id}"
            );
        }
    }
    let secret = [("client_secret", SECRET)];
    for id in ["keyed", "shared", "nobody"] {
        let by_secret = signing_client(&provider, id)
            .redeem_with("x", &secret)
            .await;
        assert_eq!(by_secret.body, expected.body, "{id}");
    }
}

#[tokio::test]
async fn n47_two_client_authentication_methods_in_one_request_are_refused() {
    let (provider, client, ec, _) = open().await;
    let assertion = ec.sign(&claims(&provider, &client));
    let proof = [
        ("client_assertion_type", TYPE),
        ("client_assertion", &assertion),
    ];
    let assert_invalid_request = |answer: &Answer| {
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert_eq!(answer.json()["error"], "invalid_request", "{}", answer.body);
    };
    let with = |more: &[(&'static str, &'static str)]| [&proof[..], more].concat();
    assert_invalid_request(
        &client
            .redeem_with("x", &with(&[("client_secret", SECRET)]))
            .await,
    );
    assert_invalid_request(
        &client
            .redeem_with("x", &with(&[("client_id", "grafana")]))
            .await,
    );
    assert_invalid_request(&client.redeem_with("x", &proof[..1]).await);
    assert_invalid_request(&client.redeem_with("x", &proof[1..]).await);
    let twice = [&proof[..], &proof[1..]].concat();
    assert_invalid_request(&Browser::new().post(provider.at("/token"), &twice).await);
    let with_basic = Browser::new()
        .send(reqwest::Method::POST, provider.at("/token"), |request| {
            request
                .basic_auth("grafana", Some("grafana-secret-0123456789"))
                .form(&proof)
        })
        .await;
    assert_invalid_request(&with_basic);
    accepted(
        &ask(&client, &assertion).await,
        "the refused requests did not spend the assertion",
    );
}

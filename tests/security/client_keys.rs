//! Keys that are fetched from a client's `jwks_uri`: SSRF, broken servers and floods (N15, N60,
//! docs/security.md).

use std::time::Duration;

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, Header};
use panda_oidc_panda::simulator::{Simulator, SimulatorSettings};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::app::RelyingParty;
use crate::support::assertion::{
    ClientKey, TYPE, accepted, ask, claims, jwks, refused, signing_client, with_keys, with_keys_at,
};
use crate::support::browser::Answer;
use crate::support::program::Program;
use crate::support::provider::TestProvider;
use crate::support::publisher::{KeyServer, Reply};
use crate::tools::{TrapServer, count_rows};

/// A provider with the client `elsewhere`, whose `jwks_uri` is at `publisher`.
async fn with_remote_keys(publisher: &KeyServer) -> (TestProvider, RelyingParty) {
    let provider = TestProvider::open_with(&with_keys_at("elsewhere", publisher.url()), "").await;
    let client = signing_client(&provider, "elsewhere");
    (provider, client)
}

/// The response. Only a fetch without a timeout takes longer than 30 s.
async fn without_hanging(answer: impl Future<Output = Answer>) -> Answer {
    let timeout = Duration::from_secs(30);
    tokio::time::timeout(timeout, answer)
        .await
        .expect("an answer")
}

#[tokio::test]
async fn n15_a_broken_jwks_uri_authenticates_nobody_and_does_not_block() {
    let key = ClientKey::pair(Algorithm::ES256, "a");
    let good = jwks(&[&key]);
    let trap = TrapServer::open();
    let publisher = KeyServer::start(Reply::Status(500)).await;
    let (provider, client) = with_remote_keys(&publisher).await;
    let padded = |bytes: usize| Reply::Document(good.clone() + &" ".repeat(bytes - good.len()));
    for (what, reply) in [
        ("an error", Reply::Status(500)),
        ("nothing", Reply::Status(204)),
        ("a redirect", Reply::Redirect(trap.url())),
        ("a page", Reply::Document("<html>".to_owned())),
        ("no keys", Reply::Document("{\"keys\":[]}".to_owned())),
        ("too much", padded(64 * 1024 + 1)),
        ("far too much", padded(64 * 1024 * 1024)),
        ("a drip", Reply::Drip),
        ("silence", Reply::Silence),
    ] {
        publisher.publish(reply);
        provider.advance(TimeDelta::seconds(10));
        let before = publisher.request_count();
        let assertion = key.sign(&claims(&provider, &client));
        refused(&without_hanging(ask(&client, &assertion)).await, what);
        assert_eq!(publisher.request_count(), before + 1, "{what}");
    }
    trap.assert_not_contacted();
    publisher.publish(padded(64 * 1024));
    provider.advance(TimeDelta::seconds(10));
    let assertion = key.sign(&claims(&provider, &client));
    accepted(&ask(&client, &assertion).await, "exactly the maximum size");
}

#[tokio::test]
async fn n15_keys_are_fetched_only_from_the_registered_jwks_uri() {
    let ec = ClientKey::pair(Algorithm::ES256, "ec");
    let provider = TestProvider::open_with(&with_keys("keyed", &[&ec]), "").await;
    let client = signing_client(&provider, "keyed");
    let stranger = ClientKey::pair(Algorithm::ES256, "ec");
    let trap = TrapServer::open();
    for header in [
        Header {
            jku: Some(trap.url()),
            ..ec.header.clone()
        },
        Header {
            x5u: Some(trap.url()),
            ..ec.header.clone()
        },
    ] {
        let assertion = stranger.sign_under(&header, &claims(&provider, &client));
        refused(
            &ask(&client, &assertion).await,
            "a key at an address of its own",
        );
    }
    let unregistered = signing_client(&provider, &trap.url());
    let assertion = stranger.sign(&claims(&provider, &unregistered));
    refused(
        &ask(&unregistered, &assertion).await,
        "an issuer of its own",
    );
    let mut claims = claims(&provider, &client);
    claims["jwks_uri"] = json!(trap.url());
    let assertion = stranger.sign(&claims);
    let parameters = [
        ("jwks_uri", trap.url()),
        ("client_assertion_type", TYPE.to_owned()),
        ("client_assertion", assertion),
    ];
    let parameters = parameters
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    refused(
        &client.redeem_with("x", &parameters).await,
        "a parameter of its own",
    );
    trap.assert_not_contacted();
}

/// The log says what happened and what to do. The response to the client says neither.
#[tokio::test]
async fn n15_the_log_says_why_a_clients_keys_could_not_be_fetched() {
    let portal = Simulator::start(SimulatorSettings::default())
        .await
        .unwrap();
    let key = ClientKey::pair(Algorithm::ES256, "a");
    let publisher = KeyServer::start(Reply::Status(404)).await;
    let sections = with_keys_at("elsewhere", publisher.url());
    let program = Program::start(portal.url().as_ref(), &sections).await;
    let client = RelyingParty {
        client_id: "elsewhere".to_owned(),
        client_secret: None,
        ..program.client()
    };
    let now = panda_oidc_sdk::Clock::now(&panda_oidc_sdk::SystemClock).timestamp();
    let claims = json!({
        "iss": "elsewhere", "sub": "elsewhere", "aud": program.issuer, "jti": "1", "exp": now + 60,
    });
    let assertion = key.sign(&claims);
    let answer = ask(&client, &assertion).await;
    refused(&answer, "no keys");
    assert!(!answer.body.contains("404") && !answer.body.contains(publisher.url()));
    let log = program.log();
    for expected in [
        publisher.url(),
        "404 Not Found",
        "register the address of the document itself",
    ] {
        assert!(log.contains(expected), "{expected}: {log}");
    }
    assert!(!log.contains(assertion.rsplit('.').next().unwrap()));
}

/// Cached keys stay valid for a day while the client's server is down. Keys that the client had
/// withdrawn before stay invalid.
#[tokio::test]
async fn n15_cached_keys_survive_an_outage_but_not_a_withdrawal() {
    let (key, other) = (
        ClientKey::pair(Algorithm::ES256, "a"),
        ClientKey::pair(Algorithm::ES256, "b"),
    );
    let publisher = KeyServer::start(Reply::Document(jwks(&[&key]))).await;
    let (provider, client) = with_remote_keys(&publisher).await;
    let authenticate =
        async |key: &ClientKey| ask(&client, &key.sign(&claims(&provider, &client))).await;
    let html = || Reply::Document("<html>".to_owned());
    accepted(&authenticate(&key).await, "published");
    for (minutes, reply) in [
        (11, Reply::Status(500)),
        (0, Reply::Status(500)),
        (60, html()),
        (22 * 60, Reply::Status(404)),
    ] {
        publisher.publish(reply);
        provider.advance(TimeDelta::minutes(minutes));
        accepted(&authenticate(&key).await, "within a day");
        refused(&authenticate(&other).await, "never published");
    }
    provider.advance(TimeDelta::minutes(50));
    refused(&authenticate(&key).await, "a day later");

    // An outage does not make a withdrawn key valid again.
    for withdrawn in [jwks(&[&other]), jwks(&[])] {
        publisher.publish(Reply::Document(jwks(&[&key])));
        provider.advance(TimeDelta::minutes(11));
        accepted(&authenticate(&key).await, "published again");
        publisher.publish(Reply::Document(withdrawn));
        provider.advance(TimeDelta::minutes(11));
        refused(&authenticate(&key).await, "withdrawn");
        publisher.publish(Reply::Status(500));
        provider.advance(TimeDelta::minutes(11));
        refused(&authenticate(&key).await, "withdrawn before the outage");
    }
}

/// However many assertions with an unknown `kid` arrive, the client's server gets one request every
/// ten seconds at most, and the provider stores nothing about them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n60_a_flood_of_unknown_kids_does_not_reach_the_clients_server() {
    let key = ClientKey::pair(Algorithm::ES256, "a");
    let stranger = ClientKey::pair(Algorithm::ES256, "x");
    let publisher = KeyServer::start(Reply::Document(jwks(&[&key]))).await;
    let (provider, client) = with_remote_keys(&publisher).await;
    accepted(
        &ask(&client, &key.sign(&claims(&provider, &client))).await,
        "known",
    );
    let before = count_rows(&provider);
    provider.advance(TimeDelta::seconds(10));
    for round in 0..2 {
        let mut flood = JoinSet::new();
        for number in 0..50 {
            let kid = Some(format!("kid-{round}-{number}"));
            let header = Header {
                kid,
                ..stranger.header.clone()
            };
            let forged = stranger.sign_under(&header, &claims(&provider, &client));
            let client = client.clone();
            flood.spawn(async move { ask(&client, &forged).await });
        }
        for answer in flood.join_all().await {
            refused(&answer, "unknown");
        }
        assert_eq!(publisher.request_count(), 2 + round);
        provider.advance(TimeDelta::seconds(10));
    }
    assert_eq!(count_rows(&provider), before);

    // A failed fetch does not discard the keys of the last successful one.
    publisher.publish(Reply::Status(500));
    let forged = stranger.sign(&claims(&provider, &client));
    refused(&ask(&client, &forged).await, "unknown");
    accepted(
        &ask(&client, &key.sign(&claims(&provider, &client))).await,
        "still known",
    );
}

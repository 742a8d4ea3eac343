//! The keys that clients publish, and those who would have us fetch others: N15, N60.

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
use crate::tools::{Ear, rows};

/// A provider with the client `elsewhere`, whose keys `publisher` has.
async fn elsewhere(publisher: &KeyServer) -> (TestProvider, RelyingParty) {
    let provider = TestProvider::open_with(&with_keys_at("elsewhere", publisher.url()), "").await;
    let client = signing_client(&provider, "elsewhere");
    (provider, client)
}

/// An answer within a time that only an address without a bound exceeds.
async fn in_time(answer: impl Future<Output = Answer>) -> Answer {
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, answer)
        .await
        .expect("an answer")
}

#[tokio::test]
async fn n15_a_jwks_uri_that_misbehaves_is_no_way_in_and_holds_nobody_up() {
    let key = ClientKey::pair(Algorithm::ES256, "a");
    let good = jwks(&[&key]);
    let ear = Ear::open();
    let publisher = KeyServer::start(Reply::Status(500)).await;
    let (provider, client) = elsewhere(&publisher).await;
    let padded = |bytes: usize| Reply::Document(good.clone() + &" ".repeat(bytes - good.len()));
    for (what, reply) in [
        ("an error", Reply::Status(500)),
        ("nothing", Reply::Status(204)),
        ("a redirect", Reply::Redirect(ear.url())),
        ("a page", Reply::Document("<html>".to_owned())),
        ("no keys", Reply::Document("{\"keys\":[]}".to_owned())),
        ("too much", padded(64 * 1024 + 1)),
        ("far too much", padded(64 * 1024 * 1024)),
        ("a drip", Reply::Drip),
        ("silence", Reply::Silence),
    ] {
        publisher.publish(reply);
        provider.advance(TimeDelta::seconds(10));
        let before = publisher.asked();
        let assertion = key.sign(&claims(&provider, &client));
        refused(&in_time(ask(&client, &assertion)).await, what);
        assert_eq!(publisher.asked(), before + 1, "{what}");
    }
    ear.heard_nothing();
    publisher.publish(padded(64 * 1024));
    provider.advance(TimeDelta::seconds(10));
    let assertion = key.sign(&claims(&provider, &client));
    accepted(&ask(&client, &assertion).await, "just not too much");
}

#[tokio::test]
async fn n15_no_address_but_the_registered_one_is_asked_for_keys() {
    let ec = ClientKey::pair(Algorithm::ES256, "ec");
    let provider = TestProvider::open_with(&with_keys("keyed", &[&ec]), "").await;
    let client = signing_client(&provider, "keyed");
    let stranger = ClientKey::pair(Algorithm::ES256, "ec");
    let ear = Ear::open();
    for header in [
        Header {
            jku: Some(ear.url()),
            ..ec.header.clone()
        },
        Header {
            x5u: Some(ear.url()),
            ..ec.header.clone()
        },
    ] {
        let assertion = stranger.sign_under(&header, &claims(&provider, &client));
        refused(
            &ask(&client, &assertion).await,
            "a key at an address of its own",
        );
    }
    let named = signing_client(&provider, &ear.url());
    let assertion = stranger.sign(&claims(&provider, &named));
    refused(&ask(&named, &assertion).await, "an issuer of its own");
    let mut claims = claims(&provider, &client);
    claims["jwks_uri"] = json!(ear.url());
    let assertion = stranger.sign(&claims);
    let more = [
        ("jwks_uri", ear.url()),
        ("client_assertion_type", TYPE.to_owned()),
        ("client_assertion", assertion),
    ];
    let more = more.each_ref().map(|(name, value)| (*name, value.as_str()));
    refused(
        &client.redeem_with("x", &more).await,
        "a parameter of its own",
    );
    ear.heard_nothing();
}

/// The operator is told what happened and what to do, and the client neither.
#[tokio::test]
async fn n15_the_operator_reads_why_a_clients_keys_cannot_be_had() {
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
    for told in [
        publisher.url(),
        "404 Not Found",
        "register the address of the document itself",
    ] {
        assert!(log.contains(told), "{told}: {log}");
    }
    assert!(!log.contains(assertion.rsplit('.').next().unwrap()));
}

/// An outage of a client's server locks the client out no sooner than a day later, and lengthens the
/// life of no key that the client has withdrawn.
#[tokio::test]
async fn n15_keys_outlive_an_outage_and_no_withdrawal() {
    let (key, other) = (
        ClientKey::pair(Algorithm::ES256, "a"),
        ClientKey::pair(Algorithm::ES256, "b"),
    );
    let publisher = KeyServer::start(Reply::Document(jwks(&[&key]))).await;
    let (provider, client) = elsewhere(&publisher).await;
    let by = async |key: &ClientKey| ask(&client, &key.sign(&claims(&provider, &client))).await;
    let page = || Reply::Document("<html>".to_owned());
    accepted(&by(&key).await, "published");
    for (minutes, reply) in [
        (11, Reply::Status(500)),
        (0, Reply::Status(500)),
        (60, page()),
        (22 * 60, Reply::Status(404)),
    ] {
        publisher.publish(reply);
        provider.advance(TimeDelta::minutes(minutes));
        accepted(&by(&key).await, "within a day");
        refused(&by(&other).await, "never published");
    }
    provider.advance(TimeDelta::minutes(50));
    refused(&by(&key).await, "a day later");

    // What was withdrawn does not come back by an outage.
    for withdrawn in [jwks(&[&other]), jwks(&[])] {
        publisher.publish(Reply::Document(jwks(&[&key])));
        provider.advance(TimeDelta::minutes(11));
        accepted(&by(&key).await, "published again");
        publisher.publish(Reply::Document(withdrawn));
        provider.advance(TimeDelta::minutes(11));
        refused(&by(&key).await, "withdrawn");
        publisher.publish(Reply::Status(500));
        provider.advance(TimeDelta::minutes(11));
        refused(&by(&key).await, "withdrawn before the outage");
    }
}

/// Whatever strangers send, a client's server is asked every ten seconds at most, and nothing is
/// kept of them here.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n60_a_storm_of_unknown_keys_does_not_reach_the_clients_server() {
    let key = ClientKey::pair(Algorithm::ES256, "a");
    let stranger = ClientKey::pair(Algorithm::ES256, "x");
    let publisher = KeyServer::start(Reply::Document(jwks(&[&key]))).await;
    let (provider, client) = elsewhere(&publisher).await;
    accepted(
        &ask(&client, &key.sign(&claims(&provider, &client))).await,
        "known",
    );
    let before = rows(&provider);
    provider.advance(TimeDelta::seconds(10));
    for round in 0..2 {
        let mut storm = JoinSet::new();
        for number in 0..50 {
            let kid = Some(format!("kid-{round}-{number}"));
            let header = Header {
                kid,
                ..stranger.header.clone()
            };
            let forged = stranger.sign_under(&header, &claims(&provider, &client));
            let client = client.clone();
            storm.spawn(async move { ask(&client, &forged).await });
        }
        for answer in storm.join_all().await {
            refused(&answer, "unknown");
        }
        assert_eq!(publisher.asked(), 2 + round);
        provider.advance(TimeDelta::seconds(10));
    }
    assert_eq!(rows(&provider), before);

    // Nor does a server that is down undo what it published a moment ago.
    publisher.publish(Reply::Status(500));
    let forged = stranger.sign(&claims(&provider, &client));
    refused(&ask(&client, &forged).await, "unknown");
    accepted(
        &ask(&client, &key.sign(&claims(&provider, &client))).await,
        "still known",
    );
}

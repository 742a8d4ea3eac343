//! The signing keys change without a gap (OIDC Core §10.1.1): verifiers that cache the JWKS see every key before it
//! signs, and for as long as what it has signed is valid.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use panda_oidc::jobs::key_rotation::refresh;
use panda_oidc::keys::{SealedKey, SigningAlg};
use panda_oidc_sdk::Clock as _;
use serde_json::{Value, json};

use crate::support::provider::TestProvider;

/// A service that verifies tokens, and reads the JWKS again only when its cache is too old.
struct Verifier {
    keeps: TimeDelta,
    read_at: DateTime<Utc>,
    keys: JwkSet,
}

impl Verifier {
    fn read(provider: &TestProvider, keeps: TimeDelta) -> Self {
        Self {
            keeps,
            read_at: provider.clock.now(),
            keys: serde_json::from_slice(&provider.app.keys.jwks().json).unwrap(),
        }
    }

    fn verifies(&mut self, provider: &TestProvider, token: &str) -> bool {
        if provider.clock.now() - self.read_at >= self.keeps {
            *self = Self::read(provider, self.keeps);
        }
        let header = jsonwebtoken::decode_header(token).unwrap();
        let Some(key) = self.keys.find(&header.kid.unwrap()) else {
            return false;
        };
        let mut validation = Validation::new(header.alg);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(key).unwrap();
        jsonwebtoken::decode::<Value>(token, &key, &validation).is_ok()
    }
}

/// Three rotations, with a token of the longest lifetime every 20 minutes, at verifiers that keep the keys for up to
/// as long as a key is announced.
#[tokio::test(flavor = "multi_thread")]
async fn five_verifiers_with_caches_verify_every_token_through_three_rotations() {
    // The sections follow `[keys]`.
    let provider = TestProvider::open_with("publish_ahead = '24h'\nrotate_every = '3d'", "").await;
    let caches = [10, 300, 1200, 3600, 24 * 3600].map(TimeDelta::seconds);
    let mut verifiers = caches.map(|keeps| Verifier::read(&provider, keeps));
    let (mut valid, mut used) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..10 * 24 * 3 {
        provider.advance(TimeDelta::minutes(20));
        refresh(&provider.app).await.unwrap();
        let now = provider.clock.now();
        for alg in [SigningAlg::ES256, SigningAlg::EdDSA] {
            let claims = json!({"iat": now.timestamp()});
            let token = provider.app.keys.sign(alg, "at+jwt", &claims).unwrap();
            *used.entry(provider.app.keys.signing_kid(alg)).or_insert(0) += 1;
            valid.insert((now + TimeDelta::days(1), alg), token);
        }
        valid.retain(|(expires_at, _), _| *expires_at > now);
        let (oldest, newest) = (valid.values().next(), valid.values().last());
        for verifier in &mut verifiers {
            for token in [oldest, newest].into_iter().flatten() {
                assert!(
                    verifier.verifies(&provider, token),
                    "{} at {now}",
                    verifier.keeps
                );
            }
        }
    }
    assert_eq!(
        used.len(),
        2 * 4,
        "each algorithm has signed with four keys: {used:?}"
    );
}

/// `VerifyNewJwksHasNewSigningKey` of the OpenID conformance suite: after a rotation, the JWKS has a key that it did not
/// have, and that signs.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_rotation_the_jwks_has_the_new_signing_key() {
    let provider = TestProvider::open().await;
    let before: JwkSet = serde_json::from_slice(&provider.app.keys.jwks().json).unwrap();
    provider.advance(TimeDelta::days(90));
    refresh(&provider.app).await.unwrap();
    provider.advance(TimeDelta::hours(25));
    refresh(&provider.app).await.unwrap();
    let after: JwkSet = serde_json::from_slice(&provider.app.keys.jwks().json).unwrap();
    for alg in SigningAlg::ALL {
        let kid = provider.app.keys.signing_kid(alg);
        assert!(before.find(&kid).is_none() && after.find(&kid).is_some());
    }
    assert_eq!(after.keys.len(), 2 * before.keys.len(), "the old ones stay");
}

/// A token of a revoked key is refused, even if this process has signed it.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_verifies_nothing() {
    let provider = TestProvider::open().await;
    let app = &provider.app;
    let claims = json!({"sub": "1"});
    let token = app.keys.sign(SigningAlg::ES256, "at+jwt", &claims).unwrap();
    assert!(app.keys.verify::<Value>(&token).is_some());
    let now = provider.clock.now();
    let keys = SigningAlg::ALL.map(|alg| SealedKey::generate(alg, &app.key_sealer, now).unwrap());
    app.store
        .insert_keys(keys.to_vec(), Some(now))
        .await
        .unwrap();
    refresh(app).await.unwrap();
    assert!(app.keys.verify::<Value>(&token).is_none());
    let jwks: JwkSet = serde_json::from_slice(&app.keys.jwks().json).unwrap();
    assert_eq!(jwks.keys.len(), SigningAlg::ALL.len());
}

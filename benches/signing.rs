//! Measures the signing of tokens with each algorithm, and their verification as at userinfo.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up must fail"
)]

#[path = "support/processor_time.rs"]
mod processor_time;

use std::hint::black_box;

use chrono::DateTime;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use panda_oidc::crypto::handle::Digest;
use panda_oidc::crypto::{MasterKey, Purpose};
use panda_oidc::keys::{Keys, SealedKey, SigningAlg, at_hash};
use panda_oidc::oauth::claims::{AccessTokenClaims, Audience};

use processor_time::ProcessorTime;

criterion_group! {
    name = signing;
    config = Criterion::default().with_measurement(ProcessorTime).sample_size(30);
    targets = sign, verify, hash
}
criterion_main!(signing);

fn sign(criterion: &mut Criterion<ProcessorTime>) {
    let (keys, claims) = (keys(), claims());
    for alg in SigningAlg::ALL {
        criterion.bench_function(&format!("sign, {}", alg.as_str()), |bencher| {
            bencher.iter(|| keys.sign(alg, "at+jwt", black_box(&claims)).unwrap());
        });
    }
}

fn verify(criterion: &mut Criterion<ProcessorTime>) {
    let [signer, verifier] = pair();
    for alg in SigningAlg::ALL {
        // A token that the verifier has seen is not verified again, so each is verified once.
        let mut number = 0;
        let mut next = || {
            number += 1;
            let mut claims = claims();
            claims.jti = format!("{number}");
            signer.sign(alg, "at+jwt", &claims).unwrap()
        };
        let verify = |token: String| verifier.verify::<AccessTokenClaims>(&token).unwrap();
        criterion.bench_function(&format!("verify, {}", alg.as_str()), |bencher| {
            bencher.iter_batched(&mut next, verify, BatchSize::LargeInput);
        });
    }
    let token = signer.sign(SigningAlg::ES256, "at+jwt", &claims()).unwrap();
    criterion.bench_function("verify a known token", |bencher| {
        bencher.iter(|| {
            signer
                .verify::<AccessTokenClaims>(black_box(&token))
                .unwrap()
        });
    });
}

fn hash(criterion: &mut Criterion<ProcessorTime>) {
    let alg = SigningAlg::ES256;
    let token = keys().sign(alg, "at+jwt", &claims()).unwrap();
    criterion.bench_function("at_hash, ES256", |bencher| {
        bencher.iter(|| at_hash(alg, black_box(&token)));
    });
}

fn keys() -> Keys {
    let [keys, _] = pair();
    keys
}

/// The same keys in two processes.
fn pair() -> [Keys; 2] {
    let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::SigningKeys);
    let sealed_keys =
        SigningAlg::ALL.map(|alg| SealedKey::generate(alg, &sealer, DateTime::UNIX_EPOCH).unwrap());
    [(); 2].map(|()| Keys::open(&sealed_keys, &sealer, DateTime::UNIX_EPOCH).unwrap())
}

fn claims() -> AccessTokenClaims {
    AccessTokenClaims {
        iss: "https://sso.example.com".to_owned(),
        exp: 1_790_003_600,
        aud: Audience::One("https://sso.example.com".to_owned()),
        sub: "3661".to_owned(),
        client_id: "grafana".to_owned(),
        iat: 1_790_000_000,
        jti: Digest::of(b"a code").to_text(),
        auth_time: Some(1_789_999_000),
        scope: "openid profile phone".to_owned(),
    }
}

//! Keys of others, and what they prove: a client's public keys, or the secret it shares with us.

use std::fmt;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use super::jws::{JwsAlg, Unverified};

/// The most keys a client has use for; without a `kid` each of them is tried.
const MAX_KEYS: usize = 32;

/// The fewest bytes of an RSA modulus: "A key of size 2048 bits or larger MUST be used" (RFC 7518
/// §3.3).
const RSA_BYTES: usize = 2048 / 8;

/// The public keys of a client (RFC 7517 §5), at least one.
#[derive(Debug, Clone)]
pub struct PublicKeys(Vec<PublicKey>);

#[derive(Debug, Clone)]
struct PublicKey {
    kid: Option<String>,
    algs: Vec<JwsAlg>,
    verifier: DecodingKey,
}

/// Why a document holds no keys to verify with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnfitKeys {
    /// It is no JWK Set.
    #[error("it is no JWK Set such as {{\"keys\":[…]}}")]
    NoSet,
    /// It holds too many.
    #[error("it holds more than {MAX_KEYS} keys")]
    TooMany,
    /// It holds none.
    #[error("it holds no key")]
    Empty,
    /// One of them, or each of them, cannot be used.
    #[error("its key number {0} {1}")]
    Key(usize, UnfitKey),
}

/// Why a key is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitKey {
    /// It lacks a member, or one is not what it should be.
    #[error("cannot be read as a JWK")]
    Unreadable,
    /// Whoever can read it can sign.
    #[error("is a private key; only the public members may be given away")]
    Private,
    /// Its type or its curve is none of ours.
    #[error("is neither RSA nor EC with P-256 nor OKP with Ed25519")]
    Type,
    /// Its modulus is too short.
    #[error("has fewer than 2048 bits")]
    Weak,
    /// Its own members keep it from this use.
    #[error(
        "is not for signatures with RS256, PS256, ES256 or EdDSA, by its own use, key_ops or alg"
    )]
    Purpose,
}

impl PublicKeys {
    /// Reads a set of which every key has to be fit: one that was written by hand.
    ///
    /// # Errors
    ///
    /// [`UnfitKeys`] says what is wrong with it.
    pub fn strict(set: &Value) -> Result<Self, UnfitKeys> {
        let keys = members(set)?.iter().enumerate().map(|(index, member)| {
            PublicKey::read(member).map_err(|unfit| UnfitKeys::Key(index + 1, unfit))
        });
        Ok(Self(keys.collect::<Result<_, _>>()?))
    }

    /// Reads a set and leaves out what is not fit: keys of other types and for other uses may stand
    /// beside those that are meant (RFC 7517 §5).
    ///
    /// # Errors
    ///
    /// [`UnfitKeys`] when no key is left.
    pub fn lenient(document: &[u8]) -> Result<Self, UnfitKeys> {
        let set = serde_json::from_slice(document).map_err(|_| UnfitKeys::NoSet)?;
        let mut first = None;
        let mut keys = Vec::new();
        for (index, member) in members(&set)?.iter().enumerate() {
            match PublicKey::read(member) {
                Ok(key) => keys.push(key),
                Err(unfit) => first = first.or(Some(UnfitKeys::Key(index + 1, unfit))),
            }
        }
        match (keys.is_empty(), first) {
            (true, Some(unfit)) => Err(unfit),
            _ => Ok(Self(keys)),
        }
    }

    /// Whether one of the keys has signed `jws`. A `kid` chooses among them; a key without one may
    /// always be meant. One that none of them can have signed costs the same work (N46).
    #[must_use]
    pub fn verify(&self, jws: &Unverified<'_>) -> bool {
        self.tried(jws).unwrap_or_else(|| {
            pretend_to_verify(jws);
            false
        })
    }

    /// `None` when there was no key to try.
    fn tried(&self, jws: &Unverified<'_>) -> Option<bool> {
        let named = |key: &&PublicKey| match (&jws.kid, &key.kid) {
            (Some(asked), Some(kid)) => asked == kid,
            _ => true,
        };
        let meant = self.0.iter().filter(named);
        let mut fit = meant.filter(|key| key.algs.contains(&jws.alg)).peekable();
        fit.peek()?;
        Some(fit.any(|key| holds(jws, &key.verifier)))
    }
}

fn members(set: &Value) -> Result<&Vec<Value>, UnfitKeys> {
    match set.get("keys").and_then(Value::as_array) {
        None => Err(UnfitKeys::NoSet),
        Some(keys) if keys.is_empty() => Err(UnfitKeys::Empty),
        Some(keys) if keys.len() > MAX_KEYS => Err(UnfitKeys::TooMany),
        Some(keys) => Ok(keys),
    }
}

impl PublicKey {
    fn read(member: &Value) -> Result<Self, UnfitKey> {
        let jwk: Jwk = serde_json::from_value(member.clone()).map_err(|_| UnfitKey::Unreadable)?;
        let bytes = |text: &str| {
            BASE64_URL_SAFE_NO_PAD
                .decode(text)
                .map_err(|_| UnfitKey::Unreadable)
        };
        let algs = match &jwk.algorithm {
            AlgorithmParameters::RSA(rsa) if bytes(&rsa.n)?.len() < RSA_BYTES => {
                return Err(UnfitKey::Weak);
            }
            AlgorithmParameters::RSA(_) => vec![JwsAlg::RS256, JwsAlg::PS256],
            AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
                if bytes(&ec.x)?.len() != 32 || bytes(&ec.y)?.len() != 32 {
                    return Err(UnfitKey::Unreadable);
                }
                vec![JwsAlg::ES256]
            }
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
                if bytes(&pair.x)?.len() != 32 {
                    return Err(UnfitKey::Unreadable);
                }
                vec![JwsAlg::EdDSA]
            }
            _ => return Err(UnfitKey::Type),
        };
        // RFC 7518 §6.2.2, §6.3.2, RFC 8037 §2
        if member.get("d").is_some() {
            return Err(UnfitKey::Private);
        }
        let algs = purpose(&jwk, algs);
        if algs.is_empty() {
            return Err(UnfitKey::Purpose);
        }
        Ok(Self {
            verifier: DecodingKey::from_jwk(&jwk).map_err(|_| UnfitKey::Unreadable)?,
            kid: jwk.common.key_id,
            algs,
        })
    }
}

/// Those of `algs` that the key says it is for (RFC 7517 §4.2 to §4.4).
fn purpose(jwk: &Jwk, mut algs: Vec<JwsAlg>) -> Vec<JwsAlg> {
    let signs = match &jwk.common.public_key_use {
        None | Some(PublicKeyUse::Signature) => true,
        Some(_) => false,
    };
    let verifies = match &jwk.common.key_operations {
        None => true,
        Some(operations) => operations.contains(&KeyOperations::Verify),
    };
    algs.retain(|alg| {
        let named = jwk.common.key_algorithm;
        signs && verifies && named.is_none_or(|named| Algorithm::try_from(named) == Ok(alg.jose()))
    });
    algs
}

/// A secret that a client signs with and we verify with.
#[derive(Clone)]
pub struct SharedKey {
    verifier: DecodingKey,
    length: usize,
}

impl SharedKey {
    /// The key that `secret` is.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self {
            verifier: DecodingKey::from_secret(secret),
            length: secret.len(),
        }
    }

    /// Whether it is long enough for `alg`; never for an algorithm that takes a public key.
    #[must_use]
    pub fn fits(&self, alg: JwsAlg) -> bool {
        alg.shared_key_bytes()
            .is_some_and(|least| self.length >= least)
    }

    /// Whether `jws` was signed with it.
    #[must_use]
    pub fn verify(&self, jws: &Unverified<'_>) -> bool {
        self.fits(jws.alg) && holds(jws, &self.verifier)
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

fn holds(jws: &Unverified<'_>, key: &DecodingKey) -> bool {
    let message = jws.message.as_bytes();
    jsonwebtoken::crypto::verify(jws.signature, message, key, jws.alg.jose()).unwrap_or(false)
}

/// The keys RFC 7515 appendix A and RFC 8037 appendix A publish, private halves and all.
const PUBLISHED: &str = r#"{"keys":[
  {"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},
  {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
  {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// Does the work of a verification that proves nothing, so that a client which does not exist costs
/// what one costs that does (N46).
pub fn pretend_to_verify(jws: &Unverified<'_>) {
    static DECOYS: LazyLock<(PublicKeys, SharedKey)> = LazyLock::new(|| {
        let keys = PublicKeys::lenient(PUBLISHED.as_bytes());
        (
            keys.unwrap_or(PublicKeys(Vec::new())),
            SharedKey::new(&[0; 64]),
        )
    });
    let (public, shared) = &*DECOYS;
    // One of the decoys may well "hold": their private halves are in the RFCs. It says nothing.
    let _ = std::hint::black_box(if jws.alg.is_symmetric() {
        shared.verify(jws)
    } else {
        let any_kid = Unverified {
            kid: None,
            typ: None,
            payload: Vec::new(),
            ..*jws
        };
        public.tried(&any_kid) == Some(true)
    });
}

#[cfg(test)]
mod tests;

//! A client's public keys: which of them are usable, and whether one of them signed a JWT.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use super::decoys::dummy_verify;
use super::jws::{JwsAlg, UnverifiedJws};

/// The most keys in a client's set: without a `kid` each of them is tried.
const MAX_KEYS: usize = 32;

/// The minimum length of an RSA modulus in bytes: "A key of size 2048 bits or larger MUST be used"
/// (RFC 7518 §3.3).
const RSA_BYTES: usize = 2048 / 8;

/// A non-empty set of a client's public keys (RFC 7517 §5).
#[derive(Debug, Clone)]
pub struct PublicKeys(Vec<PublicKey>);

#[derive(Debug, Clone)]
struct PublicKey {
    kid: Option<String>,
    algs: Vec<JwsAlg>,
    verifier: DecodingKey,
}

/// Why a document is not a usable set of public keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJwks {
    /// It is not a JWK Set.
    #[error("it is no JWK Set such as {{\"keys\":[…]}}")]
    NoSet,
    /// It holds too many keys.
    #[error("it holds more than {MAX_KEYS} keys")]
    TooMany,
    /// It holds no key.
    #[error("it holds no key")]
    Empty,
    /// A key cannot be used.
    #[error("its key number {0} {1}")]
    Key(usize, InvalidJwk),
}

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJwk {
    /// A member is missing or malformed.
    #[error("cannot be read as a JWK")]
    Unreadable,
    /// It is a private key.
    #[error("is a private key; only the public members may be given away")]
    Private,
    /// Its type or curve is not supported.
    #[error("is neither RSA nor EC with P-256 nor OKP with Ed25519")]
    Type,
    /// Its RSA modulus is too short.
    #[error("has fewer than 2048 bits")]
    Weak,
    /// Its `use`, `key_ops` or `alg` excludes signature verification.
    #[error(
        "is not for signatures with RS256, PS256, ES256 or EdDSA, by its own use, key_ops or alg"
    )]
    Purpose,
}

impl PublicKeys {
    /// Parses a set in which every key must be usable, as in the configuration.
    ///
    /// # Errors
    ///
    /// [`InvalidJwks`] says what is wrong with it.
    pub fn strict(set: &Value) -> Result<Self, InvalidJwks> {
        let keys = members(set)?.iter().enumerate().map(|(index, member)| {
            PublicKey::read(member).map_err(|unfit| InvalidJwks::Key(index + 1, unfit))
        });
        Ok(Self(keys.collect::<Result<_, _>>()?))
    }

    /// Parses a set and skips unusable keys: a client may publish keys of other types and for other
    /// uses in the same set (RFC 7517 §5).
    ///
    /// # Errors
    ///
    /// [`InvalidJwks`] when no key is usable.
    pub fn lenient(document: &[u8]) -> Result<Self, InvalidJwks> {
        let set = serde_json::from_slice(document).map_err(|_| InvalidJwks::NoSet)?;
        let mut first_error = None;
        let mut keys = Vec::new();
        for (index, member) in members(&set)?.iter().enumerate() {
            match PublicKey::read(member) {
                Ok(key) => keys.push(key),
                Err(unfit) => {
                    first_error = first_error.or(Some(InvalidJwks::Key(index + 1, unfit)));
                }
            }
        }
        match (keys.is_empty(), first_error) {
            (true, Some(unfit)) => Err(unfit),
            _ => Ok(Self(keys)),
        }
    }

    /// Whether one of the keys has signed `jws`. The `kid` of `jws` selects the keys to try; a key
    /// without a `kid` is always tried. When no key matches, a decoy verification takes the same
    /// time, so that the timing does not reveal it (N46, docs/security.md).
    #[must_use]
    pub fn verify(&self, jws: &UnverifiedJws<'_>) -> bool {
        let kid_matches = |key: &&PublicKey| match (&jws.kid, &key.kid) {
            (Some(requested), Some(kid)) => requested == kid,
            _ => true,
        };
        let selected = self.0.iter().filter(kid_matches);
        let mut candidates = selected
            .filter(|key| key.algs.contains(&jws.alg))
            .peekable();
        if candidates.peek().is_none() {
            dummy_verify(jws);
        }
        candidates.any(|key| jws.is_signed_with(&key.verifier))
    }
}

fn members(set: &Value) -> Result<&Vec<Value>, InvalidJwks> {
    match set.get("keys").and_then(Value::as_array) {
        None => Err(InvalidJwks::NoSet),
        Some(keys) if keys.is_empty() => Err(InvalidJwks::Empty),
        Some(keys) if keys.len() > MAX_KEYS => Err(InvalidJwks::TooMany),
        Some(keys) => Ok(keys),
    }
}

impl PublicKey {
    fn read(member: &Value) -> Result<Self, InvalidJwk> {
        let jwk: Jwk =
            serde_json::from_value(member.clone()).map_err(|_| InvalidJwk::Unreadable)?;
        let bytes = |text: &str| {
            BASE64_URL_SAFE_NO_PAD
                .decode(text)
                .map_err(|_| InvalidJwk::Unreadable)
        };
        let algs = match &jwk.algorithm {
            AlgorithmParameters::RSA(rsa) if bytes(&rsa.n)?.len() < RSA_BYTES => {
                return Err(InvalidJwk::Weak);
            }
            AlgorithmParameters::RSA(_) => vec![JwsAlg::RS256, JwsAlg::PS256],
            AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
                if bytes(&ec.x)?.len() != 32 || bytes(&ec.y)?.len() != 32 {
                    return Err(InvalidJwk::Unreadable);
                }
                vec![JwsAlg::ES256]
            }
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
                if bytes(&pair.x)?.len() != 32 {
                    return Err(InvalidJwk::Unreadable);
                }
                vec![JwsAlg::EdDSA]
            }
            _ => return Err(InvalidJwk::Type),
        };
        // RFC 7518 §6.2.2, §6.3.2, RFC 8037 §2
        if member.get("d").is_some() {
            return Err(InvalidJwk::Private);
        }
        let algs = permitted_algs(&jwk, algs);
        if algs.is_empty() {
            return Err(InvalidJwk::Purpose);
        }
        Ok(Self {
            verifier: DecodingKey::from_jwk(&jwk).map_err(|_| InvalidJwk::Unreadable)?,
            kid: jwk.common.key_id,
            algs,
        })
    }
}

/// Those of `algs` that the key's `use`, `key_ops` and `alg` permit (RFC 7517 §4.2 to §4.4).
fn permitted_algs(jwk: &Jwk, mut algs: Vec<JwsAlg>) -> Vec<JwsAlg> {
    let is_for_signatures = match &jwk.common.public_key_use {
        None | Some(PublicKeyUse::Signature) => true,
        Some(_) => false,
    };
    let may_verify = match &jwk.common.key_operations {
        None => true,
        Some(operations) => operations.contains(&KeyOperations::Verify),
    };
    algs.retain(|alg| {
        let key_alg = jwk.common.key_algorithm;
        is_for_signatures
            && may_verify
            && key_alg.is_none_or(|key_alg| Algorithm::try_from(key_alg) == Ok(alg.jose()))
    });
    algs
}

#[cfg(test)]
pub(super) mod tests;

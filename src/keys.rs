//! The signing keys and the JWKS: signs every token of ours, and verifies those that come back.
//! What others sign is the business of [`jws`] and [`verifiers`].
//!
//! Private keys are parsed once and stay in aws-lc-rs; `jsonwebtoken` writes headers, makes
//! thumbprints and verifies. Why it does not sign: `docs/adr/0004-who-signs.md`.

pub mod jws;
pub mod verifiers;

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use axum::body::Bytes;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters,
    EllipticCurveKeyType, Jwk, JwkSet, KeyAlgorithm, OctetKeyPairParameters, OctetKeyPairType,
    PublicKeyUse, RSAKeyParameters, RSAKeyType, ThumbprintHash,
};
use jsonwebtoken::{Algorithm, DecodingKey, Header, TokenData, Validation};
use panda_oidc_sdk::Clock;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::crypto::Sealer;
use crate::store::{SealedKey, SealedKeys, StoreError};

/// An algorithm this provider signs with, by its registered name (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum SigningAlg {
    /// RSASSA-PKCS1-v1_5 with SHA-256: what a client gets that asks for nothing (OIDC Core §15.1).
    #[default]
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl SigningAlg {
    /// All of them, in the order discovery lists them.
    pub const ALL: [Self; 4] = [Self::RS256, Self::PS256, Self::ES256, Self::EdDSA];

    /// The registered name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
        }
    }

    fn jose(self) -> Algorithm {
        match self {
            Self::RS256 => Algorithm::RS256,
            Self::PS256 => Algorithm::PS256,
            Self::ES256 => Algorithm::ES256,
            Self::EdDSA => Algorithm::EdDSA,
        }
    }
}

/// Why there are no signing keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key in the store was sealed under another master key.
    #[error(
        "the signing key {0} in the store does not open with this master key. Put back the master \
         key file that belongs to this store"
    )]
    OtherMasterKey(String),
    /// A key in the store is damaged, or of an algorithm this version does not know.
    #[error("the signing key {0} in the store cannot be used")]
    Unusable(String),
    /// The crypto library made no key.
    #[error("no {0} key could be generated")]
    NotGenerated(&'static str),
}

/// Why a token of ours could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The claims do not serialize.
    #[error("the claims could not be written as JSON")]
    Claims(#[from] serde_json::Error),
    /// The crypto library refused.
    #[error("the signature could not be made")]
    Signature,
}

/// The keys in use. Cloning shares them.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    keys: Vec<Key>,
    jwks: Bytes,
    random: SystemRandom,
}

struct Key {
    alg: SigningAlg,
    pair: Pair,
    jwk: Jwk,
    kid: String,
    verifier: DecodingKey,
}

enum Pair {
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Keys {
    /// Loads the keys, generating those that are missing.
    ///
    /// # Errors
    ///
    /// [`KeysError`] when the store fails or holds a key that does not open.
    pub async fn open(
        store: &dyn SealedKeys,
        sealer: &Sealer,
        clock: &dyn Clock,
    ) -> Result<Self, KeysError> {
        let stored = store.keys().await?;
        let mut keys = Vec::new();
        for alg in SigningAlg::ALL {
            let sealed = match stored.iter().find(|key| key.alg == alg.as_str()) {
                Some(sealed) => sealed.clone(),
                None => store.keep_first(generate(alg, sealer, clock)?).await?,
            };
            keys.push(unseal(&sealed, alg, sealer)?);
        }
        let set = JwkSet {
            keys: keys.iter().map(|key| key.jwk.clone()).collect(),
        };
        let jwks = serde_json::to_vec(&set).map_err(|_| KeysError::Unusable("set".to_owned()))?;
        Ok(Self(Arc::new(Inner {
            keys,
            jwks: jwks.into(),
            random: SystemRandom::new(),
        })))
    }

    /// The JWKS document (RFC 7517 §5).
    #[must_use]
    pub fn jwks(&self) -> Bytes {
        self.0.jwks.clone()
    }

    /// Signs `claims` with the key for `alg`, in the JWS compact form (RFC 7515 §3.1); `typ` says in
    /// the header what kind of token it is (RFC 8725 §3.11).
    ///
    /// # Errors
    ///
    /// [`SignError`].
    pub fn sign<T: Serialize>(
        &self,
        alg: SigningAlg,
        typ: &str,
        claims: &T,
    ) -> Result<String, SignError> {
        let key = self.key(alg).ok_or(SignError::Signature)?;
        let mut header = Header::new(alg.jose());
        header.typ = Some(typ.to_owned());
        header.kid = Some(key.kid.clone());
        let mut token = String::with_capacity(1024);
        BASE64_URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(&header)?, &mut token);
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
        let signature = key.pair.sign(&self.0.random, token.as_bytes())?;
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// Reads a token that one of these keys signed; `None` for any other.
    ///
    /// The header's `kid` chooses among our own keys and the key fixes the algorithm; `jku`, `x5u`
    /// and `jwk` are not looked at (RFC 8725 §3.1, §3.10). Expiry, issuer and audience are the
    /// caller's to check.
    #[must_use]
    pub fn verify<T: DeserializeOwned + Clone>(&self, unverified: &str) -> Option<TokenData<T>> {
        let header = jsonwebtoken::decode_header(unverified).ok()?;
        let kid = header.kid?;
        let key = self.0.keys.iter().find(|key| key.kid == kid)?;
        let mut validation = Validation::new(key.alg.jose());
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        jsonwebtoken::decode(unverified, &key.verifier, &validation).ok()
    }

    fn key(&self, alg: SigningAlg) -> Option<&Key> {
        self.0.keys.iter().find(|key| key.alg == alg)
    }
}

/// The left half of the hash of an access token, as its ID token carries it (OIDC Core §3.1.3.6).
/// Ed25519 hashes with SHA-512, the others with SHA-256.
#[must_use]
pub fn at_hash(alg: SigningAlg, access_token: &str) -> String {
    use aws_lc_rs::digest::{SHA256, SHA512, digest};
    let hash = match alg {
        SigningAlg::EdDSA => digest(&SHA512, access_token.as_bytes()),
        SigningAlg::RS256 | SigningAlg::PS256 | SigningAlg::ES256 => {
            digest(&SHA256, access_token.as_bytes())
        }
    };
    let hash = hash.as_ref();
    BASE64_URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}

impl Pair {
    fn parse(alg: SigningAlg, pkcs8: &[u8]) -> Option<Self> {
        let rsa = || RsaKeyPair::from_pkcs8(pkcs8).ok().map(Box::new);
        Some(match alg {
            SigningAlg::RS256 => Self::Rsa(rsa()?, &RSA_PKCS1_SHA256),
            SigningAlg::PS256 => Self::Rsa(rsa()?, &RSA_PSS_SHA256),
            SigningAlg::ES256 => {
                Self::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?)
            }
            SigningAlg::EdDSA => Self::Ed(Ed25519KeyPair::from_pkcs8(pkcs8).ok()?),
        })
    }

    fn sign(&self, random: &SystemRandom, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match self {
            Self::Rsa(pair, padding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*padding, random, message, &mut signature)
                    .map_err(|_| SignError::Signature)?;
                Ok(signature)
            }
            Self::Ec(pair) => {
                let signature = pair
                    .sign(random, message)
                    .map_err(|_| SignError::Signature)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Ed(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }

    /// The public half, by the members its key type has (RFC 7518 §6, RFC 8037 §2).
    fn public(&self) -> AlgorithmParameters {
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(pair, _) => {
                let public = pair.public_key();
                AlgorithmParameters::RSA(RSAKeyParameters {
                    key_type: RSAKeyType::RSA,
                    n: text(public.modulus().big_endian_without_leading_zero()),
                    e: text(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Self::Ec(pair) => {
                // An uncompressed point: 0x04, x, y (SEC 1 §2.3.3).
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
                    key_type: EllipticCurveKeyType::EC,
                    curve: EllipticCurve::P256,
                    x: text(x),
                    y: text(y),
                })
            }
            Self::Ed(pair) => AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
                key_type: OctetKeyPairType::OctetKeyPair,
                curve: EllipticCurve::Ed25519,
                x: text(pair.public_key().as_ref()),
            }),
        }
    }
}

impl Key {
    fn new(alg: SigningAlg, pkcs8: &[u8]) -> Option<Self> {
        let pair = Pair::parse(alg, pkcs8)?;
        let mut jwk = Jwk {
            common: CommonParameters {
                public_key_use: Some(PublicKeyUse::Signature),
                key_algorithm: Some(match alg {
                    SigningAlg::RS256 => KeyAlgorithm::RS256,
                    SigningAlg::PS256 => KeyAlgorithm::PS256,
                    SigningAlg::ES256 => KeyAlgorithm::ES256,
                    SigningAlg::EdDSA => KeyAlgorithm::EdDSA,
                }),
                ..CommonParameters::default()
            },
            algorithm: pair.public(),
        };
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).ok()?;
        jwk.common.key_id = Some(kid.clone());
        let verifier = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self {
            alg,
            pair,
            jwk,
            kid,
            verifier,
        })
    }
}

fn generate(alg: SigningAlg, sealer: &Sealer, clock: &dyn Clock) -> Result<SealedKey, KeysError> {
    let pkcs8 = pkcs8(alg).ok_or(KeysError::NotGenerated(alg.as_str()))?;
    let key = Key::new(alg, &pkcs8).ok_or(KeysError::NotGenerated(alg.as_str()))?;
    Ok(SealedKey {
        alg: alg.as_str().to_owned(),
        sealed: sealer.seal(&pkcs8, key.kid.as_bytes()),
        kid: key.kid,
        created_at: clock.now(),
    })
}

fn pkcs8(alg: SigningAlg) -> Option<Zeroizing<Vec<u8>>> {
    let random = SystemRandom::new();
    let der = match alg {
        SigningAlg::RS256 | SigningAlg::PS256 => {
            let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).ok()?;
            let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
            der.as_ref().to_vec()
        }
        SigningAlg::ES256 => {
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
                .ok()?
                .as_ref()
                .to_vec()
        }
        SigningAlg::EdDSA => Ed25519KeyPair::generate_pkcs8(&random)
            .ok()?
            .as_ref()
            .to_vec(),
    };
    Some(Zeroizing::new(der))
}

fn unseal(stored: &SealedKey, alg: SigningAlg, sealer: &Sealer) -> Result<Key, KeysError> {
    let pkcs8 = sealer
        .open(&stored.sealed, stored.kid.as_bytes())
        .ok_or_else(|| KeysError::OtherMasterKey(stored.kid.clone()))?;
    let key = Key::new(alg, &pkcs8).filter(|key| key.kid == stored.kid);
    key.ok_or_else(|| KeysError::Unusable(stored.kid.clone()))
}

#[cfg(test)]
mod tests;

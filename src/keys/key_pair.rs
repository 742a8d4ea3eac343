//! One signing key: generation, parsing, and signing.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters,
    EllipticCurveKeyType, Jwk, KeyAlgorithm, OctetKeyPairParameters, OctetKeyPairType,
    PublicKeyUse, RSAKeyParameters, RSAKeyType, ThumbprintHash,
};
use zeroize::Zeroizing;

use super::signing_alg::SigningAlg;

/// Why a token could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The claims do not serialize.
    #[error("the claims could not be written as JSON")]
    Claims(#[from] serde_json::Error),
    /// The crypto library refused.
    #[error("the signature could not be made")]
    Signature,
}

/// A private key that signs, with the public key that verifies its signatures.
pub(super) struct SigningKey {
    pub alg: SigningAlg,
    pub kid: String,
    pub jwk: Jwk,
    pub verifier: DecodingKey,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl SigningKey {
    /// Parses a PKCS#8 document; `None` when it holds no key for `alg`.
    pub(super) fn parse(alg: SigningAlg, pkcs8: &[u8]) -> Option<Self> {
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
            kid,
            jwk,
            verifier,
            pair,
        })
    }

    /// Signs `message`; the signature has the JWS format of the algorithm (RFC 7518 §3, RFC 8037
    /// §3.1).
    pub(super) fn sign(&self, random: &SystemRandom, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.pair.sign(random, message)
    }
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

    /// The public key as JWK members (RFC 7518 §6, RFC 8037 §2).
    fn public(&self) -> AlgorithmParameters {
        let base64url = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(pair, _) => {
                let public = pair.public_key();
                AlgorithmParameters::RSA(RSAKeyParameters {
                    key_type: RSAKeyType::RSA,
                    n: base64url(public.modulus().big_endian_without_leading_zero()),
                    e: base64url(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Self::Ec(pair) => {
                // An uncompressed point: 0x04, x, y (SEC 1 §2.3.3).
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
                    key_type: EllipticCurveKeyType::EC,
                    curve: EllipticCurve::P256,
                    x: base64url(x),
                    y: base64url(y),
                })
            }
            Self::Ed(pair) => AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
                key_type: OctetKeyPairType::OctetKeyPair,
                curve: EllipticCurve::Ed25519,
                x: base64url(pair.public_key().as_ref()),
            }),
        }
    }
}

/// Generates a private key for `alg` as a PKCS#8 document; `None` when the crypto library fails.
pub(super) fn generate(alg: SigningAlg) -> Option<Zeroizing<Vec<u8>>> {
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

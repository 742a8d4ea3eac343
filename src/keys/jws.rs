//! Parses signed JWTs from other parties. They are unverified until [`super::public_keys`] or
//! [`super::shared_key`] has checked the signature.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// An algorithm that a client may sign with, by its registered name (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JwsAlg {
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl JwsAlg {
    /// All algorithms, in the order of the discovery document.
    pub const ALL: [Self; 7] = [
        Self::HS256,
        Self::HS384,
        Self::HS512,
        Self::RS256,
        Self::PS256,
        Self::ES256,
        Self::EdDSA,
    ];

    /// The registered name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
        }
    }

    /// Whether signer and verifier share one secret key.
    #[must_use]
    pub fn is_symmetric(self) -> bool {
        self.shared_key_bytes().is_some()
    }

    /// The minimum length of a shared key in bytes; `None` for asymmetric algorithms: "A key of the
    /// same size as the hash output […] or larger MUST be used" (RFC 7518 §3.2).
    #[must_use]
    pub fn shared_key_bytes(self) -> Option<usize> {
        match self {
            Self::HS256 => Some(32),
            Self::HS384 => Some(48),
            Self::HS512 => Some(64),
            Self::RS256 | Self::PS256 | Self::ES256 | Self::EdDSA => None,
        }
    }

    pub(super) fn jose(self) -> Algorithm {
        match self {
            Self::HS256 => Algorithm::HS256,
            Self::HS384 => Algorithm::HS384,
            Self::HS512 => Algorithm::HS512,
            Self::RS256 => Algorithm::RS256,
            Self::PS256 => Algorithm::PS256,
            Self::ES256 => Algorithm::ES256,
            Self::EdDSA => Algorithm::EdDSA,
        }
    }
}

/// A signed JWT in the compact form (RFC 7515 §3.1) whose signature has not been verified.
#[derive(Debug)]
pub struct UnverifiedJws<'a> {
    /// The `alg` of its header.
    pub alg: JwsAlg,
    /// The `kid` of its header.
    pub kid: Option<String>,
    /// The `typ` of its header.
    pub typ: Option<String>,
    /// The claims as JSON text.
    pub payload: Vec<u8>,
    message: &'a str,
    signature: &'a str,
}

/// The text is not a JWT signed with a supported algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no JWT signed with an algorithm that is supported")]
pub struct Unreadable;

/// The header members that are used. A key or a key URL in the header (`jwk`, `jku`, `x5c`, `x5u`)
/// is ignored: only a registered key may verify the signature (RFC 8725 §3.10).
#[derive(Deserialize)]
struct JoseHeader {
    alg: JwsAlg,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
}

impl<'a> UnverifiedJws<'a> {
    /// Parses `text` without verifying the signature.
    ///
    /// # Errors
    ///
    /// [`Unreadable`], also for `none` and for any `crit` header (RFC 7515 §4.1.11), since no
    /// extension is supported.
    pub fn read(text: &'a str) -> Result<Self, Unreadable> {
        let (message, signature) = text.rsplit_once('.').ok_or(Unreadable)?;
        let (header, payload) = message.split_once('.').ok_or(Unreadable)?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Unreadable);
        let header: JoseHeader =
            serde_json::from_slice(&decode(header)?).map_err(|_| Unreadable)?;
        if header.crit.is_some() {
            return Err(Unreadable);
        }
        Ok(Self {
            alg: header.alg,
            kid: header.kid,
            typ: header.typ,
            payload: decode(payload)?,
            message,
            signature,
        })
    }

    /// Whether `key` made the signature.
    pub(super) fn is_signed_with(&self, key: &DecodingKey) -> bool {
        let message = self.message.as_bytes();
        jsonwebtoken::crypto::verify(self.signature, message, key, self.alg.jose()).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn jws(header: &str) -> String {
        let header = BASE64_URL_SAFE_NO_PAD.encode(header);
        format!("{header}.e30.c2ln")
    }

    #[test]
    fn header_and_claims_are_read() {
        let text = jws(r#"{"alg":"ES256","kid":"k","typ":"JWT","jku":"https://evil"}"#);
        let read = UnverifiedJws::read(&text).unwrap();
        assert_eq!((read.alg, read.kid.as_deref()), (JwsAlg::ES256, Some("k")));
        assert_eq!(read.payload, b"{}");
    }

    #[test]
    fn n30_an_unsigned_token_or_a_crit_header_is_refused() {
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"None"}"#,
            r#"{"alg":""}"#,
            r#"{"alg":null}"#,
            r#"{"alg":["HS256"]}"#,
            r#"{"alg":"HS256","alg":"RS256"}"#,
            r#"{"alg":"HS256","kid":1}"#,
            r#"{"alg":"HS256","crit":["exp"]}"#,
            r#"{"alg":"HS256","crit":[]}"#,
            "{}",
            "",
        ] {
            assert!(UnverifiedJws::read(&jws(header)).is_err(), "{header}");
        }
        let good = jws(r#"{"alg":"HS256"}"#);
        assert!(UnverifiedJws::read(&good).is_ok());
        for text in [
            good.rsplit_once('.').unwrap().0.to_owned(),
            good.replace("e30", "e30="),
            format!("{good}.e30"),
            String::new(),
        ] {
            assert!(UnverifiedJws::read(&text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>(), header in any::<String>()) {
            let _ = UnverifiedJws::read(&text);
            let _ = UnverifiedJws::read(&jws(&header));
        }
    }
}

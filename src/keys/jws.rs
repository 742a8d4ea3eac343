//! Signed JWTs that others bring: read here, believed once [`super::verifiers`] say so.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// An algorithm a client may sign with, by its registered name (RFC 7518 §3.1, RFC 8037 §3.1).
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
    /// All of them, in the order discovery lists them.
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

    /// Whether both sides hold the same key.
    #[must_use]
    pub fn is_symmetric(self) -> bool {
        self.shared_key_bytes().is_some()
    }

    /// The fewest bytes a shared key may have, where one is used: "A key of the same size as the
    /// hash output […] or larger MUST be used" (RFC 7518 §3.2).
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

/// A signed JWT in the compact form (RFC 7515 §3.1) whose signature nobody has looked at.
#[derive(Debug)]
pub struct Unverified<'a> {
    /// What its header says it is signed with.
    pub alg: JwsAlg,
    /// Which key its header names.
    pub kid: Option<String>,
    /// What kind of token it says it is.
    pub typ: Option<String>,
    /// The claims as JSON text.
    pub payload: Vec<u8>,
    pub(super) message: &'a str,
    pub(super) signature: &'a str,
}

/// The text is no JWT signed with an algorithm of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no JWT signed with an algorithm that is supported")]
pub struct Unreadable;

/// The members that count. A key or an address of one that stands there too (`jwk`, `jku`, `x5c`,
/// `x5u`) is not looked at: only a registered key proves anything (RFC 8725 §3.10).
#[derive(Deserialize)]
struct Head {
    alg: JwsAlg,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
}

impl<'a> Unverified<'a> {
    /// Reads `text`.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] also for `none` and for an extension that must be understood (RFC 7515
    /// §4.1.11): there is none that is.
    pub fn read(text: &'a str) -> Result<Self, Unreadable> {
        let (message, signature) = text.rsplit_once('.').ok_or(Unreadable)?;
        let (head, payload) = message.split_once('.').ok_or(Unreadable)?;
        let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Unreadable);
        let head: Head = serde_json::from_slice(&decoded(head)?).map_err(|_| Unreadable)?;
        if head.crit.is_some() {
            return Err(Unreadable);
        }
        Ok(Self {
            alg: head.alg,
            kid: head.kid,
            typ: head.typ,
            payload: decoded(payload)?,
            message,
            signature,
        })
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
        let read = Unverified::read(&text).unwrap();
        assert_eq!((read.alg, read.kid.as_deref()), (JwsAlg::ES256, Some("k")));
        assert_eq!(read.payload, b"{}");
    }

    #[test]
    fn n30_what_is_unsigned_or_must_be_understood_is_not_read() {
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
            assert!(Unverified::read(&jws(header)).is_err(), "{header}");
        }
        let good = jws(r#"{"alg":"HS256"}"#);
        assert!(Unverified::read(&good).is_ok());
        for text in [
            good.rsplit_once('.').unwrap().0.to_owned(),
            good.replace("e30", "e30="),
            format!("{good}.e30"),
            String::new(),
        ] {
            assert!(Unverified::read(&text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>(), header in any::<String>()) {
            let _ = Unverified::read(&text);
            let _ = Unverified::read(&jws(&header));
        }
    }
}

//! Proof Key for Code Exchange (RFC 7636), S256 only.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

/// A code challenge: `BASE64URL(SHA256(code_verifier))`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Reads a challenge of the method S256: 43 characters of base64url (RFC 7636 §4.2).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        match BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut hash) {
            Ok(32) => Some(Self(text.to_owned())),
            _ => None,
        }
    }

    /// The challenge as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the challenge was made from `verifier` (RFC 7636 §4.6).
    #[must_use]
    pub fn matches(&self, verifier: &str) -> bool {
        if !is_verifier(verifier) {
            return false;
        }
        let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
        let computed = BASE64_URL_SAFE_NO_PAD.encode(hash);
        computed.as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

/// `code-verifier = 43*128unreserved` (RFC 7636 §4.1).
fn is_verifier(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // RFC 7636 appendix B
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_rfcs_own_example_holds() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        assert!(challenge.matches(VERIFIER));
        assert!(!challenge.matches(&VERIFIER.replace('d', "e")));
    }

    #[test]
    fn a_challenge_is_not_its_own_verifier() {
        assert!(!CodeChallenge::parse(CHALLENGE).unwrap().matches(CHALLENGE));
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        assert!(!is_verifier(&"a".repeat(42)));
        assert!(is_verifier(&"a".repeat(43)));
        assert!(is_verifier(&"~".repeat(128)));
        assert!(!is_verifier(&"a".repeat(129)));
        assert!(!is_verifier(&"+".repeat(43)));
    }

    proptest! {
        #[test]
        fn no_other_text_meets_a_challenge(text in any::<String>()) {
            prop_assume!(text != VERIFIER);
            prop_assert!(!CodeChallenge::parse(CHALLENGE).unwrap().matches(&text));
        }
    }
}

//! Decoy keys: a JWT that no registered key can verify is verified with one of them, so that the
//! response time does not reveal whether a client exists (N46, docs/security.md).

use std::hint::black_box;
use std::sync::LazyLock;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;

use super::jws::{JwsAlg, UnverifiedJws};

/// The public keys of RFC 7515 appendix A and RFC 8037 appendix A, which also publish the private
/// keys.
pub(super) const PUBLISHED: &str = r#"{"keys":[
  {"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},
  {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
  {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// A key for each kind of algorithm.
static DECOYS: LazyLock<Option<Decoys>> = LazyLock::new(Decoys::published);

struct Decoys {
    secret: DecodingKey,
    rsa: DecodingKey,
    ec: DecodingKey,
    ed: DecodingKey,
}

impl Decoys {
    fn published() -> Option<Self> {
        let set: JwkSet = serde_json::from_str(PUBLISHED).ok()?;
        let mut keys = set.keys.iter().map(DecodingKey::from_jwk);
        let mut next = || keys.next()?.ok();
        Some(Self {
            secret: DecodingKey::from_secret(&[0; 64]),
            rsa: next()?,
            ec: next()?,
            ed: next()?,
        })
    }

    fn key(&self, alg: JwsAlg) -> &DecodingKey {
        match alg {
            JwsAlg::HS256 | JwsAlg::HS384 | JwsAlg::HS512 => &self.secret,
            JwsAlg::RS256 | JwsAlg::PS256 => &self.rsa,
            JwsAlg::ES256 => &self.ec,
            JwsAlg::EdDSA => &self.ed,
        }
    }
}

/// Verifies with a decoy key, which takes as long as with a client's key.
pub fn dummy_verify(jws: &UnverifiedJws<'_>) {
    let Some(decoys) = &*DECOYS else { return };
    // A decoy's private key is public, so its signature can be valid; ignore the result.
    let _ = black_box(jws.is_signed_with(decoys.key(jws.alg)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::public_keys::tests::{EDDSA, ES256, RS256};

    #[test]
    fn the_decoys_verify_the_signatures_of_the_rfcs() {
        let decoys = DECOYS.as_ref().unwrap();
        for jws in [RS256, ES256, EDDSA] {
            let jws = UnverifiedJws::read(jws).unwrap();
            assert!(jws.is_signed_with(decoys.key(jws.alg)), "{jws:?}");
        }
    }
}

//! The checks of the suite on every token response and every userinfo response.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::support::browser::Answer;

/// The allowed clock skew between suite and provider, in seconds.
const SKEW: i64 = 300;

/// Claims about the user that the scope `openid` does not request: an ID token of a login with that
/// scope alone may have none of them.
const PERSONAL: [&str; 5] = [
    "name",
    "preferred_username",
    "updated_at",
    "phone_number",
    "phone_number_verified",
];

/// The result of a login.
#[derive(Debug)]
pub struct Tokens {
    /// The ID token.
    pub id_token: String,
    /// Its claims.
    pub claims: Value,
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: Option<String>,
    /// The userinfo response.
    pub userinfo: Value,
}

/// Checks a successful token response (RFC 6749 §5.1), with `PerformStandardIdTokenChecks`.
pub fn check(
    answer: &Answer,
    jwks: &Value,
    client_id: &str,
    nonce: Option<&str>,
    scope: &str,
) -> Tokens {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    assert!(
        body["expires_in"].as_i64().unwrap() > 0,
        "ValidateExpiresIn"
    );
    let text = |member: &str| body[member].as_str().map(str::to_owned);
    let id_token = text("id_token").expect("ExtractIdTokenFromTokenResponse");
    let access_token = text("access_token").expect("CheckForAccessTokenValue");
    let claims = verified(&id_token, jwks, client_id);
    // An ID token from a refresh has no nonce (OIDC Core §12.2).
    assert_eq!(claims["nonce"].as_str(), nonce, "ValidateIdTokenNonce");
    let hash = digest::digest(&digest::SHA256, access_token.as_bytes());
    let half = BASE64_URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]);
    assert_eq!(claims["at_hash"], half, "ValidateAtHash");
    for claim in claims.as_object().unwrap().keys() {
        let personal = PERSONAL.contains(&claim.as_str());
        assert!(!personal || scope != "openid", "not asked for: {claim}");
    }
    Tokens {
        refresh_token: text("refresh_token"),
        userinfo: Value::Null,
        id_token,
        claims,
        access_token,
    }
}

/// `ValidateIdToken`, `ValidateIdTokenSignature`, `CheckForSubjectInIdToken`.
fn verified(id_token: &str, jwks: &Value, client_id: &str) -> Value {
    let keys: JwkSet = serde_json::from_value(jwks.clone()).unwrap();
    let header = decode_header(id_token).unwrap();
    assert_eq!(
        header.alg,
        Algorithm::RS256,
        "the client asked for no other"
    );
    let key = keys.find(&header.kid.expect("EnsureIdTokenContainsKid"));
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[client_id]);
    validation.set_issuer(&[super::agent::ISSUER]);
    let key = DecodingKey::from_jwk(key.expect("it is served")).unwrap();
    let claims: Value = decode(id_token, &key, &validation).unwrap().claims;
    let now = super::module::now();
    assert!(claims["iat"].as_i64().unwrap() <= now + SKEW);
    assert!(claims["auth_time"].as_i64().unwrap() <= now + SKEW);
    let sub = claims["sub"].as_str().expect("a string");
    assert!(!sub.is_empty() && sub.len() <= 255 && sub.is_ascii());
    claims
}

/// `ValidateUserInfoStandardClaims`, `VerifyUserInfoAndIdTokenInTokenEndpointSameSub`.
pub fn check_userinfo(tokens: &Tokens) {
    let userinfo = tokens.userinfo.as_object().unwrap();
    assert_eq!(userinfo["sub"], tokens.claims["sub"]);
    for (claim, value) in userinfo {
        let valid = match claim.as_str() {
            "updated_at" => value.is_i64(),
            "email_verified" | "phone_number_verified" => value.is_boolean(),
            _ => value.as_str().is_some_and(|text| !text.is_empty()),
        };
        assert!(valid, "{claim}: {value}");
    }
}

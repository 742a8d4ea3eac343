//! Modules that read only discovery and the JWKS.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use super::agent::ISSUER;
use super::module::{Mode, Module};

/// The discovery document, after `CheckDiscEndpointAllEndpointsAreHttps`.
async fn discovery(mode: Mode) -> (Module, Value) {
    let mut module = Module::start(mode).await;
    let document = module.fetch("/.well-known/openid-configuration").await;
    for (name, value) in document.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let url = value.as_str().unwrap();
            assert!(url.starts_with(ISSUER), "{name}: {url}");
        }
    }
    (module, document)
}

fn list<'a>(document: &'a Value, member: &str) -> Vec<&'a str> {
    let values = document[member]
        .as_array()
        .unwrap_or_else(|| panic!("{member}"));
    values.iter().map(|value| value.as_str().unwrap()).collect()
}

pub async fn oidcc_discovery_endpoint_verification(mode: Mode) {
    let (mut module, document) = discovery(mode).await;
    assert_eq!(document["issuer"], ISSUER, "CheckDiscEndpointIssuer");
    for (member, value) in [
        ("response_types_supported", "code"),
        ("subject_types_supported", "public"),
        ("id_token_signing_alg_values_supported", "RS256"),
        ("grant_types_supported", "authorization_code"),
        ("scopes_supported", "openid"),
        ("code_challenge_methods_supported", "S256"),
        (
            "token_endpoint_auth_methods_supported",
            "client_secret_basic",
        ),
        (
            "token_endpoint_auth_methods_supported",
            "client_secret_post",
        ),
        ("claims_supported", "sub"),
    ] {
        assert!(list(&document, member).contains(&value), "{member}");
    }
    for member in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
    ] {
        assert!(document[member].is_string(), "{member}");
    }
    assert_eq!(document["claims_parameter_supported"], true);
    // `false` must be stated: if it is absent, request_uri counts as supported (OIDC Discovery §3).
    assert_eq!(document["request_parameter_supported"], false);
    assert_eq!(document["request_uri_parameter_supported"], false);
    // CheckDiscEndpointLocalesCanonicalCasing
    assert_eq!(list(&document, "ui_locales_supported"), ["zh-CN", "en"]);
    // The suite skips modules whose feature discovery does not list: `oidcc-scope-email` for clients
    // without addresses, `-address`, `-all`, `oidcc-idtoken-unsigned`, and the modules with unsigned request objects.
    for (member, value) in [
        ("scopes_supported", "email"),
        ("scopes_supported", "address"),
        ("id_token_signing_alg_values_supported", "none"),
    ] {
        assert!(!list(&document, member).contains(&value), "{member}");
    }
    let jwks = module.fetch("/jwks").await;
    check_jwks(&jwks);
}

/// `ValidateServerJWKs`, `CheckForKeyIdInServerJWKs`, `CheckDistinctKeyIdValueInServerJWKs`,
/// `EnsureServerJwksDoesNotContainPrivateOrSymmetricKeys`.
fn check_jwks(jwks: &Value) {
    let mut kids = Vec::new();
    for key in jwks["keys"].as_array().unwrap() {
        let required: &[_] = match key["kty"].as_str().unwrap() {
            "RSA" => &["n", "e"],
            "EC" => &["crv", "x", "y"],
            "OKP" => &["crv", "x"],
            other => panic!("{other}"),
        };
        for member in required {
            let value = key[member].as_str().unwrap();
            let decoded = BASE64_URL_SAFE_NO_PAD.decode(value);
            assert!(*member == "crv" || decoded.is_ok(), "{member}: {value}");
        }
        for secret in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert_eq!(key.get(secret), None);
        }
        assert_eq!(key["use"], "sig");
        kids.push(key["kid"].as_str().unwrap());
    }
    let count = kids.len();
    kids.sort_unstable();
    kids.dedup();
    assert!(count > 0 && kids.len() == count, "{kids:?}");
}

pub async fn oidcc_rp_initiated_logout_discovery_endpoint_verification(mode: Mode) {
    let (_, document) = discovery(mode).await;
    assert!(document["end_session_endpoint"].is_string());
}

pub async fn oidcc_backchannel_logout_discovery_endpoint_verification(mode: Mode) {
    let (_, document) = discovery(mode).await;
    assert!(document["end_session_endpoint"].is_string());
    assert_eq!(document["backchannel_logout_supported"], true);
    assert_eq!(document["backchannel_logout_session_supported"], true);
}

pub async fn oidcc_frontchannel_logout_discovery_endpoint_verification(mode: Mode) {
    let (_, document) = discovery(mode).await;
    assert!(document["end_session_endpoint"].is_string());
    assert_eq!(document["frontchannel_logout_supported"], true);
    assert_eq!(document["frontchannel_logout_session_supported"], true);
}

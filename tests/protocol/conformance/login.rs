//! Modules that log in once, with request parameters that must not make the login fail.

use reqwest::Method;

use super::agent::{Destination, ISSUER, SUITE};
use super::module::{Mode, Module, parameter};
use super::tokens::Tokens;
use crate::support::app::{VERIFIER, challenge};

/// A login with `changes` in the authorization request, and one sign-in at the portal.
async fn login(mode: Mode, changes: &[(&str, &str)]) -> Tokens {
    let mut module = Module::start(mode).await;
    let tokens = module.login(changes).await;
    assert_eq!(module.agent.sign_ins, 1);
    tokens
}

/// `EnsureMinimumAuthorizationCodeLength`, `ExtractExpiresIn…`, and no claim that was not requested.
pub async fn oidcc_server(mode: Mode) {
    let mut module = Module::start(mode).await;
    let request = module.request(&[]);
    let response = module.response_to(&request).await;
    assert!(response["code"].len() * 8 >= 128);
    let answer = module.redeem(&response["code"], &[]).await;
    let tokens = module.check_tokens(&request, &answer).await;
    let allowed = [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "at_hash",
        "sid",
    ];
    for claim in tokens.claims.as_object().unwrap().keys() {
        assert!(allowed.contains(&claim.as_str()), "not asked for: {claim}");
    }
}

pub async fn oidcc_server_client_secret_post(mode: Mode) {
    let mut module = Module::start(mode).await;
    let request = module.request(&[]);
    let response = module.response_to(&request).await;
    let callback = format!("{SUITE}callback");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &response["code"]),
        ("redirect_uri", &callback),
        ("client_id", module.client.id),
        ("client_secret", module.client.secret),
    ];
    let url = format!("{ISSUER}/token");
    let answer = module
        .agent
        .send(Method::POST, &url, |request| request.form(&form))
        .await;
    module.check_tokens(&request, &answer).await;
}

pub async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow(mode: Mode) {
    let tokens = login(mode, &[("nonce", "")]).await;
    assert_eq!(tokens.claims.get("nonce"), None);
}

pub async fn oidcc_display_page(mode: Mode) {
    login(mode, &[("display", "page")]).await;
}

pub async fn oidcc_display_popup(mode: Mode) {
    login(mode, &[("display", "popup")]).await;
}

pub async fn oidcc_ensure_request_with_unknown_parameter_succeeds(mode: Mode) {
    login(mode, &[("extra", "foobar")]).await;
}

pub async fn oidcc_login_hint(mode: Mode) {
    login(mode, &[("login_hint", "buffy@sso.example.com")]).await;
}

pub async fn oidcc_ui_locales(mode: Mode) {
    login(mode, &[("ui_locales", "se")]).await;
}

pub async fn oidcc_claims_locales(mode: Mode) {
    login(mode, &[("claims_locales", "se")]).await;
}

/// The request names the ACR values that discovery lists; the ID token has one of them.
pub async fn oidcc_ensure_request_with_acr_values_succeeds(mode: Mode) {
    let mut module = Module::start(mode).await;
    let discovery = module.fetch("/.well-known/openid-configuration").await;
    let supported = discovery["acr_values_supported"].as_array().unwrap();
    let supported: Vec<_> = supported.iter().map(|acr| acr.as_str().unwrap()).collect();
    let tokens = module.login(&[("acr_values", &supported.join(" "))]).await;
    assert!(supported.contains(&tokens.claims["acr"].as_str().unwrap()));
}

/// A page of the suite posts the authorization request as a form: first from a browser without cookies,
/// then from one with a session, whose cookie `SameSite` withholds.
pub async fn oidcc_ensure_post_request_succeeds(mode: Mode) {
    let mut module = Module::start(mode).await;
    for _ in 0..2 {
        let request = module.request(&[]);
        let url = format!("{ISSUER}/authorize");
        let destination = module.agent.post_from_elsewhere(&url, &request).await;
        let Destination::Suite(callback) = destination else {
            panic!("ExpectRedirectUriHasBeenCalled: {destination:?}");
        };
        let response = module.check_response(&request, callback);
        let answer = module.redeem(&response["code"], &[]).await;
        module.check_tokens(&request, &answer).await;
    }
    assert_eq!(module.agent.sign_ins, 1);
}

pub async fn oidcc_ensure_request_with_valid_pkce_succeeds(mode: Mode) {
    let mut module = Module::start(mode).await;
    let challenge = challenge(VERIFIER);
    let changes = [
        ("code_challenge", &*challenge),
        ("code_challenge_method", "S256"),
    ];
    let request = module.request(&changes);
    assert!(parameter(&request, "nonce").is_some());
    let response = module.response_to(&request).await;
    let verifier = [("code_verifier", VERIFIER)];
    let answer = module.redeem(&response["code"], &verifier).await;
    module.check_tokens(&request, &answer).await;
}

//! Modules that log in once, with something in the request that must not stand in the way.

use reqwest::Method;

use super::agent::{Arrival, ISSUER, SUITE};
use super::module::{Mode, Module, value};
use super::tokens::Tokens;
use crate::support::app::{VERIFIER, challenge};

/// A login with `changes` in the request, through one visit to the portal.
async fn login(mode: Mode, changes: &[(&str, &str)]) -> Tokens {
    let mut module = Module::start(mode).await;
    let tokens = module.login(changes).await;
    assert_eq!(module.agent.sign_ins, 1);
    tokens
}

/// `EnsureMinimumAuthorizationCodeLength`, `ExtractExpiresIn…`, no claim nobody asked for.
pub async fn oidcc_server(mode: Mode) {
    let mut module = Module::start(mode).await;
    let request = module.request(&[]);
    let response = module.comes_back(&request).await;
    assert!(response["code"].len() * 8 >= 128);
    let answer = module.redeem(&response["code"], &[]).await;
    let tokens = module.issued(&request, &answer).await;
    let known = [
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
        assert!(known.contains(&claim.as_str()), "not asked for: {claim}");
    }
}

pub async fn oidcc_server_client_secret_post(mode: Mode) {
    let mut module = Module::start(mode).await;
    let request = module.request(&[]);
    let response = module.comes_back(&request).await;
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
        .ask(Method::POST, &url, |request| request.form(&form))
        .await;
    module.issued(&request, &answer).await;
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

/// What discovery promises is asked for, and one of it comes back.
pub async fn oidcc_ensure_request_with_acr_values_succeeds(mode: Mode) {
    let mut module = Module::start(mode).await;
    let discovery = module.fetch("/.well-known/openid-configuration").await;
    let supported = discovery["acr_values_supported"].as_array().unwrap();
    let supported: Vec<_> = supported.iter().map(|acr| acr.as_str().unwrap()).collect();
    let tokens = module.login(&[("acr_values", &supported.join(" "))]).await;
    assert!(supported.contains(&tokens.claims["acr"].as_str().unwrap()));
}

/// The request is a form that the suite's page posts: first by a browser that has nothing of ours, then
/// by one with a session whose cookie stays at home.
pub async fn oidcc_ensure_post_request_succeeds(mode: Mode) {
    let mut module = Module::start(mode).await;
    for _ in 0..2 {
        let request = module.request(&[]);
        let url = format!("{ISSUER}/authorize");
        let arrived = module.agent.post_from_elsewhere(&url, &request).await;
        let Arrival::Suite(callback) = arrived else {
            panic!("ExpectRedirectUriHasBeenCalled: {arrived:?}");
        };
        let response = module.response(&request, callback);
        let answer = module.redeem(&response["code"], &[]).await;
        module.issued(&request, &answer).await;
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
    assert!(value(&request, "nonce").is_some());
    let response = module.comes_back(&request).await;
    let verifier = [("code_verifier", VERIFIER)];
    let answer = module.redeem(&response["code"], &verifier).await;
    module.issued(&request, &answer).await;
}

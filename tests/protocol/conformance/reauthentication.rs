//! Modules with two authorization requests: whether the second requires a new sign-in, and its ID
//! token.

use super::module::{Mode, Module, now, random, wait_until};
use super::tokens::Tokens;

fn auth_time(tokens: &Tokens) -> i64 {
    tokens.claims["auth_time"].as_i64().unwrap()
}

/// `AbstractOIDCCSameAuthTwiceServerTest`: the second request shows no page and reuses the session.
async fn same_login(mode: Mode, first: &[(&str, &str)], second: &[(&str, &str)], hint: bool) {
    let mut module = Module::start(mode).await;
    let first_tokens = module.login(first).await;
    let mut second = second.to_vec();
    if hint {
        second.push(("id_token_hint", &first_tokens.id_token));
    }
    let second_tokens = module.login(&second).await;
    assert_eq!(module.agent.sign_ins, 1, "nobody signed in anew");
    assert_eq!(auth_time(&second_tokens), auth_time(&first_tokens));
    assert_eq!(second_tokens.claims["sub"], first_tokens.claims["sub"]);
}

/// `CheckSecondIdTokenAuthTimeIsLaterIfPresent`: the second request requires a new sign-in.
async fn new_login(mode: Mode, seconds: i64, second: (&str, &str)) {
    let mut module = Module::start(mode).await;
    let first_tokens = module.login(&[]).await;
    wait_until(auth_time(&first_tokens) + seconds).await;
    let requested_at = now();
    let second_tokens = module.login(&[second]).await;
    assert_eq!(module.agent.sign_ins, 2, "ExpectSecondLoginPage");
    assert!(
        auth_time(&second_tokens) >= requested_at,
        "{} {requested_at}",
        auth_time(&second_tokens)
    );
}

pub async fn oidcc_prompt_login(mode: Mode) {
    new_login(mode, 1, ("prompt", "login")).await;
}

pub async fn oidcc_max_age_1(mode: Mode) {
    new_login(mode, 2, ("max_age", "1")).await;
}

pub async fn oidcc_max_age_10000(mode: Mode) {
    same_login(
        mode,
        &[("max_age", "15000")],
        &[("max_age", "10000")],
        false,
    )
    .await;
}

pub async fn oidcc_prompt_none_logged_in(mode: Mode) {
    same_login(mode, &[], &[("prompt", "none")], false).await;
}

pub async fn oidcc_id_token_hint(mode: Mode) {
    same_login(mode, &[], &[("prompt", "none")], true).await;
}

/// `CheckErrorFromAuthorizationEndpointIsOneThatRequiredAUserInterface`, with a long `state`.
pub async fn oidcc_prompt_none_not_logged_in(mode: Mode) {
    let mut module = Module::start(mode).await;
    let state = random(128);
    let request = module.request(&[("prompt", "none"), ("state", &state)]);
    assert_eq!(module.expect_error(&request).await, "login_required");
    assert_eq!(module.agent.sign_ins, 0);
}

//! Modules of RP-Initiated Logout: a login, then the browser is sent to the end session endpoint.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use url::Url;

use super::agent::{Destination, ISSUER, SUITE};
use super::module::{Mode, Module, random};
use crate::support::browser::Answer;

// The parameters of the end session endpoint that the modules leave out or change.
const HINT: &str = "id_token_hint";
const REDIRECT: &str = "post_logout_redirect_uri";
const STATE: &str = "state";

/// The registered `post_logout_redirect_uri`.
pub fn post_logout_redirect_uri() -> String {
    format!("{SUITE}post_logout_redirect")
}

/// A module that has logged in, and its ID token.
async fn logged_in(mode: Mode) -> (Module, String) {
    let mut module = Module::start(mode).await;
    let tokens = module.login(&[]).await;
    (module, tokens.id_token)
}

/// The URL of the end session endpoint with these parameters.
pub fn end_session(parameters: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params(&format!("{ISSUER}/logout"), parameters).unwrap();
    url.to_string()
}

/// Asserts that the browser is at `post_logout_redirect_uri` with exactly these parameters.
#[track_caller]
pub fn assert_redirected(destination: Destination, expected: &[(&str, &str)]) {
    let Destination::Suite(callback) = destination else {
        panic!("it stays: {destination:?}");
    };
    assert_eq!(callback.path, post_logout_redirect_uri());
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let expected: BTreeMap<_, _> = expected.iter().map(owned).collect();
    assert_eq!(
        callback.query, expected,
        "CheckPostLogoutState, CheckForUnexpected…"
    );
}

/// Asserts that a page is shown, and returns it.
#[track_caller]
fn expect_page(destination: Destination) -> Answer {
    match destination {
        Destination::Page(page) => page,
        Destination::Suite(callback) => panic!("it was sent to {callback:?}"),
    }
}

/// Asserts that the session has ended: `prompt=none` must fail.
pub async fn assert_logged_out(module: &mut Module) {
    let request = module.request(&[("prompt", "none")]);
    assert_eq!(module.expect_error(&request).await, "login_required");
}

/// `ExpectSuccessfulLogoutPage`.
#[track_caller]
fn assert_logged_out_page(page: &Answer) {
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<h1>已退出登录</h1>"), "{}", page.body);
    assert!(page.body.contains("You are signed out"), "{}", page.body);
}

/// `Expect…ErrorPage`: the page says in visible text what is wrong with the request.
#[track_caller]
fn assert_error_page(page: &Answer, wrong: &str) {
    assert_eq!(page.status, 400);
    let (_, body) = page.body.split_once("<main>").unwrap();
    assert!(body.contains(wrong), "{body}");
}

pub async fn oidcc_rp_initiated_logout(mode: Mode) {
    let (mut module, hint) = logged_in(mode).await;
    let state = random(128);
    let url = end_session(&[
        (HINT, &hint),
        (REDIRECT, &post_logout_redirect_uri()),
        (STATE, &state),
    ]);
    assert_redirected(module.agent.navigate(&url).await, &[(STATE, &state)]);
    assert_logged_out(&mut module).await;
}

pub async fn oidcc_rp_initiated_logout_no_state(mode: Mode) {
    let (mut module, hint) = logged_in(mode).await;
    let url = end_session(&[(HINT, &hint), (REDIRECT, &post_logout_redirect_uri())]);
    assert_redirected(module.agent.navigate(&url).await, &[]);
    assert_logged_out(&mut module).await;
}

/// Sends a logout request that must be refused on a page that says `wrong`. If `hint` is `None`, the ID
/// token of the login is the hint; if it is empty, there is none.
async fn expect_refusal(mode: Mode, hint: Option<String>, redirect: &str, wrong: &str) {
    let (mut module, id_token) = logged_in(mode).await;
    let hint = hint.unwrap_or(id_token);
    let mut parameters = vec![(REDIRECT, redirect), (STATE, "s")];
    if !hint.is_empty() {
        parameters.push((HINT, &hint));
    }
    assert_error_page(
        &expect_page(module.agent.navigate(&end_session(&parameters)).await),
        wrong,
    );
}

pub async fn oidcc_rp_initiated_logout_bad_logout_redirect_uri(mode: Mode) {
    let unregistered = format!("{}/x7Zq", post_logout_redirect_uri());
    expect_refusal(
        mode,
        None,
        &unregistered,
        "the post_logout_redirect_uri is not registered",
    )
    .await;
}

pub async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(mode: Mode) {
    let with_query = format!("{}?foo=bar", post_logout_redirect_uri());
    expect_refusal(
        mode,
        None,
        &with_query,
        "the post_logout_redirect_uri is not registered",
    )
    .await;
}

/// `ChangeIdTokenToAlgNone`.
pub async fn oidcc_rp_initiated_logout_modified_id_token_hint(mode: Mode) {
    let (mut module, hint) = logged_in(mode).await;
    let claims = hint.split('.').nth(1).unwrap();
    let unsigned = format!("{}.{claims}.", BASE64.encode(r#"{"alg":"none"}"#));
    let url = end_session(&[
        (HINT, &unsigned),
        (REDIRECT, &post_logout_redirect_uri()),
        (STATE, "s"),
    ]);
    let page = expect_page(module.agent.navigate(&url).await);
    assert_error_page(
        &page,
        "the id_token_hint is not an ID token of this provider",
    );
}

/// `GenerateFakeIdTokenClaims`, `SignFakeIdToken`: an ID token that the suite has made.
pub async fn oidcc_rp_initiated_logout_bad_id_token_hint(mode: Mode) {
    let claims = json!({
        "iss": "suite", "sub": "SubjectID", "aud": ISSUER, "nonce": "flibble",
        "iat": 1_800_000_000, "exp": 1_800_000_300,
    });
    let key = EncodingKey::from_secret(b"a key of the suite's, which nobody knows");
    let fake = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
    let wrong = "the id_token_hint is not an ID token of this provider";
    expect_refusal(mode, Some(fake), &post_logout_redirect_uri(), wrong).await;
}

/// An error page, so that the user does not assume that the logout succeeded.
pub async fn oidcc_rp_initiated_logout_no_id_token_hint(mode: Mode) {
    let wrong = "without an id_token_hint or a client_id";
    expect_refusal(
        mode,
        Some(String::new()),
        &post_logout_redirect_uri(),
        wrong,
    )
    .await;
}

pub async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri(mode: Mode) {
    let (mut module, hint) = logged_in(mode).await;
    let url = end_session(&[(HINT, &hint), (STATE, "s")]);
    assert_logged_out_page(&expect_page(module.agent.navigate(&url).await));
    assert_logged_out(&mut module).await;
}

/// A request that identifies no user: the provider asks for confirmation (RP-Initiated Logout 1.0 §2),
/// and the user confirms.
async fn logout_with_confirmation(mode: Mode, parameters: &[(&str, &str)]) {
    let (mut module, _) = logged_in(mode).await;
    let confirmation = expect_page(module.agent.navigate(&end_session(parameters)).await);
    assert!(
        confirmation.body.contains("Sign out?"),
        "{}",
        confirmation.body
    );
    assert_logged_out_page(&expect_page(module.agent.submit(&confirmation).await));
    assert_logged_out(&mut module).await;
}

pub async fn oidcc_rp_initiated_logout_no_params(mode: Mode) {
    logout_with_confirmation(mode, &[]).await;
}

pub async fn oidcc_rp_initiated_logout_only_state(mode: Mode) {
    logout_with_confirmation(mode, &[(STATE, "s")]).await;
}

//! Modules of RP-Initiated Logout: a login, then the browser is sent to the end session endpoint.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use url::Url;

use super::agent::{Arrival, ISSUER, SUITE};
use super::module::{Mode, Module, random};
use crate::support::browser::Answer;

/// What is asked of the end session endpoint: the suite's names for the parameters it takes out.
const HINT: &str = "id_token_hint";
const REDIRECT: &str = "post_logout_redirect_uri";
const STATE: &str = "state";

/// Where a browser goes that was logged out.
pub fn out() -> String {
    format!("{SUITE}post_logout_redirect")
}

/// A module that has logged in, and its ID token.
async fn logged_in(mode: Mode) -> (Module, String) {
    let mut module = Module::start(mode).await;
    let tokens = module.login(&[]).await;
    (module, tokens.id_token)
}

/// The address of the end session endpoint with these parameters.
pub fn end_session(parameters: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params(&format!("{ISSUER}/logout"), parameters).unwrap();
    url.to_string()
}

/// The browser is at `post_logout_redirect_uri` with nothing but these parameters.
#[track_caller]
pub fn came_out(arrival: Arrival, expected: &[(&str, &str)]) {
    let Arrival::Suite(callback) = arrival else {
        panic!("it stays: {arrival:?}");
    };
    assert_eq!(callback.path, out());
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let expected: BTreeMap<_, _> = expected.iter().map(owned).collect();
    assert_eq!(
        callback.query, expected,
        "CheckPostLogoutState, CheckForUnexpected…"
    );
}

/// A page is shown; the browser is sent nowhere.
#[track_caller]
fn stays(arrival: Arrival) -> Answer {
    match arrival {
        Arrival::Page(page) => page,
        Arrival::Suite(callback) => panic!("it was sent to {callback:?}"),
    }
}

/// `prompt=none` must fail now.
pub async fn is_logged_out(module: &mut Module) {
    let request = module.request(&[("prompt", "none")]);
    assert_eq!(module.refused(&request).await, "login_required");
}

/// `ExpectSuccessfulLogoutPage`.
#[track_caller]
fn says_so(page: &Answer) {
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<h1>已退出登录</h1>"), "{}", page.body);
    assert!(page.body.contains("You are signed out"), "{}", page.body);
}

/// `Expect…ErrorPage`: a page that says in visible text what is wrong with the request.
#[track_caller]
fn names(page: &Answer, wrong: &str) {
    assert_eq!(page.status, 400);
    let (_, body) = page.body.split_once("<main>").unwrap();
    assert!(body.contains(wrong), "{body}");
}

pub async fn oidcc_rp_initiated_logout(mode: Mode) {
    let (mut module, hint) = logged_in(mode).await;
    let state = random(128);
    let url = end_session(&[(HINT, &hint), (REDIRECT, &out()), (STATE, &state)]);
    came_out(module.agent.go(&url).await, &[(STATE, &state)]);
    is_logged_out(&mut module).await;
}

pub async fn oidcc_rp_initiated_logout_no_state(mode: Mode) {
    let (mut module, hint) = logged_in(mode).await;
    let url = end_session(&[(HINT, &hint), (REDIRECT, &out())]);
    came_out(module.agent.go(&url).await, &[]);
    is_logged_out(&mut module).await;
}

/// A request that must be refused on a page that says `wrong`.
async fn refused(mode: Mode, hint: Option<String>, redirect: &str, wrong: &str) {
    let (mut module, own) = logged_in(mode).await;
    let hint = hint.unwrap_or(own);
    let mut asked = vec![(REDIRECT, redirect), (STATE, "s")];
    if !hint.is_empty() {
        asked.push((HINT, &hint));
    }
    names(&stays(module.agent.go(&end_session(&asked)).await), wrong);
}

pub async fn oidcc_rp_initiated_logout_bad_logout_redirect_uri(mode: Mode) {
    let elsewhere = format!("{}/x7Zq", out());
    refused(
        mode,
        None,
        &elsewhere,
        "the post_logout_redirect_uri is not registered",
    )
    .await;
}

pub async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(mode: Mode) {
    let more = format!("{}?foo=bar", out());
    refused(
        mode,
        None,
        &more,
        "the post_logout_redirect_uri is not registered",
    )
    .await;
}

/// `ChangeIdTokenToAlgNone`.
pub async fn oidcc_rp_initiated_logout_modified_id_token_hint(mode: Mode) {
    let (mut module, hint) = logged_in(mode).await;
    let claims = hint.split('.').nth(1).unwrap();
    let unsigned = format!("{}.{claims}.", BASE64.encode(r#"{"alg":"none"}"#));
    let url = end_session(&[(HINT, &unsigned), (REDIRECT, &out()), (STATE, "s")]);
    let page = stays(module.agent.go(&url).await);
    names(
        &page,
        "the id_token_hint is not an ID token of this provider",
    );
}

/// `GenerateFakeIdTokenClaims`, `SignFakeIdToken`: an ID token of the suite's own.
pub async fn oidcc_rp_initiated_logout_bad_id_token_hint(mode: Mode) {
    let claims = json!({
        "iss": "suite", "sub": "SubjectID", "aud": ISSUER, "nonce": "flibble",
        "iat": 1_800_000_000, "exp": 1_800_000_300,
    });
    let key = EncodingKey::from_secret(b"a key of the suite's, which nobody knows");
    let fake = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
    let wrong = "the id_token_hint is not an ID token of this provider";
    refused(mode, Some(fake), &out(), wrong).await;
}

/// An error page, so that nobody takes the request for done.
pub async fn oidcc_rp_initiated_logout_no_id_token_hint(mode: Mode) {
    let wrong = "without an id_token_hint or a client_id";
    refused(mode, Some(String::new()), &out(), wrong).await;
}

pub async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri(mode: Mode) {
    let (mut module, hint) = logged_in(mode).await;
    let url = end_session(&[(HINT, &hint), (STATE, "s")]);
    says_so(&stays(module.agent.go(&url).await));
    is_logged_out(&mut module).await;
}

/// Nobody is named, so that the person is asked (RP-Initiated Logout 1.0 §2), and says yes.
async fn asked(mode: Mode, parameters: &[(&str, &str)]) {
    let (mut module, _) = logged_in(mode).await;
    let question = stays(module.agent.go(&end_session(parameters)).await);
    assert!(question.body.contains("Sign out?"), "{}", question.body);
    says_so(&stays(module.agent.submit(&question).await));
    is_logged_out(&mut module).await;
}

pub async fn oidcc_rp_initiated_logout_no_params(mode: Mode) {
    asked(mode, &[]).await;
}

pub async fn oidcc_rp_initiated_logout_only_state(mode: Mode) {
    asked(mode, &[(STATE, "s")]).await;
}

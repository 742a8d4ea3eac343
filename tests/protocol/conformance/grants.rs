//! Modules about the use and the reuse of codes and refresh tokens.

use super::module::{CLIENT, CLIENT2, Mode, Module, now, wait_until};
use super::tokens::Tokens;
use crate::support::browser::Answer;

/// `CheckErrorFromTokenEndpointResponseErrorInvalidGrant` and related checks.
#[track_caller]
fn invalid_grant(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    let body = answer.json();
    assert_eq!(body["error"], "invalid_grant");
    assert!(body["error_description"].as_str().unwrap().is_ascii());
}

/// Redeems one code twice, `seconds` apart, and returns the tokens of the first redemption.
async fn reused(module: &mut Module, seconds: i64) -> Tokens {
    let request = module.request(&[]);
    let response = module.response_to(&request).await;
    let answer = module.redeem(&response["code"], &[]).await;
    let tokens = module.check_tokens(&request, &answer).await;
    wait_until(now() + seconds).await;
    invalid_grant(&module.redeem(&response["code"], &[]).await);
    tokens
}

pub async fn oidcc_codereuse(mode: Mode) {
    reused(&mut Module::start(mode).await, 0).await;
}

/// The second redemption, half a minute later, revokes the access token of the first.
pub async fn oidcc_codereuse_30seconds(mode: Mode) {
    let mut module = Module::start(mode).await;
    let tokens = reused(&mut module, 30).await;
    let answer = module.userinfo(&tokens.access_token).await;
    assert_eq!(answer.status, 401, "EnsureHttpStatusCodeIs4xx");
}

/// Logs in with `offline_access`, which discovery lists, runs `RefreshTokenRequestSteps`, and returns the
/// refreshed tokens. `more` is added to the refresh request: the first client repeats its scope, the
/// second does not.
async fn refreshed(module: &mut Module, more: &[(&str, &str)]) -> Tokens {
    let scope = "openid offline_access";
    let changes = [("scope", scope), ("prompt", "consent")];
    let first = module.login(&changes).await;
    let token = first.refresh_token.expect("ExtractRefreshToken…");
    let allowed = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    assert!(token.bytes().all(allowed) && token.len() * 8 >= 128);
    // WaitForOneSecond: `iat` must differ.
    wait_until(first.claims["iat"].as_i64().unwrap() + 1).await;
    let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", &token)];
    form.extend(more);
    let answer = module.token(&form).await;
    let request = module.request(&[("scope", scope), ("nonce", "")]);
    let second = module.check_tokens(&request, &answer).await;
    for claim in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(
            second.claims[claim], first.claims[claim],
            "CompareIdTokenClaims"
        );
    }
    assert_ne!(second.claims["iat"], first.claims["iat"]);
    assert_ne!(second.access_token, first.access_token);
    second
}

pub async fn oidcc_refresh_token(mode: Mode) {
    let mut module = Module::start(mode).await;
    let discovery = module.fetch("/.well-known/openid-configuration").await;
    let grant_types = discovery["grant_types_supported"].as_array().unwrap();
    assert!(grant_types.contains(&"refresh_token".into()));
    refreshed(&mut module, &[("scope", "openid offline_access")]).await;
    module.client = CLIENT2;
    let second = refreshed(&mut module, &[]).await;
    let token = second.refresh_token.unwrap();
    module.client = CLIENT;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*token),
        ("scope", "openid offline_access"),
    ];
    invalid_grant(&module.token(&form).await);
}

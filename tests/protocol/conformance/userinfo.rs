//! Modules that call userinfo, one for each way to send the access token.

use reqwest::{Method, RequestBuilder};

use super::agent::ISSUER;
use super::module::{Mode, Module};

/// `EnsureUserInfoContainsSub`.
async fn contains_sub(
    mode: Mode,
    method: Method,
    build: impl FnOnce(RequestBuilder, &str) -> RequestBuilder,
) {
    let mut module = Module::start(mode).await;
    let tokens = module.login(&[]).await;
    let url = format!("{ISSUER}/userinfo");
    let response = module
        .agent
        .send(method, &url, |request| build(request, &tokens.access_token));
    let answer = response.await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["sub"], tokens.claims["sub"]);
}

pub async fn oidcc_userinfo_get(mode: Mode) {
    contains_sub(mode, Method::GET, |request, token| {
        request.bearer_auth(token)
    })
    .await;
}

pub async fn oidcc_userinfo_post_header(mode: Mode) {
    contains_sub(mode, Method::POST, |request, token| {
        request.bearer_auth(token)
    })
    .await;
}

pub async fn oidcc_userinfo_post_body(mode: Mode) {
    let in_body = |request: RequestBuilder, token: &str| request.form(&[("access_token", token)]);
    contains_sub(mode, Method::POST, in_body).await;
}

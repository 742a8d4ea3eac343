//! Modules of Back-Channel and Front-Channel Logout: the client hears of it beside the redirect.

use serde_json::{Value, json};

use super::agent::{Arrival, ISSUER, SUITE, attributes, callback};
use super::logout::{came_out, end_session, is_logged_out, out};
use super::module::{Mode, Module, random};
use crate::support::app::{claims, header};
use crate::support::listener::Listener;

/// A module that has logged in, its ID token's claims, and a logout request with its `state`.
async fn logged_in(mode: Mode, lines: &str) -> (Module, Value, String, String) {
    let mut module = Module::start_with(mode, lines).await;
    let tokens = module.login(&[]).await;
    let state = random(128);
    let parameters = [
        ("id_token_hint", &*tokens.id_token),
        ("post_logout_redirect_uri", &out()),
        ("state", &state),
    ];
    (module, tokens.claims, end_session(&parameters), state)
}

/// `ExtractLogoutTokenFromBackchannelLogoutRequest`, `ValidateLogoutTokenClaims` and their kin.
pub async fn oidcc_backchannel_rp_initiated_logout(mode: Mode) {
    let listener = Listener::open().await;
    let lines = listener.line() + "backchannel_logout_session_required = true\n";
    let (mut module, id_token, url, state) = logged_in(mode, &lines).await;
    came_out(module.agent.go(&url).await, &[("state", &state)]);
    let told = listener.next_notice().await;
    assert_eq!(told.content_type, "application/x-www-form-urlencoded");
    assert_eq!(told.form.len(), 1, "nothing but the logout_token");
    assert_eq!(header(told.token())["typ"], "logout+jwt");
    let token = claims(told.token());
    for claim in ["iss", "aud", "sub", "sid"] {
        assert_eq!(token[claim], id_token[claim], "{claim}");
    }
    assert!(token["iat"].is_i64() && token["jti"].is_string());
    let event = "http://schemas.openid.net/event/backchannel-logout";
    assert_eq!(token["events"], json!({ event: {} }));
    assert_eq!(token.get("nonce"), None, "CheckLogoutTokenNoNonce");
    is_logged_out(&mut module).await;
}

/// `ValidateFrontchannelLogoutIss`, `CheckIdTokenSidMatchesFrontChannelLogoutRequest`: the page opens the
/// client's in a frame, then goes on.
pub async fn oidcc_frontchannel_rp_initiated_logout(mode: Mode) {
    let lines = format!(
        "frontchannel_logout_uri = '{SUITE}frontchannel_logout'\n\
         frontchannel_logout_session_required = true\n"
    );
    let (mut module, id_token, url, state) = logged_in(mode, &lines).await;
    let Arrival::Page(page) = module.agent.go(&url).await else {
        panic!("no frame can be opened on the way");
    };
    let frames = attributes(&page.body, "<iframe src=\"");
    assert_eq!(frames.len(), 1, "{frames:?}");
    let frame = callback(&frames[0], None);
    assert_eq!(frame.path, format!("{SUITE}frontchannel_logout"));
    assert_eq!(frame.query["iss"], ISSUER);
    assert_eq!(frame.query["sid"], id_token["sid"].as_str().unwrap());
    assert_eq!(frame.query.len(), 2, "CheckForUnexpectedParameters…");
    let onward = attributes(&page.body, "data-onward=\"").remove(0);
    came_out(
        Arrival::Suite(callback(&onward, None)),
        &[("state", &state)],
    );
    is_logged_out(&mut module).await;
}

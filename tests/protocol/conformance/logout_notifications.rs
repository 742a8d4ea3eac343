//! Modules of Back-Channel and Front-Channel Logout: the client is notified of an RP-initiated logout.

use serde_json::{Value, json};

use super::agent::{Destination, ISSUER, SUITE, attributes, callback};
use super::logout::{assert_logged_out, assert_redirected, end_session, post_logout_redirect_uri};
use super::module::{Mode, Module, random};
use crate::support::app::{claims, header};
use crate::support::listener::Listener;

/// A module that has logged in, the claims of its ID token, a logout URL, and the `state` in it.
async fn logged_in(mode: Mode, lines: &str) -> (Module, Value, String, String) {
    let mut module = Module::start_with(mode, lines).await;
    let tokens = module.login(&[]).await;
    let state = random(128);
    let parameters = [
        ("id_token_hint", &*tokens.id_token),
        ("post_logout_redirect_uri", &post_logout_redirect_uri()),
        ("state", &state),
    ];
    (module, tokens.claims, end_session(&parameters), state)
}

/// `ExtractLogoutTokenFromBackchannelLogoutRequest`, `ValidateLogoutTokenClaims` and related checks.
pub async fn oidcc_backchannel_rp_initiated_logout(mode: Mode) {
    let listener = Listener::open().await;
    let lines = listener.registration_line() + "backchannel_logout_session_required = true\n";
    let (mut module, id_token, url, state) = logged_in(mode, &lines).await;
    assert_redirected(module.agent.navigate(&url).await, &[("state", &state)]);
    let notice = listener.next_notice().await;
    assert_eq!(notice.content_type, "application/x-www-form-urlencoded");
    assert_eq!(notice.form.len(), 1, "nothing but the logout_token");
    assert_eq!(header(notice.token())["typ"], "logout+jwt");
    let token = claims(notice.token());
    for claim in ["iss", "aud", "sub", "sid"] {
        assert_eq!(token[claim], id_token[claim], "{claim}");
    }
    assert!(token["iat"].is_i64() && token["jti"].is_string());
    let event = "http://schemas.openid.net/event/backchannel-logout";
    assert_eq!(token["events"], json!({ event: {} }));
    assert_eq!(token.get("nonce"), None, "CheckLogoutTokenNoNonce");
    assert_logged_out(&mut module).await;
}

/// `ValidateFrontchannelLogoutIss`, `CheckIdTokenSidMatchesFrontChannelLogoutRequest`: a page loads the
/// client's logout URL in a frame, then redirects.
pub async fn oidcc_frontchannel_rp_initiated_logout(mode: Mode) {
    let lines = format!(
        "frontchannel_logout_uri = '{SUITE}frontchannel_logout'\n\
         frontchannel_logout_session_required = true\n"
    );
    let (mut module, id_token, url, state) = logged_in(mode, &lines).await;
    let Destination::Page(page) = module.agent.navigate(&url).await else {
        panic!("no frame can be opened on the way");
    };
    let frames = attributes(&page.body, "<iframe src=\"");
    assert_eq!(frames.len(), 1, "{frames:?}");
    let frame = callback(&frames[0], None);
    assert_eq!(frame.path, format!("{SUITE}frontchannel_logout"));
    assert_eq!(frame.query["iss"], ISSUER);
    assert_eq!(frame.query["sid"], id_token["sid"].as_str().unwrap());
    assert_eq!(frame.query.len(), 2, "CheckForUnexpectedParameters…");
    let next_url = attributes(&page.body, "data-continue-url=\"").remove(0);
    assert_redirected(
        Destination::Suite(callback(&next_url, None)),
        &[("state", &state)],
    );
    assert_logged_out(&mut module).await;
}

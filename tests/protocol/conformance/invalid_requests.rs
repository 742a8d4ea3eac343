//! Modules with an invalid authorization request: the error goes to the client or is shown on a page.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::json;

use super::agent::{Destination, SUITE};
use super::module::{Mode, Module, Request};

pub async fn oidcc_response_type_missing(mode: Mode) {
    let mut module = Module::start(mode).await;
    let request = module.request(&[("response_type", "")]);
    assert_eq!(module.expect_error(&request).await, "invalid_request");
}

/// `ExpectRedirectUriErrorPage`: a reviewer must be able to read the reason on the page's screenshot.
async fn expect_redirect_uri_error_page(module: &mut Module, request: &Request) {
    let Destination::Page(page) = module.authorize(request).await else {
        panic!("the browser was sent there");
    };
    assert_eq!(page.status, 400);
    let (_, body) = page.body.split_once("<main>").unwrap();
    assert!(
        body.contains("the redirect_uri is not registered"),
        "{body}"
    );
}

pub async fn oidcc_ensure_registered_redirect_uri(mode: Mode) {
    let mut module = Module::start(mode).await;
    let unregistered = format!("{SUITE}callback/x7Zq");
    let request = module.request(&[("redirect_uri", &unregistered)]);
    expect_redirect_uri_error_page(&mut module, &request).await;
}

/// `SerializeRequestObjectWithNullAlgorithm`.
fn unsigned(request: &Request) -> String {
    let claims: serde_json::Map<_, _> = request
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let part = |value: &serde_json::Value| BASE64.encode(value.to_string());
    format!(
        "{}.{}.",
        part(&json!({"alg": "none"})),
        part(&claims.into())
    )
}

/// The suite ends the module on `request_not_supported`. Outside the request object it sends only what
/// OAuth 2.0 requires: `state`, `nonce` and `response_mode` are in the object alone, and the response is
/// checked against them.
pub async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    mode: Mode,
) {
    let mut module = Module::start(mode).await;
    let full = module.request(&[]);
    let object = unsigned(&full);
    let required = ["client_id", "redirect_uri", "response_type", "scope"];
    let outside = full
        .iter()
        .filter(|(name, _)| required.contains(&name.as_str()));
    let mut request: Request = outside.cloned().collect();
    request.push(("request".to_owned(), object));
    let Destination::Suite(callback) = module.authorize(&request).await else {
        panic!("it ends at a page");
    };
    let response = module.check_response(&full, callback);
    assert_eq!(response["error"], "request_not_supported");
}

/// The request object has the registered `redirect_uri`, the request another: the browser is sent to
/// neither.
pub async fn oidcc_ensure_request_object_with_redirect_uri(mode: Mode) {
    let mut module = Module::start(mode).await;
    let object = unsigned(&module.request(&[]));
    let unregistered = format!("{SUITE}callback/x7Zq");
    let request = module.request(&[("request", &object), ("redirect_uri", &unregistered)]);
    expect_redirect_uri_error_page(&mut module, &request).await;
}

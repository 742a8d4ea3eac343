//! Modules whose request must be refused: to the client, or on a page that says what was wrong with it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::json;

use super::agent::{Arrival, SUITE};
use super::module::{Mode, Module, Request};

pub async fn oidcc_response_type_missing(mode: Mode) {
    let mut module = Module::start(mode).await;
    let request = module.request(&[("response_type", "")]);
    assert_eq!(module.refused(&request).await, "invalid_request");
}

/// `ExpectRedirectUriErrorPage`: whoever looks at the picture of the page must read the reason on it.
async fn names_the_redirect_uri(module: &mut Module, request: &Request) {
    let Arrival::Page(page) = module.authorize(request).await else {
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
    let elsewhere = format!("{SUITE}callback/x7Zq");
    let request = module.request(&[("redirect_uri", &elsewhere)]);
    names_the_redirect_uri(&mut module, &request).await;
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

/// `request_not_supported`, upon which the suite leaves the module. `state` is in the object alone, so
/// that the answer has none.
pub async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    mode: Mode,
) {
    let mut module = Module::start(mode).await;
    let object = unsigned(&module.request(&[]));
    let changes = [("request", &*object), ("state", ""), ("nonce", "")];
    let request = module.request(&changes);
    assert_eq!(module.refused(&request).await, "request_not_supported");
}

/// The object has the right address, the request itself another: neither is gone to.
pub async fn oidcc_ensure_request_object_with_redirect_uri(mode: Mode) {
    let mut module = Module::start(mode).await;
    let object = unsigned(&module.request(&[]));
    let elsewhere = format!("{SUITE}callback/x7Zq");
    let request = module.request(&[("request", &object), ("redirect_uri", &elsewhere)]);
    names_the_redirect_uri(&mut module, &request).await;
}

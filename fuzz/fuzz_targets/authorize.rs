//! The parameters of an authorization request (RFC 6749 §4.1.1, OIDC Core §3.1.2.1).
#![no_main]

use libfuzzer_sys::fuzz_target;
use panda_oidc::oauth::authorize::{Refusal, authorize};
use panda_oidc::oauth::params::Params;
use panda_oidc::oauth::redirect::VerifiedRedirect;
use panda_oidc::oauth::response_mode::AuthorizationResponse;
use panda_oidc_fuzz::{ISSUER, REDIRECT_URIS, clients};

fuzz_target!(|query: &[u8]| {
    let Ok(params) = Params::parse(query) else {
        return;
    };
    match authorize(&params, clients(), ISSUER) {
        Ok(authorization) => {
            let redirect = &authorization.redirect;
            goes_to_registered_uri(redirect, redirect.with_code("code"));
        }
        Err(Refusal::Redirect(redirect, error)) => {
            assert!(error.description.is_ascii(), "RFC 6749 §4.1.2.1: {error}");
            goes_to_registered_uri(&redirect, redirect.with_error(&error));
        }
        Err(Refusal::Page(_)) => {}
    }
});

/// The response goes to a registered redirect URI, and nowhere else.
fn goes_to_registered_uri(redirect: &VerifiedRedirect, response: AuthorizationResponse) {
    let uri = redirect.uri();
    let loopback = uri.starts_with("http://127.0.0.1") && uri.ends_with("/cb");
    assert!(REDIRECT_URIS.contains(&uri) || loopback, "{uri}");
    let (AuthorizationResponse::Redirect(url)
    | AuthorizationResponse::FormPost { action: url, .. }) = response;
    assert!(url.starts_with(uri), "{url}");
    let parsed = url::Url::parse(&url).expect("it is a URL");
    assert_eq!(parsed.host_str(), url::Url::parse(uri).unwrap().host_str());
    assert!(
        url.bytes().all(|byte| byte.is_ascii_graphic()),
        "no header can carry {url}"
    );
}

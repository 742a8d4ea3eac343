//! A client assertion (RFC 7523). The first line of the input is its header, the second its claims,
//! the rest its signature. An input without a line break is the whole assertion.
#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use libfuzzer_sys::fuzz_target;
use panda_oidc::oauth::params::Params;
use panda_oidc_fuzz::proves_nothing;
use url::form_urlencoded::Serializer;

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let parts = (lines.next(), lines.next(), lines.next());
    let assertion = match parts {
        (Some(header), Some(claims), signature) => [header, claims, signature.unwrap_or_default()]
            .map(|part| BASE64.encode(part))
            .join("."),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    let form = Serializer::new(String::new())
        .append_pair("client_assertion", &assertion)
        .append_pair(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        .finish();
    if let Ok(form) = Params::parse(form.as_bytes()) {
        proves_nothing(None, &form);
    }
});

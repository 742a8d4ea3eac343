//! The `Authorization` header of a client (RFC 6749 §2.3.1, RFC 7617). The input is tried both as the
//! whole header and as the credentials of a `Basic` header.
#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use libfuzzer_sys::fuzz_target;
use panda_oidc::oauth::params::Params;
use panda_oidc_fuzz::proves_nothing;

fuzz_target!(|bytes: &[u8]| {
    let form = Params::default();
    let encoded = format!("Basic {}", BASE64_STANDARD.encode(bytes));
    for header in [&*encoded, &*String::from_utf8_lossy(bytes)] {
        proves_nothing(Some(header), &form);
    }
});

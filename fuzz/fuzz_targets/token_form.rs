//! The body of a token request: client authentication and grant (RFC 6749 §3.2, §4).
#![no_main]

use libfuzzer_sys::fuzz_target;
use panda_oidc::oauth::grants;
use panda_oidc::oauth::params::Params;
use panda_oidc_fuzz::{clients, proves_nothing};

fuzz_target!(|body: &[u8]| {
    let Ok(form) = Params::parse(body) else {
        return;
    };
    proves_nothing(None, &form);
    for id in ["basic", "none"] {
        let client = clients().get(id).expect("it is registered");
        if let Err(error) = grants::read(&form, client).map(|_| ()) {
            assert!(!error.description.is_empty());
        }
    }
});

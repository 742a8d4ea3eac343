//! The `claims` parameter (OIDC Core §5.5).
#![no_main]

use libfuzzer_sys::fuzz_target;
use panda_oidc::oauth::claims_request::{AskedClaims, ClaimsRequest};

fuzz_target!(|json: &str| {
    if let Ok(request) = ClaimsRequest::parse(json) {
        assert!(request.acr.is_none() || !request.unmet_acr);
        let kept = request.person.to_string();
        assert!(AskedClaims::parse(&kept) == request.person, "{kept}");
    }
});

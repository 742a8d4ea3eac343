//! The `claims` parameter (OIDC Core §5.5).
#![no_main]

use libfuzzer_sys::fuzz_target;
use panda_oidc::oauth::claims_request::ClaimsRequest;
use panda_oidc::oauth::requested_claims::RequestedClaims;

fuzz_target!(|json: &str| {
    if let Ok(request) = ClaimsRequest::parse(json) {
        assert!(request.acr.is_none() || !request.unmet_acr);
        let stored = request.person.to_string();
        assert!(
            RequestedClaims::parse(&stored) == request.person,
            "{stored}"
        );
    }
});

//! The ticket in a URL that a portal has assembled: what is found, and that no part of the ticket is
//! left in the URL after its removal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use panda_oidc::login::ticket::{find, strip_ticket};

fuzz_target!(|raw: &str| {
    for parameter in ["ticket", "t k"] {
        let found = find(raw, parameter);
        let rest = strip_ticket(raw, parameter);
        assert!(rest.len() <= raw.len());
        let left = find(&rest, parameter).expect("nothing is left to refuse");
        assert!(left.is_empty(), "{rest}");
        if let Ok(readings) = found {
            assert!(readings.len() <= 3);
        }
    }
});

//! An answer of the portal: the first line is its `Content-Type`, the rest its body. Both calls read it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use panda_oidc_panda::fuzzing::{page, user};
use panda_oidc_sdk::{Identity, LoginError, Ticket};

const TICKET: &str = "aB3dE6gH9jK2mN5p";

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let end = end.unwrap_or(bytes.len());
    let (content_type, body) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    match user(content_type, body, &Ticket::new(TICKET.to_owned())) {
        Ok(identity) => is_clean(&identity),
        Err(error) => {
            let reason = reason(&error).to_ascii_lowercase();
            assert!(!reason.contains(&TICKET.to_ascii_lowercase()), "{reason}");
        }
    }
    match page(content_type, body) {
        Ok(page) => page.people.iter().for_each(is_clean),
        Err(error) => drop(reason(&error)),
    }
});

fn is_clean(identity: &Identity) {
    let id = identity.subject.as_str();
    assert!(
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()),
        "{id}"
    );
    assert!(id.bytes().any(|byte| byte != b'0'), "{id} means nobody");
    for text in [&identity.name, &identity.phone].into_iter().flatten() {
        assert!(!text.is_empty(), "an empty text");
        assert_eq!(text, text.trim());
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
}

/// The reason of a refusal. It goes to the log.
fn reason(error: &LoginError) -> String {
    let reason = match error {
        LoginError::Rejected(reason) => reason.clone(),
        error => error.to_string(),
    };
    let in_one_line = !reason.is_empty() && !reason.chars().any(char::is_control);
    assert!(in_one_line, "{reason:?}");
    reason
}

//! The parsing of the portal's answers, for the fuzz target `portal_answer`. `cargo fuzz` alone builds it.
#![expect(
    missing_docs,
    clippy::missing_errors_doc,
    reason = "no documentation has it"
)]

use panda_oidc_sdk::{Identity, LoginError, Page, Ticket};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::answer::{self, Body};
use crate::client::charset;

/// The size limit of the bodies.
const LIMIT: usize = 64 * 1024;

pub fn user(content_type: &[u8], body: &[u8], ticket: &Ticket) -> Result<Identity, LoginError> {
    answer::user(&received(content_type, body), ticket)
}

pub fn page(content_type: &[u8], body: &[u8]) -> Result<Page, LoginError> {
    answer::page(&received(content_type, body))
}

/// What the client makes of a response. A header with bytes that HTTP does not allow never arrives.
fn received(content_type: &[u8], body: &[u8]) -> Body {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    Body {
        bytes: body.to_vec(),
        charset: charset(&headers),
        limit: LIMIT,
    }
}

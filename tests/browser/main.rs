//! Browser tests: a real Chromium visits the pages of the built binary.
//!
//! The tests need the packages chromium, chromium-driver and fonts-noto-cjk. They save screenshots
//! in `target/screenshots` for a person to review.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot continue has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod access_denied;
mod account_switch;
mod app_first;
mod appearance;
mod chromedriver;
mod chromium;
mod demo;
mod error_pages;
mod fragment_ticket;
mod logout;
mod portal_login;

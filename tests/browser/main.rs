//! What a person sees: the built binary, walked by a real Chromium.
//!
//! It needs the packages chromium, chromium-driver and fonts-noto-cjk. Every page that is visited
//! leaves a picture in `target/screenshots`, to be looked at.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod app_first;
mod chromedriver;
mod chromium;
mod closed;
mod demo;
mod logout;
mod looks;
mod rescue;
mod road;
mod switch;
mod trouble;

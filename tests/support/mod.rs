//! What the whole-program tests share: a browser, a running provider and a client application.
//!
//! [`provider`] serves the real router in this process, with a clock that the test controls.
//! [`program`] runs the built binary, which a test can kill and inspect from outside. Both listen on
//! a real socket, so one [`browser`] and one [`app`] work with both.

#![expect(
    dead_code,
    reason = "every suite is its own crate and uses only a part of this module"
)]

pub mod app;
pub mod assertion;
pub mod browser;
pub mod earlier_data;
pub mod faketime;
pub mod listener;
pub mod postgresql;
pub mod process;
pub mod program;
pub mod provider;
pub mod publisher;
pub mod replicas;

use std::time::{Duration, Instant};

/// A portal user that every simulator has.
pub const CHEN_TAO: u64 = 1;
/// Another portal user that every simulator has.
pub const HEI_LONG_JIANG: u64 = 2;

/// Waits until `holds` returns true. Panics with `what` after a minute.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds().await {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

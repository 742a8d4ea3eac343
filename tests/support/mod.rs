//! What the whole-program tests share: a browser, a house to visit and an app that logs people in.
//!
//! [`house`] serves the real router in this process, with a clock the test holds; [`program`] runs
//! the built binary, to be killed and looked at from outside. Both answer on a real socket, so one
//! [`browser`] and one [`app`] serve for both.

#![expect(
    dead_code,
    reason = "every suite is a crate of its own and uses its share"
)]

pub mod app;
pub mod assertion;
pub mod browser;
pub mod house;
pub mod listener;
pub mod program;
pub mod publisher;

use std::time::{Duration, Instant};

/// The portal's user every simulator knows.
pub const CHEN_TAO: u64 = 1;
/// Another one.
pub const HEI_LONG_JIANG: u64 = 2;

/// Waits until `holds`.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let patience = Instant::now() + Duration::from_mins(1);
    while !holds().await {
        assert!(Instant::now() < patience, "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

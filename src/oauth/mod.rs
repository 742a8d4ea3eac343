//! The protocol: pure functions and newtypes. No axum, no await, no clock, no randomness.

pub mod grant;
pub mod pkce;
pub mod scope;

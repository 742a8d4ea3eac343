//! Extractors: the parts of a request that handlers receive.

pub(crate) mod admin_token;
pub(crate) mod authorization;
pub(crate) mod bearer_token;
pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod client_ip;
pub(crate) mod cookies;
pub(crate) mod form;
mod navigation;
pub(crate) mod pending_requests;
pub(crate) mod recent_launch;

//! Middleware: changes requests before they reach a handler, and responses on their way back.

pub(crate) mod bounds;
pub(crate) mod cors;
pub(crate) mod errors;
mod log_line;
pub(crate) mod menu_url;
pub(crate) mod planted_cookies;

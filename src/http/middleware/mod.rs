//! What every request passes on its way to a handler, and every answer on its way back.

pub(crate) mod cors;
pub(crate) mod errors;
pub(crate) mod menu_url;

//! What goes on beside requests, until the process stops.

pub mod directory_sync;
pub mod groups_file;
pub mod logout_delivery;
pub mod sweep;

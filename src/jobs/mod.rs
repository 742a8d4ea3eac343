//! Background jobs, which run until the process stops.

pub mod directory_sync;
pub mod groups_file;
pub mod key_rotation;
pub mod logout_delivery;
pub mod sweep;

//! Whose browser this is: launch, session, leaving. As pure as [`crate::oauth`].

pub mod launch;
pub mod leaving;
pub mod parked;
pub mod provenance;
pub mod rounds;
pub mod switch;
pub mod target;
pub mod ticket;

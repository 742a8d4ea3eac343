//! Whose browser this is: launch, session, leaving. As pure as [`crate::oauth`].

pub mod session;

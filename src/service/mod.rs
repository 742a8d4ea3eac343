//! Use cases: one a file, from what a caller brought to what it is answered, without HTTP.

pub mod backchannel_logout;

//! The tokens of the admin API, and their scopes.

mod scope;
mod token;

pub use self::scope::{Scope, UnknownScope};
pub use self::token::{InvalidTokenName, Token, TokenName, TokenSecret, hash_of};

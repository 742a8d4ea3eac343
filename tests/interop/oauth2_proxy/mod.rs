//! An application behind oauth2-proxy.

mod login;
mod logout;
mod stage;

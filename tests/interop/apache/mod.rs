//! An application behind Apache with `mod_auth_openidc`.

mod login;
mod logout;
mod stage;

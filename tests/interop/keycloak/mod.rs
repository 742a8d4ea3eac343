//! Keycloak as an identity broker: applications use Keycloak, and Keycloak sends users to the provider.
//!
//! One Keycloak serves all tests. Each test has its own realm, portal and provider.

mod account_linking;
mod admin;
mod admin_linking;
mod app;
mod cli;
mod leaver;
mod login;
mod logout;
mod prompt;
mod server;
mod stage;
mod user_switch;

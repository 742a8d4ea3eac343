//! Keycloak as an identity broker: applications use Keycloak, and Keycloak sends users to the provider.
//!
//! One Keycloak serves all tests. Each test has its own realm, portal and provider.

mod admin;
mod app;
mod account_linking;
mod admin_linking;
mod leaver;
mod login;
mod logout;
mod cli;
mod server;
mod prompt;
mod stage;
mod user_switch;

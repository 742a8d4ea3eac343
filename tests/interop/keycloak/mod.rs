//! Keycloak as an identity broker: applications use Keycloak, and Keycloak sends users to the provider.
//!
//! One Keycloak serves all tests. Each test has its own realm, portal and provider.

mod admin;
mod app;
mod joined;
mod joining;
mod leaver;
mod login;
mod logout;
mod operator;
mod server;
mod silence;
mod stage;
mod switch;

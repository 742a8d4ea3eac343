//! Keycloak as an identity broker: applications know Keycloak, and Keycloak sends people here.
//!
//! One Keycloak serves all tests; each has a realm, a portal and a provider of its own.

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

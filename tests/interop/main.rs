//! Interoperability tests: real OpenID Connect clients, unmodified, log users in at the built program.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot continue has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod apache;
mod echo;
mod go_oidc;
mod grafana;
mod keycloak;
mod oauth2_proxy;
mod openid_client;
mod process;
mod recipe;
mod script;
mod tools;
mod upgrade;
mod verifiers;

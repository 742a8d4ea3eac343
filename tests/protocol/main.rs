//! How the provider responds to clients and browsers: one file per endpoint or specification.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot continue has failed"
)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/guides.rs"]
mod guide_texts;

mod account_switch;
mod algorithms;
mod authentication;
mod authorization_header;
mod authorize;
mod backchannel_logout;
mod claims;
mod clean_url;
mod client_authentication;
mod client_credentials;
mod conformance;
mod cors;
mod demo;
mod demo_menu;
mod discovery;
mod ended_sessions;
mod guide_examples;
mod id_token;
mod introspection;
mod jwks;
mod key_rotation;
mod kit;
mod launch;
mod launch_link;
mod login_flow;
mod logout;
mod odd_requests;
mod openidconnect;
mod pages;
mod pending_request;
mod refresh;
mod request_parameters;
mod resource;
mod response_mode;
mod revocation;
mod rfc7636;
mod rfc9068;
mod scim;
mod session;
mod sign_in_survives_errors;
mod token;
mod token_exchange;
mod upgrade;
mod userinfo;

//! The protocol: pure functions and newtypes. No axum, no await, no clock, no randomness.

pub mod acr;
pub mod authorize;
pub mod claim_mapping;
pub mod claims;
pub mod claims_request;
pub mod client;
pub mod client_auth;
pub mod discovery;
pub mod error;
pub mod grant;
pub mod grant_type;
pub mod grants;
pub mod id_token_hint;
pub mod initiate_login;
pub mod introspection;
pub mod issuer;
pub mod logout;
pub mod params;
pub mod phone;
pub mod pkce;
pub mod reauthentication;
pub mod redirect;
pub mod resource;
pub mod response_mode;
pub mod scope;
pub mod user_claims;

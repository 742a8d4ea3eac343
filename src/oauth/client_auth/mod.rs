//! Client authentication (RFC 6749 §2.3, RFC 7521 §4.2, OIDC Core §9): one file per method.
//!
//! The function `authenticate` of each file checks the credential. Nothing here fetches keys or remembers
//! used assertions: a [`ClientProof`] says which of these the caller still has to do.

mod assertion;
mod basic;
mod claims;
pub mod method;
mod none;
mod post;
mod proof;

#[cfg(test)]
mod tests;

pub use self::proof::{
    AwaitsKeys, ClientCredentials, ClientProof, UnspentAssertion, assertion_replayed,
    authentication_failed,
};
use super::error::OAuthError;
use crate::oauth::clients::Clients;

/// The parameters of the methods, none of which may be repeated.
const PARAMETERS: [&str; 4] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

enum Credential<'a> {
    Basic(&'a str),
    Post(&'a str),
    Assertion(&'a str),
    Nothing,
}

/// Authenticates the client that sent the request. A failure changes nothing: a client library that
/// tries one method after another does not lose its authorization code.
///
/// # Errors
///
/// `invalid_client` when authentication fails, with the same description whether or not the client
/// exists (N46, docs/security.md); `invalid_request` when two methods are used at once (RFC 6749
/// §2.3).
pub fn authenticate<'a>(
    request: &ClientCredentials<'a>,
    clients: &Clients,
) -> Result<ClientProof<'a>, OAuthError> {
    if let Some(name) = PARAMETERS.iter().find(|name| request.form.repeats(name)) {
        return Err(OAuthError::invalid_request(format!(
            "the parameter {name} is given more than once"
        )));
    }
    match credential(request)? {
        Credential::Basic(header) => basic::authenticate(header, request, clients),
        Credential::Post(secret) => post::authenticate(secret, request, clients),
        Credential::Assertion(jwt) => assertion::authenticate(jwt, request, clients),
        Credential::Nothing => none::authenticate(request, clients),
    }
}

fn credential<'a>(request: &ClientCredentials<'a>) -> Result<Credential<'a>, OAuthError> {
    let credentials = [
        request.header.map(Credential::Basic),
        request.form.get("client_secret").map(Credential::Post),
        assertion::offered(request.form)?.map(Credential::Assertion),
    ];
    let mut credentials = credentials.into_iter().flatten();
    match (credentials.next(), credentials.next()) {
        (_, Some(_)) => Err(OAuthError::invalid_request(
            "the client authenticates by more than one method; use one of them",
        )),
        (credential, None) => Ok(credential.unwrap_or(Credential::Nothing)),
    }
}

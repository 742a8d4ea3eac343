//! Client authentication (RFC 6749 §2.3, RFC 7521 §4.2, OIDC Core §9): one file a method.
//!
//! A file has a function `prove`, which says what the offered proof is worth. Nothing here fetches
//! keys or remembers what was used: an [`ClientProof`] says that it still has to be done.

mod assertion;
mod basic;
mod claims;
mod none;
mod post;
mod proof;

#[cfg(test)]
mod tests;

pub use self::proof::{AwaitsKeys, ClientProof, Request, UnspentAssertion, failed, used};
use super::client::Clients;
use super::error::OAuthError;

/// The parameters of these methods, and the one that all share.
const PARAMETERS: [&str; 4] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

enum Offer<'a> {
    Basic(&'a str),
    Post(&'a str),
    Assertion(&'a str),
    Nothing,
}

/// Finds out which client is asking, and what it proves. Nothing is changed by a failure: a client
/// library that tries one method after the other keeps its code.
///
/// # Errors
///
/// `invalid_client` when the proof fails, in the same words whether or not the client exists (N46);
/// `invalid_request` when two methods are used at once (RFC 6749 §2.3).
pub fn authenticate<'a>(
    request: &Request<'a>,
    clients: &Clients,
) -> Result<ClientProof<'a>, OAuthError> {
    if let Some(name) = PARAMETERS.iter().find(|name| request.form.repeats(name)) {
        return Err(OAuthError::invalid_request(format!(
            "the parameter {name} is given more than once"
        )));
    }
    match offer(request)? {
        Offer::Basic(header) => basic::prove(header, request, clients),
        Offer::Post(secret) => post::prove(secret, request, clients),
        Offer::Assertion(jwt) => assertion::prove(jwt, request, clients),
        Offer::Nothing => none::prove(request, clients),
    }
}

fn offer<'a>(request: &Request<'a>) -> Result<Offer<'a>, OAuthError> {
    let offers = [
        request.header.map(Offer::Basic),
        request.form.get("client_secret").map(Offer::Post),
        assertion::offered(request.form)?.map(Offer::Assertion),
    ];
    let mut offers = offers.into_iter().flatten();
    match (offers.next(), offers.next()) {
        (_, Some(_)) => Err(OAuthError::invalid_request(
            "the client authenticates by more than one method; use one of them",
        )),
        (offer, None) => Ok(offer.unwrap_or(Offer::Nothing)),
    }
}

//! Client authentication (RFC 6749 §2.3, RFC 7521 §4.2, OIDC Core §9): one file a method.
//!
//! A file has a function `prove`, which says what the offered proof is worth. Nothing here fetches
//! keys or remembers what was used: an [`Outcome`] says that it still has to be done.

mod assertion;
mod basic;
mod claims;
mod none;
mod post;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use self::assertion::{Once, Pending};
use super::client::{Authentication, Client, Clients, secret_matches};
use super::error::{ErrorCode, OAuthError};
use super::params::Params;
use crate::crypto::handle::Digest;

/// What a client sends to prove itself.
pub struct Request<'a> {
    /// The value of the `Authorization` header.
    pub header: Option<&'a str>,
    /// The body.
    pub form: &'a Params,
    /// What an assertion may be meant for: the issuer, and addresses of ours.
    pub audience: &'a [String],
    /// The time.
    pub now: DateTime<Utc>,
}

/// What a request proves.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// The client is the one it says it is.
    Proven(Arc<Client>),
    /// So it is, if nobody has used its assertion before: spend it first.
    Once(Once),
    /// The client is known; its keys have to be fetched to verify its assertion.
    Pending(Pending<'a>),
}

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
) -> Result<Outcome<'a>, OAuthError> {
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

/// What a client hears whose proof fails, whatever the reason.
#[must_use]
pub fn failed() -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidClient,
        "the client is unknown, or did not prove itself by a method registered for it",
    )
}

/// What a client hears whose assertion was used before (N41).
#[must_use]
pub fn used() -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidClient,
        "the client_assertion was used before; sign a new one, with a new jti, for each request",
    )
}

/// The secret of `client` if it may be sent by the method that `accepts` looks for. Else another
/// that nobody has: a client that does not exist costs the same work as one that does (N46).
fn secret(client: Option<&Arc<Client>>, accepts: fn(basic: bool, post: bool) -> bool) -> Secret {
    match client.map(|client| &client.authentication) {
        Some(Authentication::Secret {
            digest,
            basic,
            post,
        }) => Secret {
            digest: *digest,
            counts: accepts(*basic, *post),
        },
        _ => Secret {
            digest: Digest::of(b""),
            counts: false,
        },
    }
}

struct Secret {
    digest: Digest,
    counts: bool,
}

impl Secret {
    fn is(&self, offered: &str) -> bool {
        secret_matches(&self.digest, offered) & self.counts
    }
}

fn proven<'a>(client: Option<&Arc<Client>>, accepted: bool) -> Result<Outcome<'a>, OAuthError> {
    let client = client.filter(|_| accepted).ok_or_else(failed)?;
    Ok(Outcome::Proven(Arc::clone(client)))
}

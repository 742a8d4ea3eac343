//! What a client brings to prove itself, and what that proves.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use url::Url;

use crate::crypto::identifiers::{ReplayKey, SecretHash};
use crate::keys::jws::Unverified;
use crate::keys::verifiers::PublicKeys;
use crate::oauth::client::{Authentication, Client, secret_matches};
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::params::Params;

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
pub enum ClientProof<'a> {
    /// The client is the one it says it is.
    Proven(Arc<Client>),
    /// So it is, if nobody has used its assertion before: spend it first.
    Unspent(UnspentAssertion),
    /// The client is known; its keys have to be fetched to verify its assertion.
    AwaitsKeys(AwaitsKeys<'a>),
}

/// A client that has proven itself with an assertion, unless the assertion was used before: of all
/// who bring it, one may go on (N41).
#[derive(Debug)]
pub struct UnspentAssertion {
    /// The client.
    pub client: Arc<Client>,
    /// What the assertion is remembered by.
    pub name: ReplayKey,
    /// Until when: no longer than it could be used.
    pub until: DateTime<Utc>,
}

/// An assertion that is in order but for its signature, of a client whose keys are elsewhere.
#[derive(Debug)]
pub struct AwaitsKeys<'a> {
    pub(super) jws: Unverified<'a>,
    pub(super) once: UnspentAssertion,
    /// Where the client's keys are.
    pub jwks_uri: Url,
}

impl AwaitsKeys<'_> {
    /// What the assertion proves if one of `keys` has signed it.
    #[must_use]
    pub fn verify(&self, keys: &PublicKeys) -> Option<UnspentAssertion> {
        keys.verify(&self.jws).then(|| UnspentAssertion {
            client: Arc::clone(&self.once.client),
            ..self.once
        })
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
pub(super) fn secret(
    client: Option<&Arc<Client>>,
    accepts: fn(basic: bool, post: bool) -> bool,
) -> Secret {
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
            digest: SecretHash::of(b""),
            counts: false,
        },
    }
}

/// A secret to compare with.
pub(super) struct Secret {
    digest: SecretHash,
    counts: bool,
}

impl Secret {
    /// Whether it is the one that is offered.
    pub(super) fn is(&self, offered: &str) -> bool {
        secret_matches(&self.digest, offered) & self.counts
    }
}

/// Accepts `client`, or says that it failed.
pub(super) fn proven<'a>(
    client: Option<&Arc<Client>>,
    accepted: bool,
) -> Result<ClientProof<'a>, OAuthError> {
    let client = client.filter(|_| accepted).ok_or_else(failed)?;
    Ok(ClientProof::Proven(Arc::clone(client)))
}

//! The input and the results of client authentication.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq as _;
use url::Url;

use super::method::Authentication;
use crate::crypto::identifiers::{ReplayKey, SecretHash};
use crate::keys::jws::UnverifiedJws;
use crate::keys::public_keys::PublicKeys;
use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::params::Params;

/// The parts of a request that can authenticate a client.
pub struct ClientCredentials<'a> {
    /// The value of the `Authorization` header with the scheme `Basic`.
    pub header: Option<&'a str>,
    /// The body.
    pub form: &'a Params,
    /// The values that `aud` of an assertion may have: the issuer, and URLs of this provider.
    pub audience: &'a [String],
    /// The current time.
    pub now: DateTime<Utc>,
}

/// The result of client authentication.
#[derive(Debug)]
pub enum ClientProof<'a> {
    /// The client is authenticated.
    Authenticated(Arc<Client>),
    /// The client is authenticated unless its assertion was used before. Mark the assertion as used
    /// first.
    Unspent(UnspentAssertion),
    /// The client's keys must be fetched to verify its assertion.
    AwaitsKeys(AwaitsKeys<'a>),
}

/// An authenticated client, unless its assertion was used before: of all requests with the same
/// assertion, only one is accepted (replay; N41, docs/security.md).
#[derive(Debug)]
pub struct UnspentAssertion {
    /// The client.
    pub client: Arc<Client>,
    /// The key under which the assertion is remembered.
    pub replay_key: ReplayKey,
    /// How long the assertion is remembered: until it can no longer be used.
    pub expires_at: DateTime<Utc>,
}

/// An assertion that is valid except that its signature is not verified yet: the client's keys are
/// at its `jwks_uri`.
#[derive(Debug)]
pub struct AwaitsKeys<'a> {
    pub(super) jws: UnverifiedJws<'a>,
    pub(super) once: UnspentAssertion,
    /// The URL of the client's keys.
    pub jwks_uri: Url,
}

impl AwaitsKeys<'_> {
    /// Returns the authenticated client if one of `keys` has signed the assertion.
    #[must_use]
    pub fn verify(&self, keys: &PublicKeys) -> Option<UnspentAssertion> {
        keys.verify(&self.jws).then(|| UnspentAssertion {
            client: Arc::clone(&self.once.client),
            ..self.once
        })
    }
}

/// The error for a failed client authentication, whatever the reason.
#[must_use]
pub fn authentication_failed() -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidClient,
        "the client is unknown, or did not prove itself by a method registered for it",
    )
}

/// The error for an assertion that was used before (N41).
#[must_use]
pub fn assertion_replayed() -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidClient,
        "the client_assertion was used before; sign a new one, with a new jti, for each request",
    )
}

/// The secret of `client`, if the client may use the method that `accepts` selects. Otherwise a
/// dummy that never matches: a request for an unknown client takes as long as any other, so that
/// response times do not reveal which clients exist (N46).
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
            can_match: accepts(*basic, *post),
        },
        _ => Secret {
            digest: SecretHash::of(b""),
            can_match: false,
        },
    }
}

/// A registered secret, or a dummy, to compare with.
pub(super) struct Secret {
    digest: SecretHash,
    can_match: bool,
}

impl Secret {
    /// Whether `offered` is this secret. The comparison takes constant time, so that response times
    /// reveal nothing about the secret (N46, docs/security.md).
    pub(super) fn matches(&self, offered: &str) -> bool {
        let offered = SecretHash::of(offered.as_bytes());
        let is_equal: bool = self.digest.as_bytes().ct_eq(offered.as_bytes()).into();
        is_equal & self.can_match
    }
}

/// The result for `client`: authenticated if `accepted`, else the error.
pub(super) fn authenticated<'a>(
    client: Option<&Arc<Client>>,
    accepted: bool,
) -> Result<ClientProof<'a>, OAuthError> {
    let client = client
        .filter(|_| accepted)
        .ok_or_else(authentication_failed)?;
    Ok(ClientProof::Authenticated(Arc::clone(client)))
}

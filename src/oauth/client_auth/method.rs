//! How a client is registered to authenticate, and the keys for it.

use url::Url;

use crate::crypto::identifiers::SecretHash;
use crate::keys::jws::JwsAlg;
use crate::keys::public_keys::PublicKeys;
use crate::keys::shared_key::SharedKey;

/// How a client authenticates at the token endpoint (OIDC Core §9).
#[derive(Debug, Clone)]
pub enum Authentication {
    /// Not at all: a public client (`none`).
    None,
    /// With a secret.
    Secret {
        /// The hash of the secret.
        digest: SecretHash,
        /// `client_secret_basic` is accepted.
        basic: bool,
        /// `client_secret_post` is accepted.
        post: bool,
    },
    /// With an assertion that is signed with its secret (`client_secret_jwt`).
    SecretJwt {
        /// The secret.
        key: SharedKey,
        /// `token_endpoint_auth_signing_alg`. If unset, any algorithm that the secret is long
        /// enough for.
        alg: Option<JwsAlg>,
    },
    /// With an assertion that is signed with its private key (`private_key_jwt`).
    PrivateKeyJwt {
        /// Its public keys.
        keys: ClientKeys,
        /// `token_endpoint_auth_signing_alg`. If unset, any algorithm that fits one of its keys.
        alg: Option<JwsAlg>,
    },
}

/// Where a client's public keys are.
#[derive(Debug, Clone)]
pub enum ClientKeys {
    /// In its registration: `jwks`.
    Inline(PublicKeys),
    /// At a URL: `jwks_uri`.
    Remote(Url),
}

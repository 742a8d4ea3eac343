//! `client_secret_jwt` and `private_key_jwt`: a JWT that the client signs (RFC 7523 §2.2, OIDC Core
//! §9).

use std::sync::Arc;

use super::claims::{self, Claims};
use super::proof::{
    AwaitsKeys, ClientCredentials, ClientProof, UnspentAssertion, authentication_failed,
};
use crate::crypto::identifiers::ReplayKey;
use crate::keys::decoys::dummy_verify;
use crate::keys::jws::{JwsAlg, UnverifiedJws};
use crate::oauth::client::Client;
use crate::oauth::client_auth::method::{Authentication, ClientKeys};
use crate::oauth::clients::Clients;
use crate::oauth::error::OAuthError;
use crate::oauth::params::Params;

/// RFC 7523 §2.2.
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The assertion in `form`, if there is one (RFC 7521 §4.2).
///
/// # Errors
///
/// `invalid_request` when only one of the two parameters is given, `invalid_client` for another
/// type.
pub(super) fn offered(form: &Params) -> Result<Option<&str>, OAuthError> {
    match (
        form.get("client_assertion"),
        form.get("client_assertion_type"),
    ) {
        (None, None) => Ok(None),
        (Some(jwt), Some(TYPE)) => Ok(Some(jwt)),
        (Some(_), Some(_)) => Err(OAuthError::invalid_client(
            "the only client_assertion_type here is \
             urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )),
        (Some(_), None) => Err(OAuthError::invalid_request(
            "client_assertion_type is missing",
        )),
        (None, Some(_)) => Err(OAuthError::invalid_request("client_assertion is missing")),
    }
}

pub(super) fn authenticate<'a>(
    jwt: &'a str,
    request: &ClientCredentials<'a>,
    clients: &Clients,
) -> Result<ClientProof<'a>, OAuthError> {
    let jws = UnverifiedJws::read(jwt).map_err(|_| {
        OAuthError::invalid_client(
            "the client_assertion is no JWT signed with an algorithm that is supported",
        )
    })?;
    if !is_assertion_type(jws.typ.as_deref()) {
        return Err(OAuthError::invalid_client(
            "the client_assertion says it is another kind of token",
        ));
    }
    // Errors about the claims can be specific: they reveal nothing about the client.
    let claims = claims::check(&jws.payload, request)?;
    let client = clients
        .get(&claims.client_id)
        .ok_or_else(|| failed_after_dummy_verification(&jws))?;
    let is_allowed = |pinned: &Option<JwsAlg>| pinned.is_none_or(|alg| alg == jws.alg);
    let verified = match &client.authentication {
        Authentication::SecretJwt { key, alg } if is_allowed(alg) && key.fits(jws.alg) => {
            key.verify(&jws)
        }
        Authentication::PrivateKeyJwt { keys, alg }
            if is_allowed(alg) && !jws.alg.is_symmetric() =>
        {
            match keys {
                ClientKeys::Inline(keys) => keys.verify(&jws),
                ClientKeys::Remote(jwks_uri) => {
                    return Ok(ClientProof::AwaitsKeys(AwaitsKeys {
                        once: unspent(client, &claims),
                        jwks_uri: jwks_uri.clone(),
                        jws,
                    }));
                }
            }
        }
        _ => return Err(failed_after_dummy_verification(&jws)),
    };
    if verified {
        Ok(ClientProof::Unspent(unspent(client, &claims)))
    } else {
        Err(authentication_failed())
    }
}

/// Whether `typ` is that of a client assertion. A token of another kind that is signed with the
/// same key is refused (RFC 8725 §3.11).
fn is_assertion_type(typ: Option<&str>) -> bool {
    let Some(typ) = typ.map(str::to_ascii_lowercase) else {
        return true;
    };
    // RFC 7515 §4.1.9
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    matches!(typ, "jwt" | "client-authentication+jwt")
}

/// The error for an assertion that cannot be verified. A dummy verification takes as long as a real
/// one, so that response times do not reveal which clients exist (N46, docs/security.md).
fn failed_after_dummy_verification(jws: &UnverifiedJws<'_>) -> OAuthError {
    dummy_verify(jws);
    authentication_failed()
}

fn unspent(client: &Arc<Client>, claims: &Claims) -> UnspentAssertion {
    // A client_id never contains a NUL, so the parts cannot be confused.
    let name = format!("client_assertion\0{}\0{}", claims.client_id, claims.jti);
    UnspentAssertion {
        client: Arc::clone(client),
        replay_key: ReplayKey::of(name.as_bytes()),
        expires_at: claims.until,
    }
}

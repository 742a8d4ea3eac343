//! How a client authenticates: with a secret, from one of four places, or with its keys.

use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::check::Check;
use super::section::{AuthMethod, ClientSection};
use crate::config::homes;
use crate::config::secret::{self, MAKE_ONE, Place, Secret};
use crate::keys::jws::JwsAlg;
use crate::keys::public_keys::PublicKeys;
use crate::keys::shared_key::SharedKey;
use crate::oauth::client_auth::method::{Authentication, ClientKeys};

impl Check<'_, '_> {
    pub(super) fn authentication(&mut self, section: &ClientSection) -> Option<Authentication> {
        let method = section.token_endpoint_auth_method;
        let secret = self.one_of(
            "client_secret",
            &[
                ("client_secret", section.client_secret.is_some()),
                ("client_secret_file", section.client_secret_file.is_some()),
                ("client_secret_env", section.client_secret_env.is_some()),
                (
                    "client_secret_sha256",
                    section.client_secret_sha256.is_some(),
                ),
            ],
        )?;
        let keys = self.one_of(
            "jwks",
            &[
                ("jwks", section.jwks.is_some()),
                ("jwks_uri", section.jwks_uri.is_some()),
            ],
        )?;
        self.signing_alg(section);
        if method != Some(AuthMethod::PrivateKeyJwt)
            && let Some(key) = keys
        {
            self.fail(
                key,
                "the client does not prove itself with keys",
                "say token_endpoint_auth_method = \"private_key_jwt\", or take it out",
            );
        }
        let secretless = matches!(method, Some(AuthMethod::None | AuthMethod::PrivateKeyJwt));
        match (method, secret) {
            (Some(AuthMethod::None), None) => Some(Authentication::None),
            (Some(AuthMethod::PrivateKeyJwt), None) => self.private_key_jwt(section, keys),
            (Some(_), Some(key)) if secretless => {
                self.fail(
                    key,
                    "the client has a secret and a token_endpoint_auth_method that uses none",
                    "take one of the two out",
                );
                None
            }
            (_, None) => {
                self.fail(
                    "client_secret",
                    "it is missing",
                    "add client_secret, client_secret_file, client_secret_env or \
                     client_secret_sha256; a client that cannot keep a secret says \
                     token_endpoint_auth_method = \"none\"",
                );
                None
            }
            (Some(AuthMethod::ClientSecretJwt), Some(key)) => self.secret_jwt(section, key),
            (method, Some(key)) => {
                let digest = self.secret(section, key)?.digest();
                Some(Authentication::Secret {
                    digest,
                    basic: method != Some(AuthMethod::ClientSecretPost),
                    post: method != Some(AuthMethod::ClientSecretBasic),
                })
            }
        }
    }

    /// The configuration key of `keys` that is set, if any is. The outer `None` means that more than one
    /// is set, which is reported at `reported_key`.
    #[expect(
        clippy::option_option,
        reason = "too many, one and none are three different results"
    )]
    fn one_of(
        &mut self,
        reported_key: &str,
        keys: &[(&'static str, bool)],
    ) -> Option<Option<&'static str>> {
        let mut present = keys
            .iter()
            .filter(|(_, is_set)| *is_set)
            .map(|(key, _)| *key);
        let first = present.next();
        if let (Some(first), Some(second)) = (first, present.next()) {
            self.fail(
                reported_key,
                format!("{first} and {second} are both there"),
                "take one of the two out",
            );
            return None;
        }
        Some(first)
    }

    fn signing_alg(&mut self, section: &ClientSection) {
        let Some(alg) = section.token_endpoint_auth_signing_alg else {
            return;
        };
        let symmetric = alg.is_symmetric();
        let remedy = match section.token_endpoint_auth_method {
            Some(AuthMethod::ClientSecretJwt) if symmetric => return,
            Some(AuthMethod::PrivateKeyJwt) if !symmetric => return,
            Some(AuthMethod::ClientSecretJwt) => "write HS256, HS384 or HS512",
            Some(AuthMethod::PrivateKeyJwt) => "write RS256, PS256, ES256 or EdDSA",
            _ => {
                "it is for client_secret_jwt and private_key_jwt; say so in \
                 token_endpoint_auth_method, or take it out"
            }
        };
        self.fail(
            "token_endpoint_auth_signing_alg",
            format!("{} is not used by this method", alg.as_str()),
            remedy,
        );
    }

    fn secret_jwt(&mut self, section: &ClientSection, key: &'static str) -> Option<Authentication> {
        let Secret::Plain(secret) = self.secret(section, key)? else {
            self.fail(
                key,
                "a signature of client_secret_jwt cannot be verified with the hash of its secret",
                "use client_secret_file or client_secret_env, or another method",
            );
            return None;
        };
        let shared = SharedKey::new(secret.expose_secret().as_bytes());
        let alg = section.token_endpoint_auth_signing_alg;
        let least = alg.unwrap_or(JwsAlg::HS256);
        if !shared.fits(least)
            && let Some(bytes) = least.shared_key_bytes()
        {
            self.fail(
                key,
                format!(
                    "it is shorter than {bytes} characters, which {} needs",
                    least.as_str()
                ),
                MAKE_ONE,
            );
        }
        Some(Authentication::SecretJwt { key: shared, alg })
    }

    fn private_key_jwt(
        &mut self,
        section: &ClientSection,
        key: Option<&'static str>,
    ) -> Option<Authentication> {
        let keys = match key {
            Some("jwks") => ClientKeys::Inline(self.jwks(section.jwks.as_ref()?)?),
            Some(_) => ClientKeys::Remote(self.url("jwks_uri", section.jwks_uri.as_deref())?),
            None => {
                self.fail(
                    "jwks",
                    "the client has no keys to prove itself with",
                    "add jwks with its public keys, or jwks_uri with the address of them",
                );
                return None;
            }
        };
        Some(Authentication::PrivateKeyJwt {
            keys,
            alg: section.token_endpoint_auth_signing_alg,
        })
    }

    /// Reads `jwks`: a table, or the JSON document as text.
    fn jwks(&mut self, written: &Value) -> Option<PublicKeys> {
        let set = match written {
            Value::String(json) => serde_json::from_str(json).unwrap_or_default(),
            table => table.clone(),
        };
        let entries = set["keys"].as_array().into_iter().flatten();
        let names = [&set]
            .into_iter()
            .chain(entries)
            .filter_map(Value::as_object);
        let mut names = names.flat_map(|table| table.keys());
        if let Some((name, place)) = names.find_map(|name| Some((name, homes::swallowed(name)?))) {
            self.fail(
                "jwks",
                format!("`{name}` is a key of {place}, but written below [clients.jwks]"),
                "move it there",
            );
        }
        match PublicKeys::strict(&set) {
            Ok(keys) => Some(keys),
            Err(error) => {
                self.fail(
                    "jwks",
                    error.to_string(),
                    "write the client's public keys, as { keys = [{ kty = \"EC\", … }] } or as JSON text",
                );
                None
            }
        }
    }

    fn secret(&mut self, section: &ClientSection, key: &'static str) -> Option<Secret> {
        let place = match key {
            "client_secret_sha256" => Place::Sha256(section.client_secret_sha256.as_ref()?),
            "client_secret_file" => Place::File(section.client_secret_file.as_ref()?.as_path()),
            "client_secret_env" => Place::Env(section.client_secret_env.as_ref()?),
            _ => Place::Here(section.client_secret.as_ref()?),
        };
        secret::read(place, 16, |problem, remedy| self.fail(key, problem, remedy))
    }
}

//! How a client proves itself: its secret, from one of four places, or its keys.

use std::{env, fs};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{AuthMethod, Check, ClientSection};
use crate::handle::Digest;
use crate::keys::jws::JwsAlg;
use crate::keys::verifiers::{PublicKeys, SharedKey};
use crate::oauth::client::{Authentication, ClientKeys};

const MAKE_ONE: &str = "make one with: openssl rand -hex 32";

/// A secret as it is written, or what is left of one that was hashed.
enum Secret {
    Plain(SecretString),
    Hashed(Digest),
}

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
                let digest = match self.secret(section, key)? {
                    Secret::Plain(secret) => Digest::of(secret.expose_secret().as_bytes()),
                    Secret::Hashed(digest) => digest,
                };
                Some(Authentication::Secret {
                    digest,
                    basic: method != Some(AuthMethod::ClientSecretPost),
                    post: method != Some(AuthMethod::ClientSecretBasic),
                })
            }
        }
    }

    /// The one key of `keys` that is there, if any is; the outer `None` when there are more.
    #[expect(
        clippy::option_option,
        reason = "too many, one and none are three answers"
    )]
    fn one_of(
        &mut self,
        blamed: &str,
        keys: &[(&'static str, bool)],
    ) -> Option<Option<&'static str>> {
        let mut there = keys.iter().filter(|(_, there)| *there).map(|(key, _)| *key);
        let first = there.next();
        if let (Some(first), Some(second)) = (first, there.next()) {
            self.fail(
                blamed,
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
        let shared = alg.is_symmetric();
        let remedy = match section.token_endpoint_auth_method {
            Some(AuthMethod::ClientSecretJwt) if shared => return,
            Some(AuthMethod::PrivateKeyJwt) if !shared => return,
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
            Some("jwks") => ClientKeys::Here(self.jwks(section.jwks.as_ref()?)?),
            Some(_) => ClientKeys::At(self.url("jwks_uri", section.jwks_uri.as_deref())?),
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

    /// A table, or the document as text.
    fn jwks(&mut self, written: &Value) -> Option<PublicKeys> {
        let set = match written {
            Value::String(json) => serde_json::from_str(json).unwrap_or_default(),
            table => table.clone(),
        };
        match PublicKeys::strict(&set) {
            Ok(keys) => Some(keys),
            Err(unfit) => {
                self.fail(
                    "jwks",
                    unfit.to_string(),
                    "write the client's public keys, as { keys = [{ kty = \"EC\", … }] } or as JSON text",
                );
                None
            }
        }
    }

    fn secret(&mut self, section: &ClientSection, key: &'static str) -> Option<Secret> {
        let found = match key {
            "client_secret_sha256" => {
                let hash = section.client_secret_sha256.as_ref()?.expose_secret();
                return self.sha256(key, hash).map(Secret::Hashed);
            }
            "client_secret_file" => {
                let file = section.client_secret_file.as_ref()?;
                fs::read_to_string(file).map_err(|error| {
                    let problem = format!("{} cannot be read: {error}", file.display());
                    self.fail(key, problem, "check path and permissions");
                })
            }
            "client_secret_env" => {
                let name = section.client_secret_env.as_ref()?;
                // The name is not repeated: it may be the secret itself, put in the wrong place.
                env::var(name).map_err(|_| {
                    self.fail(
                        key,
                        "the environment has no text under this name",
                        "write the name of a variable, and set it where panda-oidc is started",
                    );
                })
            }
            _ => return self.fit(key, section.client_secret.clone()?),
        };
        self.fit(
            key,
            SecretString::from(found.ok()?.trim_end_matches(['\r', '\n'])),
        )
    }

    #[expect(clippy::unnecessary_wraps, reason = "as what calls it")]
    fn fit(&mut self, key: &str, secret: SecretString) -> Option<Secret> {
        let text = secret.expose_secret();
        if text.starts_with("CHANGE-ME") {
            self.fail(key, "it is still the example's", MAKE_ONE);
        } else if text.len() < 16 {
            self.fail(key, "it is shorter than 16 characters", MAKE_ONE);
        }
        Some(Secret::Plain(secret))
    }

    fn sha256(&mut self, key: &str, text: &str) -> Option<Digest> {
        let digest = hex(text).or_else(|| base64(text)).map(Digest::from);
        if digest.is_none() {
            self.fail(
                key,
                "it is no SHA-256 in hexadecimal or base64",
                "make it with: printf %s \"$SECRET\" | sha256sum",
            );
        }
        if digest == Some(Digest::of(b"")) {
            self.fail(key, "it is the hash of an empty secret", MAKE_ONE);
        }
        digest
    }
}

fn hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

/// In either alphabet, padded or not.
fn base64(text: &str) -> Option<[u8; 32]> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabets = [&alphabet::STANDARD, &alphabet::URL_SAFE];
    alphabets.into_iter().find_map(|alphabet| {
        let decoded = GeneralPurpose::new(alphabet, config).decode(text).ok()?;
        decoded.try_into().ok()
    })
}

//! A secret that is written in one of four places.

use std::path::Path;
use std::{env, fs};

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use secrecy::{ExposeSecret as _, SecretString};

use crate::crypto::identifiers::SecretHash;

/// The remedy for a missing or bad secret.
pub(super) const MAKE_ONE: &str = "make one with: openssl rand -hex 32";

/// Where a secret is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// In the configuration itself.
    Here(&'a SecretString),
    /// In a file of its own.
    File(&'a Path),
    /// In an environment variable.
    Env(&'a str),
    /// The secret is not written anywhere; this is its SHA-256 digest.
    Sha256(&'a SecretString),
}

/// A secret in plain text, or only its digest.
pub(super) enum Secret {
    Plain(SecretString),
    Hashed(SecretHash),
}

impl Secret {
    /// The digest that presented secrets are compared with.
    pub(super) fn digest(&self) -> SecretHash {
        match self {
            Self::Plain(secret) => SecretHash::of(secret.expose_secret().as_bytes()),
            Self::Hashed(digest) => *digest,
        }
    }
}

/// Reads a secret of at least `least` characters. `fail` receives each problem and its remedy.
pub(super) fn read(
    place: Place<'_>,
    least: usize,
    mut fail: impl FnMut(String, &str),
) -> Option<Secret> {
    let secret = match place {
        Place::Sha256(hash) => {
            return sha256(hash.expose_secret(), &mut fail).map(Secret::Hashed);
        }
        Place::Here(secret) => secret.clone(),
        Place::File(file) => match fs::read_to_string(file) {
            Ok(text) => trim_line_break(&text),
            Err(error) if may_hold_secret(file) => {
                // The path is not repeated: it may be the secret itself, put in the wrong place.
                fail(
                    format!("the file cannot be read: {error}"),
                    "write the path of the file that holds the secret, or the secret under the key \
                     without _file",
                );
                return None;
            }
            Err(error) => {
                let problem = format!("{} cannot be read: {error}", file.display());
                fail(problem, "check path and permissions");
                return None;
            }
        },
        Place::Env(name) => {
            let Ok(text) = env::var(name) else {
                // The name is not repeated: it may be the secret itself, put in the wrong place.
                fail(
                    "the environment has no text under this name".to_owned(),
                    "write the name of a variable, and set it where panda-oidc is started",
                );
                return None;
            };
            trim_line_break(&text)
        }
    };
    let text = secret.expose_secret();
    if text.starts_with("CHANGE-ME") {
        fail("it is still the example's".to_owned(), MAKE_ONE);
    } else if text.len() < least {
        fail(format!("it is shorter than {least} characters"), MAKE_ONE);
    }
    Some(Secret::Plain(secret))
}

/// Whether a part of `file` may be a secret or a part of one, rather than a name: long, with digits among
/// letters, and without a dot.
fn may_hold_secret(file: &Path) -> bool {
    file.iter().any(|part| {
        let part = part.to_string_lossy();
        let has = |is: fn(char) -> bool| part.contains(is);
        let is_long = part.len() >= 16 && !part.contains('.');
        let is_mixed = has(|it| it.is_ascii_digit()) && has(|it| it.is_ascii_alphabetic());
        is_long && is_mixed || part.ends_with('=')
    })
}

/// Removes the line break at the end.
fn trim_line_break(text: &str) -> SecretString {
    SecretString::from(text.trim_end_matches(['\r', '\n']))
}

fn sha256(text: &str, fail: &mut impl FnMut(String, &str)) -> Option<SecretHash> {
    let digest = hex(text).or_else(|| base64(text)).map(SecretHash::from);
    if digest.is_none() {
        fail(
            "it is no SHA-256 in hexadecimal or base64".to_owned(),
            "make it with: printf %s \"$SECRET\" | sha256sum",
        );
    }
    if digest == Some(SecretHash::of(b"")) {
        fail("it is the hash of an empty secret".to_owned(), MAKE_ONE);
    }
    digest
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

/// Decodes either base64 alphabet, with or without padding.
fn base64(text: &str) -> Option<[u8; 32]> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabets = [&alphabet::STANDARD, &alphabet::URL_SAFE];
    alphabets.into_iter().find_map(|alphabet| {
        let decoded = GeneralPurpose::new(alphabet, config).decode(text).ok()?;
        decoded.try_into().ok()
    })
}

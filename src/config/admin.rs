//! `[admin]`: the listener for the operator, and the tokens for its endpoints.

use std::net::{Ipv4Addr, SocketAddr};

use panda_oidc_sdk::pasted::{Slip, slip};
use secrecy::SecretString;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use url::Url;

use super::findings::Findings;
use super::paths::FilePath;
use super::secret::{self, MAKE_ONE, Place};
use crate::crypto::identifiers::SecretHash;
use crate::oauth::redirect::is_loopback;

/// The minimum length of a token.
const MIN_TOKEN_CHARS: usize = 32;

/// The admin section, checked.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The listener for `/healthz`, `/readyz` and `/scim/v2`.
    pub listen: SocketAddr,
    /// The address at which others reach the listener, without a trailing slash.
    pub url: String,
    /// The tokens for everything but the health checks.
    pub tokens: Vec<AdminToken>,
}

/// A bearer token.
#[derive(Debug, Clone)]
pub struct AdminToken {
    /// The name of the holder, for the log.
    pub name: String,
    digest: SecretHash,
    scopes: Vec<AdminScope>,
}

/// What a token gives access to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum AdminScope {
    /// Read access to users and groups.
    #[serde(rename = "scim")]
    Scim,
    /// Read access to users.
    #[serde(rename = "scim:users")]
    ScimUsers,
    /// Read access to groups and their members.
    #[serde(rename = "scim:groups")]
    ScimGroups,
    /// Reloading the configuration.
    #[serde(rename = "reload")]
    Reload,
}

impl Admin {
    /// The configured token that equals `presented`, if there is one.
    #[must_use]
    pub fn token(&self, presented: &str) -> Option<&AdminToken> {
        let presented = SecretHash::of(presented.as_bytes());
        let matches = |token: &&AdminToken| {
            let equal = token.digest.as_bytes().ct_eq(presented.as_bytes());
            bool::from(equal)
        };
        self.tokens.iter().find(matches)
    }
}

impl AdminToken {
    /// Whether the token has this scope, or one that includes it.
    #[must_use]
    pub fn has_scope(&self, scope: AdminScope) -> bool {
        let has = |scope| self.scopes.contains(&scope);
        has(scope) || scope != AdminScope::Reload && has(AdminScope::Scim)
    }
}

/// The admin section, as written.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AdminSection {
    listen: SocketAddr,
    url: Option<String>,
    tokens: Vec<TokenSection>,
}

impl Default for AdminSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9401)),
            url: None,
            tokens: Vec::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenSection {
    name: String,
    token: Option<SecretString>,
    token_file: Option<FilePath>,
    token_env: Option<String>,
    token_sha256: Option<SecretString>,
    scopes: Vec<AdminScope>,
}

impl AdminSection {
    pub(super) fn check(&self, insecure: bool, findings: &mut Findings<'_>) -> Admin {
        let mut tokens: Vec<AdminToken> = Vec::new();
        for (index, section) in self.tokens.iter().enumerate() {
            let key = |key: &str| format!("admin.tokens[{index}].{key}");
            if section.name.trim().is_empty() || section.name.contains(char::is_control) {
                findings.add(
                    &key("name"),
                    "it is blank, or has control characters in it",
                    "name who has the token",
                );
            }
            if self.tokens[..index]
                .iter()
                .any(|other| other.name == section.name)
            {
                findings.add(
                    &key("name"),
                    format!("`{}` is there twice", section.name),
                    "give each token a name of its own, so that the log tells them apart",
                );
            }
            if section.scopes.is_empty() {
                findings.add(
                    &key("scopes"),
                    "it is empty: the token would be good for nothing",
                    "write [\"scim\"], or take the token out",
                );
            }
            let Some(digest) = section.digest(&key, findings) else {
                continue;
            };
            if let Some(other) = tokens.iter().find(|other| other.digest == digest) {
                findings.add(
                    &key("token"),
                    format!("it is the one of `{}`", other.name),
                    MAKE_ONE,
                );
            }
            tokens.push(AdminToken {
                name: section.name.clone(),
                digest,
                scopes: section.scopes.clone(),
            });
        }
        let url = self.url(findings);
        let exposed =
            Url::parse(&url).is_ok_and(|url| url.scheme() == "http" && !is_loopback(&url));
        if exposed && !tokens.is_empty() && !insecure {
            findings.add(
                if self.url.is_some() { "admin.url" } else { "admin.listen" },
                "it is plain http beyond this machine: whoever is on the way can read tokens and people",
                "put a TLS proxy in front and write its address in admin.url, or accept the risk with \
                 server.allow_insecure_http = true",
            );
        }
        Admin {
            listen: self.listen,
            url,
            tokens,
        }
    }

    fn url(&self, findings: &mut Findings<'_>) -> String {
        let Some(written) = &self.url else {
            return format!("http://{}", self.listen);
        };
        let is_valid = |url: &Url| {
            matches!(url.scheme(), "https" | "http")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        };
        if let Some(Slip { problem, remedy }) = slip(written) {
            findings.add("admin.url", problem, remedy);
        } else if !Url::parse(written).is_ok_and(|url| is_valid(&url)) {
            findings.add(
                "admin.url",
                "it is no address to put /scim/v2 behind",
                "write scheme, host, port and path of the admin listener as others reach it",
            );
        }
        written.trim_end_matches('/').to_owned()
    }
}

impl TokenSection {
    fn digest(
        &self,
        key: &impl Fn(&str) -> String,
        findings: &mut Findings<'_>,
    ) -> Option<SecretHash> {
        let places = [
            ("token", self.token.as_ref().map(Place::Here)),
            (
                "token_file",
                self.token_file
                    .as_ref()
                    .map(|file| Place::File(file.as_path())),
            ),
            ("token_env", self.token_env.as_deref().map(Place::Env)),
            (
                "token_sha256",
                self.token_sha256.as_ref().map(Place::Sha256),
            ),
        ];
        let mut present = places
            .into_iter()
            .filter_map(|(key, place)| Some((key, place?)));
        let Some((name, place)) = present.next() else {
            findings.add(
                &key("token"),
                "it is missing",
                "add token, token_file, token_env or token_sha256",
            );
            return None;
        };
        if let Some((second, _)) = present.next() {
            findings.add(
                &key("token"),
                format!("{name} and {second} are both there"),
                "take one of the two out",
            );
        }
        let secret = secret::read(place, MIN_TOKEN_CHARS, |problem, remedy| {
            findings.add(&key(name), problem, remedy);
        });
        Some(secret?.digest())
    }
}

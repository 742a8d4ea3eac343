//! `[[clients]]`: RFC 7591 client metadata, and what this provider adds to it.

mod access;
mod audience;
mod claims;
mod credentials;
mod logout;
mod refresh;

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use openidconnect::ClientId;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::findings::Findings;
use super::presets;
use crate::keys::SigningAlg;
use crate::keys::jws::JwsAlg;
use crate::oauth::client::{AccessTokens, Authentication, Client, Clients};
use crate::oauth::grants::GrantType;
use crate::oauth::grants::token_exchange::SubjectTokenType;
use crate::oauth::redirect::{RegisteredUri, is_loopback};
use crate::people::{Contact, Who};

pub(super) use self::access::contact;

/// One client, as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientSection {
    client_id: String,
    client_secret: Option<SecretString>,
    client_secret_file: Option<PathBuf>,
    client_secret_env: Option<String>,
    client_secret_sha256: Option<SecretString>,
    jwks: Option<serde_json::Value>,
    jwks_uri: Option<String>,
    client_name: Option<String>,
    client_uri: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    initiate_login_uri: Option<String>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<String>,
    backchannel_logout_uri: Option<String>,
    backchannel_logout_session_required: Option<bool>,
    frontchannel_logout_uri: Option<String>,
    frontchannel_logout_session_required: Option<bool>,
    token_endpoint_auth_method: Option<AuthMethod>,
    token_endpoint_auth_signing_alg: Option<JwsAlg>,
    #[serde(default)]
    require_pkce: bool,
    #[serde(default)]
    id_token_signed_response_alg: SigningAlg,
    access_token_signed_response_alg: Option<SigningAlg>,
    userinfo_signed_response_alg: Option<SigningAlg>,
    #[serde(default)]
    access_token_typ: AccessTokenTyp,
    #[serde(default = "an_hour", with = "humantime_serde")]
    access_token_lifetime: Duration,
    #[serde(default)]
    access_token_audience: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    allowed_resources: Vec<String>,
    #[serde(default = "GrantType::usual")]
    grant_types: Vec<GrantType>,
    #[serde(default)]
    subject_token_types: Vec<SubjectTokenType>,
    #[serde(default)]
    refresh_token: RefreshWhen,
    #[serde(default = "ninety_days", with = "humantime_serde")]
    refresh_token_lifetime: Duration,
    #[serde(default = "thirty_days", with = "humantime_serde")]
    refresh_token_idle_lifetime: Duration,
    #[serde(default = "ten_seconds", with = "humantime_serde")]
    refresh_token_grace: Duration,
    allow: Option<Who>,
    deny: Option<Who>,
    #[serde(default)]
    unlinked: access::Unlinked,
    contact: Option<String>,
    preset: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: claims::Verified,
    #[serde(default)]
    split_names: claims::Split,
    #[serde(default)]
    claims: claims::ClaimSections,
}

/// RFC 7591 §2, `token_endpoint_auth_method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AuthMethod {
    None,
    ClientSecretBasic,
    ClientSecretPost,
    ClientSecretJwt,
    PrivateKeyJwt,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
enum AccessTokenTyp {
    #[default]
    #[serde(rename = "at+jwt")]
    AtJwt,
    #[serde(rename = "JWT")]
    Jwt,
}

/// When a client gets a refresh token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefreshWhen {
    /// When it asks for this scope (OIDC Core §11).
    #[default]
    OfflineAccess,
    /// With every login.
    Always,
}

fn an_hour() -> Duration {
    Duration::from_hours(1)
}

fn ninety_days() -> Duration {
    Duration::from_hours(90 * 24)
}

fn thirty_days() -> Duration {
    Duration::from_hours(30 * 24)
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

/// Checks all clients of the provider that is called `issuer`; `contact` is whom to ask about a client
/// that does not say.
pub(super) fn check(
    sections: &[ClientSection],
    issuer: &str,
    contact: Option<&Contact>,
    insecure: bool,
    findings: &mut Findings<'_>,
) -> Clients {
    let ids: Vec<_> = sections
        .iter()
        .map(|section| section.client_id.as_str())
        .collect();
    let mut clients = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        presets::check(index, section.preset.as_deref(), findings);
        let mut check = Check {
            index,
            issuer,
            ids: &ids,
            insecure,
            findings,
        };
        if ids[..index].contains(&ids[index]) {
            check.fail(
                "client_id",
                format!("`{}` is there twice", section.client_id),
                "give each client a name of its own",
            );
        }
        let client = check.client(section);
        clients.extend(client.map(|client| Client {
            contact: client.contact.or_else(|| contact.cloned()),
            ..client
        }));
    }
    clients.into_iter().collect()
}

struct Check<'a, 'f> {
    index: usize,
    issuer: &'a str,
    /// The `client_id`s of all clients.
    ids: &'a [&'a str],
    insecure: bool,
    findings: &'a mut Findings<'f>,
}

impl Check<'_, '_> {
    fn fail(&mut self, key: &str, problem: impl Into<String>, remedy: impl Into<String>) {
        self.findings
            .add(&format!("clients[{}].{key}", self.index), problem, remedy);
    }

    fn client(&mut self, section: &ClientSection) -> Option<Client> {
        self.client_id(&section.client_id);
        let authentication = self.authentication(section)?;
        let public = matches!(authentication, Authentication::None);
        let lifetime = TimeDelta::from_std(section.access_token_lifetime).unwrap_or(TimeDelta::MAX);
        if lifetime < TimeDelta::seconds(10) || lifetime > TimeDelta::days(1) {
            self.fail(
                "access_token_lifetime",
                "it is shorter than ten seconds or longer than a day",
                "write something like \"15m\"",
            );
        }
        Some(Client {
            id: ClientId::new(section.client_id.clone()),
            name: self.name(section),
            authentication,
            redirect_uris: self.redirect_uris(section),
            initiate_login_uri: self
                .url("initiate_login_uri", section.initiate_login_uri.as_deref()),
            client_uri: self.url("client_uri", section.client_uri.as_deref()),
            logout: self.logout(section),
            require_pkce: section.require_pkce || public,
            id_token_alg: section.id_token_signed_response_alg,
            userinfo_alg: section.userinfo_signed_response_alg,
            access_token: AccessTokens {
                alg: section
                    .access_token_signed_response_alg
                    .unwrap_or(section.id_token_signed_response_alg),
                typ: match section.access_token_typ {
                    AccessTokenTyp::AtJwt => "at+jwt",
                    AccessTokenTyp::Jwt => "JWT",
                },
                lifetime,
                audience: self.audience(section),
            },
            resources: self.resources(section),
            allowed_resources: self.targets("allowed_resources", &section.allowed_resources),
            grant_types: self.grant_types(section, public),
            subject_token_types: section.subject_token_types.clone(),
            refresh_token: self.refresh_policy(section),
            access: self.access(section),
            contact: self.contact(section),
            claims: self.claims(section),
        })
    }

    fn grant_types(&mut self, section: &ClientSection, public: bool) -> Vec<GrantType> {
        let has = |grant_type| section.grant_types.contains(&grant_type);
        if section.grant_types.is_empty() {
            self.fail(
                "grant_types",
                "it is empty: the client could ask for nothing",
                "leave it out for an app that people log in to",
            );
        }
        if public && (has(GrantType::ClientCredentials) || has(GrantType::TokenExchange)) {
            self.fail(
                "grant_types",
                "a client without credentials can neither act for itself nor exchange tokens",
                "give it a secret or a key, or take that grant type out",
            );
        }
        if has(GrantType::TokenExchange) == section.subject_token_types.is_empty() {
            self.fail(
                "subject_token_types",
                "it goes with the grant type token-exchange: what is exchanged has to be named, and nothing else",
                "name \"urn:panda-oidc:token-type:ticket\" or \
                 \"urn:ietf:params:oauth:token-type:access_token\", or take both out",
            );
        }
        section.grant_types.clone()
    }

    fn client_id(&mut self, id: &str) {
        // RFC 6749 appendix A.1, and fit to stand in /launch/{client_id} as it is.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if id.is_empty()
            || id.len() > 128
            || !id.bytes().all(plain)
            || id.bytes().all(|byte| byte == b'.')
        {
            self.fail(
                "client_id",
                "it is not 1 to 128 of the characters A-Z a-z 0-9 - . _ ~",
                "choose a plain name, such as grafana",
            );
        }
        // RFC 9700 §4.15 (N70): a token's sub must never be another token's client_id.
        if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) {
            self.fail(
                "client_id",
                "it is a number, and could be some person's Panda ID",
                "choose a name with a letter in it",
            );
        }
    }

    /// What people are shown: something that can be seen.
    fn name(&mut self, section: &ClientSection) -> String {
        let Some(name) = &section.client_name else {
            return section.client_id.clone();
        };
        if name.trim().is_empty() || name.contains(char::is_control) {
            self.fail(
                "client_name",
                "it is blank, or has line breaks or other control characters in it",
                "write the name people know the app by, or take it out",
            );
        }
        name.clone()
    }

    /// RFC 7591 §2: only a client that is sent back to needs to say where.
    fn redirect_uris(&mut self, section: &ClientSection) -> Vec<RegisteredUri> {
        let codes = section.grant_types.contains(&GrantType::AuthorizationCode);
        if codes && section.redirect_uris.is_empty() {
            self.fail(
                "redirect_uris",
                "it is empty",
                "list every address the app may be sent back to; a service that people never log in to \
                 has no authorization_code among its grant_types",
            );
        }
        self.uris("redirect_uris", &section.redirect_uris)
    }

    fn url(&mut self, key: &str, text: Option<&str>) -> Option<Url> {
        let url = Url::parse(text?).ok().filter(|url| {
            matches!(url.scheme(), "https" | "http") && url.has_host() && url.fragment().is_none()
        });
        match &url {
            None => self.fail(key, "it is not an https URL", "write the whole address"),
            Some(url) if url.scheme() == "http" && !is_loopback(url) && !self.insecure => self
                .fail(
                    key,
                    "it is plain http beyond this machine",
                    "write https, or accept the risk with server.allow_insecure_http = true",
                ),
            Some(url) if !url.username().is_empty() || url.password().is_some() => self.fail(
                key,
                "it has a user name or a password in it",
                "register an address that needs none: it is shown to browsers, and stands in logs",
            ),
            Some(_) => {}
        }
        url
    }
}

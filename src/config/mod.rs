//! The configuration: files, then environment variables. Later values win, and everything is checked
//! before the server starts.
//!
//! Each section is a struct in a file of its own, beside its checks. Mistakes are reported as
//! [`Problem`]s that name the file, the key and the remedy. A value that may be a secret is never
//! repeated.

mod admin;
mod clients;
mod directory;
mod file;
mod findings;
mod groups;
mod limits;
mod networks;
mod presets;
mod secret;
mod sections;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use figment::Figment;
use figment::providers::{Env, Format as _, Toml};
use figment::value::magic::RelativePathBuf;
use panda_oidc_sdk::{Plugin, TrustedCertificates};
use serde::Deserialize;

pub use admin::{Admin, AdminScope, AdminToken};
pub use directory::{Directory, SyncInterval};
pub use groups::GroupsSection;
pub use limits::{LimitsSection, Rate};
pub use sections::{KeysSection, Server, SessionSection, StoreKind, StoreSection};

use crate::oauth::clients::Clients;
use crate::oauth::issuer::Issuer;
use crate::people::Group;
use crate::problem::Problem;
use file::File;
use findings::Findings;

/// The prefix of environment variables that override the files: `PANDA_OIDC__SERVER__LISTEN`.
const ENV_PREFIX: &str = "PANDA_OIDC__";

/// A configuration that has been read and checked.
#[derive(Debug)]
pub struct Config {
    /// `issuer`.
    pub issuer: Issuer,
    /// `[server]`.
    pub server: Server,
    /// `[admin]`.
    pub admin: Admin,
    /// `[session]`.
    pub session: SessionSection,
    /// `[store]`.
    pub store: StoreSection,
    /// `[keys]`.
    pub keys: KeysSection,
    /// `[directory]`.
    pub directory: Directory,
    /// `[groups]` and `groups_file`.
    pub groups: GroupsSection,
    /// `[limits]`.
    pub limits: LimitsSection,
    /// `[[clients]]`.
    pub clients: Clients,
    /// The certificates in `ca_file`, trusted for every outgoing connection.
    pub trusted: TrustedCertificates,
    /// `[provider]`.
    pub provider: ProviderSection,
}

/// `[provider]`: the plugin of its `kind`, and the table for that plugin to read.
pub struct ProviderSection {
    /// The plugin that reads the table.
    pub plugin: &'static dyn Plugin,
    /// The table, with the files that its keys come from.
    pub table: Figment,
}

/// Omits the table, because it may hold secrets of the plugin.
impl fmt::Debug for ProviderSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderSection")
            .field("kind", &self.plugin.kind())
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    issuer: String,
    contact: Option<String>,
    ca_file: Option<RelativePathBuf>,
    #[serde(default)]
    server: Server,
    #[serde(default)]
    admin: admin::AdminSection,
    provider: figment::value::Dict,
    #[serde(default)]
    session: SessionSection,
    #[serde(default)]
    store: StoreSection,
    #[serde(default)]
    keys: KeysSection,
    #[serde(default)]
    directory: Directory,
    #[serde(default)]
    groups: BTreeMap<String, Group>,
    groups_file: Option<PathBuf>,
    #[serde(default)]
    limits: LimitsSection,
    #[serde(default)]
    clients: Vec<clients::ClientSection>,
}

/// Reads `files` in order, then the environment, and checks the merged configuration.
///
/// # Errors
///
/// All problems that were found.
pub fn load(files: &[PathBuf]) -> Result<Config, Vec<Problem>> {
    let mut toml = Figment::new();
    let mut problems = Vec::new();
    for path in files {
        match File::read(path) {
            Ok(file) => toml = toml.merge(file),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    read(&toml.merge(Env::prefixed(ENV_PREFIX).split("__")))
}

/// Reads and checks a configuration that is not in a file: the demo's, or a test's.
///
/// # Errors
///
/// All problems that were found.
pub fn parse(toml: &str) -> Result<Config, Vec<Problem>> {
    read(&Figment::from(Toml::string(toml)))
}

fn read(source: &Figment) -> Result<Config, Vec<Problem>> {
    let source = &presets::complete(source);
    let document: Document = source.extract().map_err(|error| {
        error
            .into_iter()
            .map(Problem::from_figment)
            .collect::<Vec<_>>()
    })?;
    let mut findings = Findings::new(source);
    let issuer = match Issuer::new(&document.issuer) {
        Ok(issuer) => Some(issuer),
        Err(error) => {
            findings.add(
                "issuer",
                error.to_string(),
                "write scheme, host, port and path of this provider",
            );
            None
        }
    };
    if issuer.as_ref().is_some_and(Issuer::is_exposed) && !document.server.allow_insecure_http {
        findings.add(
            "issuer",
            "it is plain http beyond this machine: whoever is on the way can read and forge logins",
            "put a TLS proxy in front and write https, or accept the risk with \
             server.allow_insecure_http = true",
        );
    }
    let admin = document
        .admin
        .check(document.server.allow_insecure_http, &mut findings);
    document.session.check(&mut findings);
    document.store.check(&mut findings);
    document.directory.check(&mut findings);
    let groups = GroupsSection {
        configured: document.groups,
        file: document.groups_file,
    };
    groups.check(&mut findings);
    document.limits.check(&mut findings);
    let plugin = plugin(&document.provider, &mut findings);
    let trusted = trusted(document.ca_file.as_ref(), &mut findings);
    let contact = clients::contact("contact", document.contact.as_deref(), &mut findings);
    let clients = clients::check(
        &document.clients,
        &document.issuer,
        contact.as_ref(),
        document.server.allow_insecure_http,
        &mut findings,
    );
    let problems = findings.into_problems();
    match (issuer, plugin) {
        (Some(issuer), Some(plugin)) if problems.is_empty() => Ok(Config {
            issuer,
            server: document.server,
            admin,
            session: document.session,
            store: document.store,
            keys: document.keys,
            directory: document.directory,
            groups,
            limits: document.limits,
            clients,
            trusted,
            provider: ProviderSection {
                plugin,
                table: source.focus("provider"),
            },
        }),
        _ => Err(problems),
    }
}

/// The certificates in `ca_file`.
fn trusted(ca_file: Option<&RelativePathBuf>, findings: &mut Findings<'_>) -> TrustedCertificates {
    let Some(path) = ca_file.map(RelativePathBuf::relative) else {
        return TrustedCertificates::default();
    };
    TrustedCertificates::read(&path).unwrap_or_else(|error| {
        findings.add(
            "ca_file",
            format!("{}: {error}", path.display()),
            "write the path of a PEM file with the certificates to trust",
        );
        TrustedCertificates::default()
    })
}

fn plugin(
    table: &figment::value::Dict,
    findings: &mut Findings<'_>,
) -> Option<&'static dyn Plugin> {
    let kind = table.get("kind").and_then(figment::value::Value::as_str);
    let plugins = crate::plugins::ALL.iter().copied();
    let plugin = plugins.clone().find(|plugin| Some(plugin.kind()) == kind);
    if plugin.is_none() {
        let kinds: Vec<_> = plugins.map(Plugin::kind).collect();
        findings.add(
            "provider.kind",
            "it names no identity provider of this build",
            format!("write one of: {}", kinds.join(", ")),
        );
    }
    plugin
}

#[cfg(test)]
mod tests;

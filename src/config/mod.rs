//! The configuration: files, then environment variables. Later values win, and everything is checked
//! before the server starts.
//!
//! Each section is a struct in a file of its own, beside its checks. Mistakes are reported as
//! [`Problem`]s that name the file, the key and the remedy. A value that may be a secret is never
//! repeated.

mod admin;
mod clients;
mod clients_dir;
mod directory;
mod document;
mod environment;
mod file;
mod findings;
mod groups;
mod homes;
mod limits;
mod log;
mod networks;
mod paths;
mod presets;
mod secret;
mod sections;
mod store;
mod written;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use figment::providers::{Format as _, Toml};
use figment::{Error, Figment};
use panda_oidc_sdk::pasted::{Slip, slip};
use panda_oidc_sdk::{Host, IdentityProvider, OpenError, Plugin, TrustedCertificates};

pub use admin::{Admin, AdminScope, AdminToken};
pub use directory::{Directory, SyncInterval};
pub use groups::GroupsSection;
pub use limits::{LimitsSection, Rate};
pub use log::{LogLevel, LogSection};
pub use sections::{KeysSection, RotationInterval, Server, SessionSection};
pub use store::StoreConfig;
pub use written::{Stamp, Written, is_read_at_start};

use crate::oauth::clients::Clients;
use crate::oauth::issuer::Issuer;
use crate::problem::Problem;
use document::Document;
use environment::Environment;
use file::File;
use findings::Findings;

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
    pub store: StoreConfig,
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
    /// `[log]`.
    pub log: LogSection,
    /// `reload_on_change`.
    pub reload_on_change: bool,
    /// The configuration as it is written, to compare it with a later one.
    pub written: Written,
    /// What is allowed, but probably not meant.
    pub warnings: Vec<Problem>,
}

/// `[provider]`: the plugin of its `kind`, and the table for that plugin to read.
pub struct ProviderSection {
    /// The plugin that reads the table.
    pub plugin: &'static dyn Plugin,
    /// The table, with the files that its keys come from.
    table: Figment,
    environment: Environment,
}

impl ProviderSection {
    /// Opens the identity provider, without touching the network.
    ///
    /// # Errors
    ///
    /// A [`Problem`] when its settings are wrong.
    pub fn open(&self, host: &Host) -> Result<Box<dyn IdentityProvider>, Problem> {
        let mut table = self.table.clone();
        let opened = self.environment.extract(
            &mut table,
            |table| self.plugin.open(table, host),
            |error| match error {
                OpenError::Settings(error) => Some(error),
                OpenError::Unusable { .. } => None,
            },
        );
        opened.map_err(|error| match error {
            OpenError::Settings(error) => Problem::in_section("provider", homes::problem(*error)),
            unusable @ OpenError::Unusable { .. } => {
                Problem::of_section("provider", &table, unusable)
            }
        })
    }
}

/// Omits the table, because it may hold secrets of the plugin.
impl fmt::Debug for ProviderSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderSection")
            .field("kind", &self.plugin.kind())
            .finish_non_exhaustive()
    }
}

/// Reads `files` in order, then the environment, and checks the merged configuration. A relative path
/// follows the file that holds it.
///
/// # Errors
///
/// All problems that were found.
pub fn load(files: &[PathBuf]) -> Result<Config, Vec<Problem>> {
    load_for(files, None)
}

/// As [`load`], for a provider that runs as `running`: what a running provider cannot change, and other
/// settings depend on, is read as it is there. [`Written`] still has it as the files say.
///
/// # Errors
///
/// As [`load`].
pub fn reload(files: &[PathBuf], running: &Running) -> Result<Config, Vec<Problem>> {
    let pipes = files.iter().filter(|path| path.exists() && !path.is_file());
    let problems: Vec<_> = pipes
        .map(|path| {
            Problem::of_file(
                path,
                "it is no file but a pipe or a device, which can be read only once",
                "restart panda-oidc, or write the configuration into a file",
            )
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    load_for(files, Some(running))
}

/// What a running provider cannot change, and other settings depend on.
#[derive(Debug, Clone)]
pub struct Running {
    /// `issuer`.
    pub issuer: Issuer,
    /// `admin.listen`.
    pub admin_listen: SocketAddr,
}

fn load_for(files: &[PathBuf], running: Option<&Running>) -> Result<Config, Vec<Problem>> {
    let mut toml = Figment::new();
    let mut problems = Vec::new();
    for path in files {
        match File::read(path) {
            Ok(file) => {
                let first_file = file.regular_path();
                toml = toml.join(paths::Defaults { first_file }).merge(file);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let environment = Environment::read();
    read(environment.override_files(toml)?, &environment, running)
}

/// Reads and checks a configuration that is not in a file: the demo's, or a test's.
///
/// # Errors
///
/// All problems that were found.
pub fn parse(toml: &str) -> Result<Config, Vec<Problem>> {
    let defaults = paths::Defaults { first_file: None };
    let source = Figment::from(Toml::string(toml)).join(defaults);
    read(source, &Environment::default(), None)
}

fn read(
    source: Figment,
    environment: &Environment,
    running: Option<&Running>,
) -> Result<Config, Vec<Problem>> {
    let (source, client_files) = clients_dir::append(source)?;
    let mut source = presets::complete(source);
    let written = Written::of(&source);
    if let Some(Running {
        issuer,
        admin_listen,
    }) = running
    {
        source = source
            .merge(("issuer", issuer.as_str()))
            .merge(("admin.listen", admin_listen));
    }
    match checked(source, environment, written) {
        Ok(mut config) => {
            config.warnings = client_files.name_in(config.warnings);
            Ok(config)
        }
        Err(problems) => Err(client_files.name_in(problems)),
    }
}

fn checked(
    mut source: Figment,
    environment: &Environment,
    mut written: Written,
) -> Result<Config, Vec<Problem>> {
    let document: Result<Document, Error> =
        environment.extract(&mut source, Figment::extract, |error| Some(error));
    let document =
        document.map_err(|errors| errors.into_iter().map(homes::problem).collect::<Vec<_>>())?;
    written.clients_dir = document.clients_dir.map(paths::FilePath::into_path);
    let source = &source;
    let mut findings = Findings::new(source);
    let issuer = issuer(&document.issuer, &mut findings);
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
    document.server.check(&mut findings);
    document.session.check(&mut findings);
    let store = document.store.check(&mut findings);
    document.keys.check(&mut findings);
    paths::check_earlier_places(source, &mut findings);
    document.directory.check(&mut findings);
    let groups = GroupsSection {
        configured: document.groups,
        file: document.groups_file.map(paths::FilePath::into_path),
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
    let (problems, warnings) = findings.into_problems_and_warnings();
    match (issuer, plugin) {
        (Some(issuer), Some(plugin)) if problems.is_empty() => Ok(Config {
            issuer,
            server: document.server,
            admin,
            session: document.session,
            store,
            keys: document.keys,
            directory: document.directory,
            groups,
            limits: document.limits,
            clients,
            trusted,
            provider: ProviderSection {
                plugin,
                table: source.focus("provider"),
                environment: environment.section("provider"),
            },
            log: document.log,
            reload_on_change: document.reload_on_change,
            written,
            warnings,
        }),
        _ => Err(problems),
    }
}

fn issuer(text: &str, findings: &mut Findings<'_>) -> Option<Issuer> {
    if let Some(Slip { problem, remedy }) = slip(text) {
        findings.add("issuer", problem, remedy);
        return None;
    }
    match Issuer::new(text) {
        Ok(issuer) => Some(issuer),
        Err(error) => {
            findings.add(
                "issuer",
                error.to_string(),
                "write scheme, host, port and path of this provider",
            );
            None
        }
    }
}

/// The certificates in `ca_file`.
fn trusted(ca_file: Option<&paths::FilePath>, findings: &mut Findings<'_>) -> TrustedCertificates {
    let Some(path) = ca_file.map(paths::FilePath::as_path) else {
        return TrustedCertificates::default();
    };
    TrustedCertificates::read(path).unwrap_or_else(|error| {
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

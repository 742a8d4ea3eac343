//! `[store]`: where sessions, grants and sealed keys are kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::findings::Findings;
use super::paths::FilePath;
use super::secret::{Place, Secret, read};
use crate::store::{PostgresSettings, UrlError};

/// The section as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StoreSection {
    /// The backend.
    kind: StoreKind,
    /// The database file for `kind = "sqlite"`.
    #[serde(deserialize_with = "super::paths::deserialize")]
    path: PathBuf,
    /// The URL of the database for `kind = "postgres"`, with the password.
    url: Option<SecretString>,
    /// A file that holds the URL.
    url_file: Option<FilePath>,
    /// An environment variable that holds the URL.
    url_env: Option<String>,
    /// Certificates that the server's may be issued by.
    ca_file: Option<FilePath>,
    /// The most connections of one process.
    pool_size: Option<usize>,
    /// Whether statements are prepared once for each connection.
    prepared_statements: Option<bool>,
    /// How long a new connection may take.
    #[serde(with = "humantime_serde")]
    connect_timeout: Option<Duration>,
    /// How long a statement may take.
    #[serde(with = "humantime_serde")]
    statement_timeout: Option<Duration>,
}

/// A kind of store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoreKind {
    /// A database in one file.
    #[default]
    Sqlite,
    /// A database that several processes share.
    Postgres,
    /// A temporary file, for tests. It is deleted when the process ends; a killed process leaves it.
    Memory,
}

/// Where the store is.
#[derive(Debug, Clone)]
pub enum StoreConfig {
    /// In this file.
    Sqlite(PathBuf),
    /// In a database of PostgreSQL.
    Postgres(Box<PostgresSettings>),
    /// In a temporary file, for tests.
    Memory,
}

impl StoreConfig {
    /// The file, if the store is one that remains.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) | Self::Memory => None,
        }
    }

    /// The key that names the store, for messages about it.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Sqlite(_) | Self::Memory => "store.path",
            Self::Postgres(_) => "store.url",
        }
    }

    /// The file, or the server and the database. Never a password.
    #[must_use]
    pub fn location(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(settings) => settings.location(),
            Self::Memory => "memory".to_owned(),
        }
    }
}

impl Default for StoreSection {
    fn default() -> Self {
        Self {
            kind: StoreKind::default(),
            path: "data/panda-oidc.db".into(),
            url: None,
            url_file: None,
            url_env: None,
            ca_file: None,
            pool_size: None,
            prepared_statements: None,
            connect_timeout: None,
            statement_timeout: None,
        }
    }
}

impl StoreSection {
    pub(super) fn check(&self, findings: &mut Findings<'_>) -> StoreConfig {
        match self.kind {
            StoreKind::Postgres => match self.postgres(findings) {
                Some(settings) => StoreConfig::Postgres(Box::new(settings)),
                // The findings keep this from being used.
                None => StoreConfig::Memory,
            },
            StoreKind::Sqlite => {
                self.refuse_postgres_keys(findings);
                StoreConfig::Sqlite(self.path.clone())
            }
            StoreKind::Memory => {
                self.refuse_postgres_keys(findings);
                StoreConfig::Memory
            }
        }
    }

    fn refuse_postgres_keys(&self, findings: &mut Findings<'_>) {
        let keys = [
            ("store.url", self.url.is_some()),
            ("store.url_file", self.url_file.is_some()),
            ("store.url_env", self.url_env.is_some()),
            ("store.ca_file", self.ca_file.is_some()),
            ("store.pool_size", self.pool_size.is_some()),
            (
                "store.prepared_statements",
                self.prepared_statements.is_some(),
            ),
            ("store.connect_timeout", self.connect_timeout.is_some()),
            ("store.statement_timeout", self.statement_timeout.is_some()),
        ];
        for (key, _) in keys.into_iter().filter(|(_, is_set)| *is_set) {
            findings.add(
                key,
                "it is only for PostgreSQL, and store.kind is another",
                "write store.kind = \"postgres\", or remove the key",
            );
        }
    }

    fn postgres(&self, findings: &mut Findings<'_>) -> Option<PostgresSettings> {
        let places = [
            self.url.as_ref().map(|url| ("store.url", Place::Here(url))),
            self.url_file
                .as_ref()
                .map(|file| ("store.url_file", Place::File(file.as_path()))),
            self.url_env
                .as_deref()
                .map(|name| ("store.url_env", Place::Env(name))),
        ];
        let mut places = places.into_iter().flatten();
        let (Some((key, place)), None) = (places.next(), places.next()) else {
            findings.add(
                "store.url",
                "the database of PostgreSQL has no URL, or more than one",
                "write one of url, url_file and url_env, such as \
                 url = \"postgresql://panda_oidc:PASSWORD@db.example.com/panda_oidc?sslmode=verify-full\"",
            );
            return None;
        };
        let mut problems = Vec::new();
        let secret = read(place, 1, |problem, remedy| {
            problems.push((problem, remedy.to_owned()));
        });
        for (problem, remedy) in problems {
            findings.add(key, problem, remedy);
        }
        let Some(Secret::Plain(url)) = secret else {
            return None;
        };
        let ca_file = self.ca_file.as_ref().map(FilePath::as_path);
        let settings = PostgresSettings::new(url.expose_secret(), ca_file);
        let mut settings = match settings {
            Ok(settings) => settings,
            Err(UrlError::CaFile(error)) => {
                let file = ca_file.map(Path::display).map(|file| file.to_string());
                findings.add(
                    "store.ca_file",
                    format!("{}: {error}", file.unwrap_or_default()),
                    "write the path of a PEM file with the certificates to trust",
                );
                return None;
            }
            Err(error) => {
                findings.add(
                    key,
                    error.to_string(),
                    "write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full, with \
                     special characters of the password percent-encoded",
                );
                return None;
            }
        };
        self.bound(&mut settings, findings);
        Some(settings)
    }

    fn bound(&self, settings: &mut PostgresSettings, findings: &mut Findings<'_>) {
        if let Some(size) = self.pool_size {
            if !(1..=1000).contains(&size) {
                findings.add(
                    "store.pool_size",
                    "it is not between 1 and 1000",
                    "write how many connections one process may open, such as 16",
                );
            }
            settings.pool_size = size;
        }
        if let Some(prepared) = self.prepared_statements {
            settings.prepared_statements = prepared;
        }
        let bounds = Duration::from_millis(100)..=Duration::from_mins(1);
        let timeouts = [
            (
                "store.connect_timeout",
                self.connect_timeout,
                &mut settings.connect_timeout,
            ),
            (
                "store.statement_timeout",
                self.statement_timeout,
                &mut settings.statement_timeout,
            ),
        ];
        for (key, written, timeout) in timeouts {
            let Some(written) = written else { continue };
            if !bounds.contains(&written) {
                findings.add(
                    key,
                    "it is shorter than 100 ms or longer than a minute",
                    "write something like \"3s\"",
                );
            }
            *timeout = written;
        }
    }
}

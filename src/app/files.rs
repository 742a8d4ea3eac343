//! The database and the master key belong together: opening the key for a store, and finding out beforehand
//! whether the provider could open both ([`inspect`]).

use std::path::Path;

use chrono::{DateTime, Utc};

use super::error::StartError;
use super::signing_keys::other_master_key;
use crate::config::{Config, StoreConfig};
use crate::crypto::{MasterKey, Purpose};
use crate::keys::{Keys, KeysError, SealedKey};
use crate::store::{Inspection, PostgresStore, SqliteStore};

/// What the provider would find.
#[derive(Debug)]
pub struct Files {
    /// The database; `None` if the provider would create one.
    pub database: Option<Inspection>,
    /// What the operator should know, although the provider would start.
    pub warnings: Vec<String>,
}

/// Looks whether the provider could open the database and the master key of `config`. Changes nothing. `now` decides which keys
/// are in use.
///
/// # Errors
///
/// The error with which the provider would not start.
pub async fn inspect(config: &Config, now: DateTime<Utc>) -> Result<Files, StartError> {
    let database = match &config.store {
        StoreConfig::Sqlite(path) => SqliteStore::inspect(path),
        StoreConfig::Postgres(settings) => PostgresStore::inspect(settings).await,
        StoreConfig::Memory => Ok(None),
    };
    let database = database.map_err(|source| StartError::Store {
        key: config.store.key(),
        source,
    })?;
    let file = &config.keys.master_key_file;
    let sealed = database.as_ref().map_or(&[][..], |database| &database.keys);
    let mut warnings = Vec::new();
    if sealed.is_empty() && !file.exists() {
        MasterKey::check_creatable(file)?;
    } else {
        require_master_key(config, sealed, now)?;
        warnings.extend(begins_anew(config, sealed.is_empty()));
    }
    warnings.extend(readable_by_everybody(config));
    Ok(Files { database, warnings })
}

/// Refuses a master key that does not open these signing keys.
///
/// # Errors
///
/// When the file is missing, or holds another key.
pub fn require_master_key(
    config: &Config,
    sealed: &[SealedKey],
    now: DateTime<Utc>,
) -> Result<(), StartError> {
    let file = &config.keys.master_key_file;
    let sealer = MasterKey::existing(file)?.sealer(Purpose::SigningKeys);
    match Keys::open(sealed, &sealer, now) {
        // The provider generates those that are missing.
        Ok(_) | Err(KeysError::Missing(_)) => Ok(()),
        Err(error) => Err(other_master_key(error.into(), file)),
    }
}

/// A warning if there is a master key, but the database that it belongs to has no keys or does not exist.
#[must_use]
pub fn begins_anew(config: &Config, has_no_keys: bool) -> Option<String> {
    let file = &config.keys.master_key_file;
    let is_lasting = !matches!(config.store, StoreConfig::Memory);
    let is_new = has_no_keys && is_lasting && file.exists();
    is_new.then(|| {
        let key = config.store.key();
        format!(
            "{key}: {} is new or empty, but the master key {} was there before. If this provider has \
             served before, its database is missing, and with it all sessions, the linked accounts and the \
             record of leavers: stop, see whether {key} is right, and restore the backup",
            config.store.location(),
            file.display()
        )
    })
}

/// A warning if others on this machine can read the database.
#[cfg(unix)]
fn readable_by_everybody(config: &Config) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let file = config.store.file()?;
    let mode = std::fs::metadata(file).ok()?.permissions().mode();
    let is_readable = mode & 0o007 != 0;
    is_readable.then(|| {
        format!(
            "store.path: everybody on this machine can read {file}, and with it names, telephone numbers \
             and linked accounts; run: chmod o= {file}*",
            file = file.display()
        )
    })
}

/// Other systems have other permissions.
#[cfg(not(unix))]
fn readable_by_everybody(_: &Config) -> Option<String> {
    None
}

/// Opens the master key for a store, and creates it only for a store that `has_no_keys`.
///
/// # Errors
///
/// When the file cannot be used.
pub(super) fn open_master_key(config: &Config, has_no_keys: bool) -> Result<MasterKey, StartError> {
    let file: &Path = &config.keys.master_key_file;
    for warning in begins_anew(config, has_no_keys)
        .into_iter()
        .chain(readable_by_everybody(config))
    {
        tracing::warn!("{warning}");
    }
    Ok(if has_no_keys {
        MasterKey::open(file, &mut rand::rng())?
    } else {
        MasterKey::existing(file)?
    })
}

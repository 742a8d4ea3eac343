//! The configuration as it is written: which keys two readings of it differ in.
//!
//! Only digests are kept, because many values are secrets.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::PathBuf;
use std::time::SystemTime;

use figment::value::{Dict, Value};
use figment::{Figment, Source};

use super::clients_dir::files_in;
use crate::crypto::identifiers::FileDigest;

/// The keys that are read only at the start, each with all keys below it.
const READ_AT_START: [&str; 9] = [
    "issuer",
    "server.listen",
    "server.trusted_proxies",
    "admin.listen",
    "store",
    "keys",
    "limits.connections",
    "limits.connections_per_address",
    "limits.request_time",
];

/// A configuration as it is written.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// The digest of each value. A key has at most two parts: `limits.exempt`, `clients.grafana`.
    digests: BTreeMap<String, FileDigest>,
    /// The files whose content counts, besides the configuration files: those of secrets and certificates.
    files: Vec<PathBuf>,
    pub(super) clients_dir: Option<PathBuf>,
}

/// The state of the files of a configuration. It changes when one of them does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl Written {
    /// What `source` says.
    pub(super) fn of(source: &Figment) -> Self {
        let mut written = Self::default();
        let Ok(document) = source.extract::<Dict>() else {
            return written;
        };
        for (section, value) in &document {
            match value {
                Value::Dict(_, keys) => {
                    for (key, value) in keys {
                        written.add(source, format!("{section}.{key}"), key, value);
                    }
                }
                Value::Array(_, clients) if section == "clients" => {
                    for (index, client) in clients.iter().enumerate() {
                        let id = client.find_ref("client_id").and_then(Value::as_str);
                        let key = id.map_or_else(|| format!("[{index}]"), |id| format!(".{id}"));
                        written.add(source, format!("clients{key}"), section, client);
                    }
                }
                _ => written.add(source, section.clone(), section, value),
            }
        }
        written
    }

    fn add(&mut self, source: &Figment, name: String, key: &str, value: &Value) {
        let mut text = serde_json::to_vec(value).unwrap_or_default();
        // What is read only at the start may be made then, as the master key is.
        if !is_read_at_start(&name) {
            self.append_files(source, key, value, &mut text);
        }
        self.digests.insert(name, FileDigest::of(&text));
    }

    /// Appends the contents of the files that `value` names under `key`, or under a key in it. The groups
    /// file is left out: it is followed by itself.
    fn append_files(&mut self, source: &Figment, key: &str, value: &Value, text: &mut Vec<u8>) {
        match value {
            Value::Dict(_, keys) => {
                for (key, value) in keys {
                    self.append_files(source, key, value, text);
                }
            }
            Value::Array(_, entries) => {
                for entry in entries {
                    self.append_files(source, key, entry, text);
                }
            }
            Value::String(tag, path) if key.ends_with("_file") && key != "groups_file" => {
                let origin = source.get_metadata(*tag).and_then(|it| it.source.as_ref());
                let path = match origin {
                    Some(Source::File(file)) => file.with_file_name("").join(path),
                    _ => PathBuf::from(path),
                };
                text.extend(std::fs::read(&path).unwrap_or_default());
                self.files.push(path);
            }
            _ => {}
        }
    }

    /// The keys in which this configuration differs from `other`. A client is one key, `clients.ID`.
    #[must_use]
    pub fn changed_from(&self, other: &Self) -> Vec<String> {
        let all = self.digests.keys().chain(other.digests.keys());
        let changed = all.filter(|key| self.digests.get(*key) != other.digests.get(*key));
        let mut changed: Vec<_> = changed.cloned().collect();
        changed.sort();
        changed.dedup();
        changed
    }

    /// The state of the `configuration` files, of the files that they name, and of the folder of clients.
    #[must_use]
    pub fn stamp(&self, configuration: &[PathBuf]) -> Stamp {
        let folder = self.clients_dir.iter();
        let clients = folder.flat_map(|folder| files_in(folder).unwrap_or_default());
        let all = configuration.iter().chain(&self.files).cloned();
        let stamps = all.chain(clients).map(|path| {
            let stamp = path.metadata().ok().as_ref().and_then(stamp);
            (path, stamp)
        });
        Stamp(stamps.collect())
    }
}

/// Whether `key` of [`Written::changed_from`] is read only at the start.
#[must_use]
pub fn is_read_at_start(key: &str) -> bool {
    READ_AT_START.iter().any(|fixed| {
        key.strip_prefix(fixed)
            .is_some_and(|below| below.is_empty() || below.starts_with('.'))
    })
}

fn stamp(metadata: &Metadata) -> Option<(SystemTime, u64)> {
    Some((metadata.modified().ok()?, metadata.len()))
}

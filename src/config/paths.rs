//! Paths of files. A relative path follows the configuration file that holds it, so that every command finds the
//! same files from every folder. A relative path in the environment, or in a file that is a pipe, follows the
//! working directory. Every path is made absolute, so that messages name the file.

use std::io;
use std::path::{Path, PathBuf, absolute};

use figment::value::magic::RelativePathBuf;
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider, Source};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::findings::Findings;

/// The files that are made if they do not exist, each with its section, its key and its default.
const MADE: [(&str, &str, &str); 2] = [
    ("store", "path", "data/panda-oidc.db"),
    ("keys", "master_key_file", "data/master.key"),
];

/// The absolute path of a file.
#[derive(Debug, Clone)]
pub(super) struct FilePath(PathBuf);

impl FilePath {
    pub(super) fn as_path(&self) -> &Path {
        &self.0
    }

    pub(super) fn into_path(self) -> PathBuf {
        self.0
    }
}

impl<'de> Deserialize<'de> for FilePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = RelativePathBuf::deserialize(deserializer)?;
        let written = path.original().to_string_lossy();
        if written.trim().is_empty() {
            return Err(D::Error::custom("it is empty; write the path of a file"));
        }
        if written.starts_with('~') {
            return Err(D::Error::custom(
                "it begins with ~, which only a shell understands; write the whole path",
            ));
        }
        resolve(&path).map(Self).map_err(D::Error::custom)
    }
}

/// Reads the absolute path of a file.
///
/// # Errors
///
/// When the path is empty.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    FilePath::deserialize(deserializer).map(FilePath::into_path)
}

fn resolve(path: &RelativePathBuf) -> io::Result<PathBuf> {
    absolute(path.relative())
}

/// The default paths. They follow the first configuration file, if there is one.
pub(super) struct Defaults<'a> {
    pub(super) first_file: Option<&'a Path>,
}

impl Provider for Defaults<'_> {
    fn metadata(&self) -> Metadata {
        match self.first_file {
            Some(file) => Metadata::from("default", Source::File(file.to_owned())),
            None => Metadata::named("default"),
        }
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let sections = MADE.map(|(section, key, default)| {
            let keys = Dict::from([(key.to_owned(), Value::from(default))]);
            (section.to_owned(), Value::from(keys))
        });
        Ok(Map::from([(Profile::Default, Dict::from(sections))]))
    }
}

/// Reports a file that does not exist where its relative path leads, but does in the working directory.
/// Releases that followed the working directory have left it there, and an empty one would be made beside
/// it: everybody would be signed out, linked accounts and the record of leavers would be gone.
pub(super) fn check_earlier_places(source: &Figment, findings: &mut Findings<'_>) {
    for (section, key, _) in MADE {
        let key = format!("{section}.{key}");
        let Ok(path) = source.extract_inner::<RelativePathBuf>(&key) else {
            continue;
        };
        let (Ok(here), Ok(earlier)) = (resolve(&path), absolute(path.original())) else {
            continue;
        };
        if here != earlier && !here.exists() && earlier.exists() {
            let (here, earlier) = (here.display(), earlier.display());
            findings.add(
                &key,
                format!(
                    "a relative path follows the configuration file, and {here} does not exist; \
                     {earlier} does, in the working directory, which earlier releases followed"
                ),
                format!("write which of the two is meant, such as \"{earlier}\""),
            );
        }
    }
}

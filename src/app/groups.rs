//! The groups of the configuration and of the groups file, and reading that file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use crate::crypto::identifiers::FileDigest;
use crate::people::groups_file::parse;
use crate::people::{Group, GroupFailure, Groups, GroupsFile, Membership};
use crate::problem::Problem;

/// The largest file that is read. It has room for a million people in a few groups each.
const MAX_FILE_BYTES: u64 = 128 << 20;

/// The groups of the configuration and of the groups file. A reload of the file replaces all of them
/// at once, so that readers never see half of it.
#[derive(Debug)]
pub struct CurrentGroups {
    configured: BTreeMap<String, Group>,
    initial_digest: Option<FileDigest>,
    current: RwLock<Arc<Groups>>,
}

impl CurrentGroups {
    /// Opens the groups of the configuration, and of the file, if there is one.
    ///
    /// # Errors
    ///
    /// A [`Problem`] when the file cannot be used.
    pub fn open(configured: BTreeMap<String, Group>, file: Option<&Path>) -> Result<Self, Problem> {
        let (file, initial_digest) = match file {
            None => (GroupsFile::default(), None),
            Some(path) => {
                let bytes = load(path)?;
                (parse(path, &bytes)?, Some(FileDigest::of(&bytes)))
            }
        };
        Ok(Self {
            current: RwLock::new(Arc::new(Groups::new(&configured, &file))),
            configured,
            initial_digest,
        })
    }

    /// The digest of the groups file as it was opened.
    #[must_use]
    pub fn initial_digest(&self) -> Option<FileDigest> {
        self.initial_digest
    }

    /// The groups now.
    #[must_use]
    pub fn current(&self) -> Arc<Groups> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the groups of the file.
    pub fn replace_file(&self, file: &GroupsFile) {
        let groups = Arc::new(Groups::new(&self.configured, file));
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = groups;
    }
}

/// Logs the groups whose rule could not be evaluated for the user `subject`.
pub fn log_failures(subject: &str, membership: &Membership) {
    for GroupFailure { group, error } in &membership.failures {
        tracing::debug!(%group, %subject, "The rule of group {group} cannot tell about {subject}: {error}");
    }
}

/// Reads the bytes of the groups file at `path`.
///
/// # Errors
///
/// A [`Problem`] when it cannot be read.
pub fn load(path: &Path) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| {
        Problem::of_file(
            path,
            format!("cannot be read: {error}"),
            "check groups_file, and let the user panda-oidc runs as read it",
        )
    })?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Problem::of_file(
            path,
            "it is larger than 128 MiB",
            "is it the right file?",
        ));
    }
    Ok(bytes)
}

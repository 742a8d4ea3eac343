//! Opens the groups file, which is kept beside the configuration.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::crypto::identifiers::FileDigest;
use crate::people::groups_file::parse;
use crate::people::{Group, Groups};
use crate::problem::Problem;

/// The largest file that is read. It has room for a million people in a few groups each.
const MAX_FILE_BYTES: u64 = 128 << 20;

/// Opens the groups of the configuration, and of the file, if there is one.
///
/// # Errors
///
/// A [`Problem`] when the file cannot be used.
pub fn open(configured: BTreeMap<String, Group>, file: Option<&Path>) -> Result<Groups, Problem> {
    let file = file.map(|path| {
        let bytes = load(path)?;
        Ok((parse(path, &bytes)?, FileDigest::of(&bytes)))
    });
    Ok(Groups::new(configured, file.transpose()?))
}

/// Reads the bytes of the file at `path`.
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

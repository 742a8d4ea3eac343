//! Directories for files that must be durable and private to their owner.

use std::fs;
use std::io;
use std::path::Path;

/// The directory of `file`.
pub(crate) fn parent_of(file: &Path) -> &Path {
    let folder = file.parent();
    folder
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Creates `folder` and its missing ancestors with access for their owner only. Existing
/// directories stay as they are. On return the new directories are on disk.
pub(crate) fn create(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    for created in missing {
        sync(parent_of(created))?;
    }
    Ok(())
}

/// Flushes the entries of `folder` to disk.
#[cfg(unix)]
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// On other systems a directory cannot be opened as a file, and its entries are journalled.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "same signature as on unix")]
pub(crate) fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

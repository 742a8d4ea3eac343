//! Folders for files that must not be lost, nor read by others.

use std::fs;
use std::io;
use std::path::Path;

/// The folder `file` is in.
pub(crate) fn of(file: &Path) -> &Path {
    let folder = file.parent();
    folder
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Makes `folder`, and those above it, for their owner alone. What exists stays as it is. On return
/// those that were made are on disk.
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
    for made in missing {
        sync(of(made))?;
    }
    Ok(())
}

/// Has what was made in `folder` on disk.
#[cfg(unix)]
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Elsewhere a folder is not a file, and its entries are journalled.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on unix")]
pub(crate) fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

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
    for created in missing.iter().rev() {
        give_to_owner_of(parent_of(created), &fs::File::open(created)?);
    }
    for created in missing {
        sync(parent_of(created))?;
    }
    Ok(())
}

/// Checks that `folder` can be written, or created, without creating it.
pub(crate) fn check_writable(folder: &Path) -> io::Result<()> {
    let mut ancestors = folder.ancestors().map(|folder| match folder {
        empty if empty.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    });
    let existing = ancestors.find(|folder| folder.exists());
    // The file never has a name, or loses it at once.
    tempfile::tempfile_in(existing.unwrap_or(folder)).map(drop)
}

/// Gives `created` to the owner of `folder`, when root has created it there. The provider runs as that
/// owner, and could not open what the first command of root has left.
#[cfg(unix)]
pub(crate) fn give_to_owner_of(folder: &Path, created: &fs::File) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let (Ok(created_as), Ok(owner)) = (created.metadata(), folder.metadata()) else {
        return;
    };
    if created_as.uid() == 0 && owner.uid() != 0 {
        // Root may lack the right to do this in a sandbox. Then the file stays its own, and `check` says so.
        let _ = fchown(created, Some(owner.uid()), Some(owner.gid()));
    }
}

/// On other systems a new file inherits the rights of its folder.
#[cfg(not(unix))]
pub(crate) fn give_to_owner_of(_: &Path, _: &fs::File) {}

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

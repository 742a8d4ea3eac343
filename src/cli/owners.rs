//! Who owns the files of the provider. Root may open every file, so only their owners tell root whether the
//! provider's user may.

use panda_oidc::config::Config;

/// Whether this process runs as root.
#[cfg(unix)]
pub(super) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Warns root about files that belong to another user than their folder.
#[cfg(unix)]
pub(super) fn check(config: &Config) -> Vec<String> {
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;
    if !is_root() {
        return Vec::new();
    }
    let owner = |path: &Path| std::fs::metadata(path).ok().map(|file| file.uid());
    let files = [
        config.store.file(),
        Some(config.keys.master_key_file.as_path()),
    ];
    let mut warnings = Vec::new();
    for file in files.into_iter().flatten() {
        for path in file.ancestors().take(2) {
            let Some(folder) = path.parent() else {
                continue;
            };
            let (Some(owner), Some(folder_owner)) = (owner(path), owner(folder)) else {
                continue;
            };
            if owner != folder_owner && folder_owner != 0 {
                let (path, folder) = (path.display(), folder.display());
                warnings.push(format!(
                    "{path} belongs to user {owner}, and its folder {folder} to user {folder_owner}, who may be \
                     unable to open it; run: chown -R --reference={folder} {path}"
                ));
            }
        }
    }
    warnings.dedup();
    warnings
}

/// Other systems have no root.
#[cfg(not(unix))]
pub(super) fn is_root() -> bool {
    false
}

/// Other systems have no root.
#[cfg(not(unix))]
pub(super) fn check(_: &Config) -> Vec<String> {
    Vec::new()
}

//! The master key file, and the keys that are derived from the master key.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::hkdf;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{AuditKey, KEY_BYTES, Purpose, Sealer, TicketHasher};
use crate::crypto::refresh_token::RefreshTokenChain;
use crate::private_dir;

/// The key from which all others are derived.
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

/// Why the master key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file could not be read or created.
    #[error(
        "the master key file {} could not be {verb} ({why}); let the user panda-oidc runs as \
         use it and its folder", path.display()
    )]
    File {
        /// The file, as configured.
        path: PathBuf,
        /// What was tried.
        verb: &'static str,
        /// Why it failed.
        why: io::Error,
    },
    /// The file does not hold a key.
    #[error(
        "{} is not a master key: it must hold 32 bytes in base64. Restore it from the backup; \
         without it the signing keys in the store are lost", .0.display()
    )]
    NotAKey(PathBuf),
    /// The file is missing, but the store still holds keys that were sealed with it.
    #[error(
        "the master key file {} is missing, and the signing keys in the store open with no other. \
         Restore it from the backup. If it is lost: save the linked accounts with `panda-oidc links \
         export`, move the store away as well, start, and import them. Everybody signs in anew then, \
         apps have to fetch new keys, and the record of leavers is lost", .0.display()
    )]
    Missing(PathBuf),
    /// The file holds another key than the one that sealed the keys in the store.
    #[error(
        "{} is not the master key that the signing keys in the store were sealed with; restore \
         that one from the backup", .0.display()
    )]
    Other(PathBuf),
}

impl MasterKey {
    /// A new key.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Reads the key at `path`. If there is none, creates one that only its owner can read.
    ///
    /// Processes that start at the same time get the same key.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError`] when the file cannot be read or created, or holds no key.
    pub fn open(path: &Path, rng: &mut impl CryptoRng) -> Result<Self, MasterKeyError> {
        match read(path) {
            Err(MasterKeyError::File { why, .. }) if why.kind() == io::ErrorKind::NotFound => {
                let key = Self::random(rng);
                match key.create(path, rng.next_u64()) {
                    Ok(()) => Ok(key),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path),
                    Err(why) => Err(MasterKeyError::File {
                        path: path.to_owned(),
                        verb: "made",
                        why,
                    }),
                }
            }
            other => other,
        }
    }

    /// Reads the key at `path`, and never creates one: a new key could not open what the old one
    /// sealed.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError`] when the file cannot be read, or holds no key.
    pub fn existing(path: &Path) -> Result<Self, MasterKeyError> {
        read(path).map_err(|error| match error {
            MasterKeyError::File { why, path, .. } if why.kind() == io::ErrorKind::NotFound => {
                MasterKeyError::Missing(path)
            }
            other => other,
        })
    }

    /// Checks that [`open`](Self::open) could create the key at `path`, without creating anything.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError::File`] when its folder cannot be written.
    pub fn check_creatable(path: &Path) -> Result<(), MasterKeyError> {
        private_dir::check_writable(private_dir::parent_of(path)).map_err(|why| {
            MasterKeyError::File {
                path: path.to_owned(),
                verb: "made",
                why,
            }
        })
    }

    /// Writes the key to a draft beside `path` and links it to `path`, so that a crash leaves a
    /// complete key or none.
    fn create(&self, path: &Path, draft: u64) -> io::Result<()> {
        let folder = private_dir::parent_of(path);
        private_dir::create(folder)?;
        let draft = path.with_extension(format!("draft-{draft:016x}"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        private_dir::give_to_owner_of(folder, &file);
        let text = Zeroizing::new(BASE64_STANDARD.encode(self.0.as_slice()) + "\n");
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        let linked = written.and_then(|()| fs::hard_link(&draft, path));
        fs::remove_file(&draft)?;
        linked?;
        private_dir::sync(folder)
    }

    /// The sealer for one purpose.
    #[must_use]
    pub fn sealer(&self, purpose: Purpose) -> Sealer {
        Sealer::new(&self.derive(purpose.label()))
    }

    /// The hasher for tickets in the store.
    #[must_use]
    pub fn ticket_hasher(&self) -> TicketHasher {
        TicketHasher::new(&self.derive(b"tickets"))
    }

    /// The chain that derives a refresh token from its predecessor.
    #[must_use]
    pub fn refresh_token_chain(&self) -> RefreshTokenChain {
        RefreshTokenChain::new(self.derive(b"refresh tokens").as_slice())
    }

    /// The key that authenticates the audit log.
    #[must_use]
    pub fn audit_key(&self) -> AuditKey {
        AuditKey::new(&self.derive(b"audit log"))
    }

    fn derive(&self, label: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"panda-oidc")
            .extract(self.0.as_slice())
            .expand(&[label], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(key.as_mut_slice()))
            .expect("32 bytes are within what HKDF-SHA256 gives");
        key
    }
}

fn read(path: &Path) -> Result<MasterKey, MasterKeyError> {
    let text = fs::read(path)
        .map(Zeroizing::new)
        .map_err(|why| MasterKeyError::File {
            path: path.to_owned(),
            verb: "read",
            why,
        })?;
    warn_if_world_readable(path);
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    match BASE64_STANDARD.decode_slice(text.trim_ascii(), bytes.as_mut_slice()) {
        Ok(KEY_BYTES) => Ok(MasterKey(bytes)),
        _ => Err(MasterKeyError::NotAKey(path.to_owned())),
    }
}

#[cfg(unix)]
fn warn_if_world_readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o007 != 0) {
        tracing::warn!(
            "keys.master_key_file: everybody on this machine can read {file}, and with it forge \
             logins; run: chmod 600 {file}",
            file = path.display()
        );
    }
}

#[cfg(not(unix))]
fn warn_if_world_readable(_: &Path) {}

#[cfg(test)]
impl From<[u8; KEY_BYTES]> for MasterKey {
    fn from(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::master_key::*;

    #[test]
    fn a_master_key_is_created_once_with_mode_0600_and_then_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/master.key");
        let created = MasterKey::open(&path, &mut rand::rng()).unwrap();
        let read = MasterKey::open(&path, &mut rand::rng()).unwrap();
        assert_eq!(created.0, read.0);
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "no draft is left"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            assert_eq!(mode(path.parent().unwrap()), 0o700);
        }
    }

    #[test]
    fn processes_that_start_at_the_same_time_get_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let open = || MasterKey::open(&path, &mut rand::rng()).unwrap().0;
        let keys: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect()
        });
        assert!(keys.iter().all(|key| *key == open()));
    }

    #[test]
    fn a_file_that_holds_no_key_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        fs::write(&path, "").unwrap();
        let error = MasterKey::open(&path, &mut rand::rng()).err().unwrap();
        assert!(matches!(error, MasterKeyError::NotAKey(_)));
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }
}

//! The master key, and what it seals: signing keys in the store, state in cookies, the names of
//! tickets.
//!
//! One 256-bit key in a file of the operator's; every use has its own key derived from it (HKDF,
//! RFC 5869), so that nothing sealed for one purpose can be opened for another.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use panda_oidc_sdk::Ticket;
use rand::CryptoRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::folder;
use crate::handle::Digest;
use crate::refresh_token::Successors;

const KEY_BYTES: usize = 32;

/// The key from which all others are derived.
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file system said no.
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
    /// The file holds something else.
    #[error(
        "{} is not a master key: it must hold 32 bytes in base64. Restore it from the backup; \
         without it the signing keys in the store are lost", .0.display()
    )]
    NotAKey(PathBuf),
    /// There is no file, and what it sealed is still there.
    #[error(
        "the master key file {} is missing, and the signing keys in the store open with no other. \
         Restore it from the backup. If it is lost, move the store away as well: everybody logs in \
         anew then, and apps have to fetch new keys", .0.display()
    )]
    Missing(PathBuf),
    /// The file holds another key than the one that sealed.
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

    /// Reads the key at `path`; makes one there, readable by its owner alone, if there is none.
    ///
    /// Of processes that start at once, all end up with the same key.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError`] when the file cannot be read or made, or holds no key.
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

    /// Reads the key at `path`, which has sealed what is still there: no new one could open it.
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

    /// Writes the key beside `path` and links it there, so that a crash leaves a whole key or none.
    fn create(&self, path: &Path, draft: u64) -> io::Result<()> {
        let folder = folder::of(path);
        folder::create(folder)?;
        let draft = path.with_extension(format!("draft-{draft:016x}"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        let text = Zeroizing::new(BASE64_STANDARD.encode(self.0.as_slice()) + "\n");
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        let linked = written.and_then(|()| fs::hard_link(&draft, path));
        fs::remove_file(&draft)?;
        linked?;
        folder::sync(folder)
    }

    /// What seals for one purpose.
    ///
    /// # Panics
    ///
    /// Never: AES-256-GCM takes every 32-byte key.
    #[must_use]
    pub fn sealer(&self, purpose: Purpose) -> Sealer {
        let key = self.derive(purpose.label());
        Sealer(RandomizedNonceKey::new(&AES_256_GCM, key.as_slice()).expect("a key of 32 bytes"))
    }

    /// What names tickets in the store.
    #[must_use]
    pub fn ticket_namer(&self) -> TicketNamer {
        TicketNamer(hmac::Key::new(
            hmac::HMAC_SHA256,
            self.derive(b"tickets").as_slice(),
        ))
    }

    /// What derives a refresh token from the one before it.
    #[must_use]
    pub fn successors(&self) -> Successors {
        Successors::new(self.derive(b"refresh tokens").as_slice())
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
    warn_if_shown(path);
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    match BASE64_STANDARD.decode_slice(text.trim_ascii(), bytes.as_mut_slice()) {
        Ok(KEY_BYTES) => Ok(MasterKey(bytes)),
        _ => Err(MasterKeyError::NotAKey(path.to_owned())),
    }
}

#[cfg(unix)]
fn warn_if_shown(path: &Path) {
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
fn warn_if_shown(_: &Path) {}

/// What a [`Sealer`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signing keys in the store.
    SigningKeys,
    /// Authorization requests that wait in a cookie.
    ParkedRequests,
    /// Changes of user that wait for a yes, in a cookie.
    Switches,
    /// Logouts that wait for a yes, in a form.
    Logouts,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::SigningKeys => b"signing keys",
            Self::ParkedRequests => b"parked requests",
            Self::Switches => b"switches",
            Self::Logouts => b"logouts",
        }
    }
}

/// Seals for one purpose: AES-256-GCM with a random nonce a message.
pub struct Sealer(RandomizedNonceKey);

impl Sealer {
    /// Seals `plain`; `context` must be given again to open it.
    ///
    /// # Panics
    ///
    /// When the machine's randomness fails.
    #[must_use]
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Vec<u8> {
        let mut sealed = plain.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(context), &mut sealed)
            .expect("sealing fails only without randomness");
        sealed.extend_from_slice(nonce.as_ref());
        sealed
    }

    /// Opens what [`Sealer::seal`] sealed in the same context; `None` if it was not, or was changed.
    #[must_use]
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (sealed, nonce) = sealed.split_at_checked(sealed.len().checked_sub(NONCE_LEN)?)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(context), &mut plain)
            .ok()?
            .len();
        plain.truncate(length);
        Some(plain)
    }
}

impl Sealer {
    /// Seals a value as text that fits into a cookie; `None` when it cannot be written as JSON.
    #[must_use]
    pub fn seal_text<T: Serialize>(&self, value: &T, context: &[u8]) -> Option<String> {
        let plain = Zeroizing::new(serde_json::to_vec(value).ok()?);
        Some(BASE64_URL_SAFE_NO_PAD.encode(self.seal(&plain, context)))
    }

    /// Reads what [`Sealer::seal_text`] wrote in the same context; `None` for any other text.
    #[must_use]
    pub fn open_text<T: DeserializeOwned>(&self, text: &str, context: &[u8]) -> Option<T> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_slice(&self.open(&sealed, context)?).ok()
    }
}

/// Gives a ticket the name under which its owner is remembered: a keyed digest, since a ticket may
/// be short enough to guess.
#[derive(Clone)]
pub struct TicketNamer(hmac::Key);

impl TicketNamer {
    /// The name of `ticket`.
    ///
    /// What a portal might take for the same ticket gets the same name: databases behind such
    /// portals often compare without regard to case, width, accents, blanks and characters without
    /// a width, and a stolen ticket must not become another one by writing it in capitals.
    #[must_use]
    pub fn name(&self, ticket: &Ticket) -> Digest {
        use unicode_normalization::UnicodeNormalization as _;
        use unicode_normalization::char::is_combining_mark;
        let folded: Zeroizing<String> = Zeroizing::new(
            ticket
                .expose()
                .nfkd()
                .flat_map(char::to_lowercase)
                .nfkd()
                .filter(|c| c.is_ascii_graphic() || c.is_alphanumeric() && !is_combining_mark(*c))
                .collect(),
        );
        let mut name = [0; 32];
        name.copy_from_slice(hmac::sign(&self.0, folded.as_bytes()).as_ref());
        Digest::from(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> MasterKey {
        MasterKey(Zeroizing::new([7; KEY_BYTES]))
    }

    #[test]
    fn a_master_key_is_made_once_with_mode_0600_and_then_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/master.key");
        let made = MasterKey::open(&path, &mut rand::rng()).unwrap();
        let read = MasterKey::open(&path, &mut rand::rng()).unwrap();
        assert_eq!(made.0, read.0);
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
    fn of_processes_that_start_at_once_all_have_the_same_key() {
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
    fn a_file_that_is_no_key_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        fs::write(&path, "").unwrap();
        let error = MasterKey::open(&path, &mut rand::rng()).err().unwrap();
        assert!(matches!(error, MasterKeyError::NotAKey(_)));
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }

    #[test]
    fn what_is_sealed_opens_in_its_context_and_for_its_purpose_only() {
        let parked = key().sealer(Purpose::ParkedRequests);
        let sealed = parked.seal(b"scope=openid", b"browser 1");
        assert_eq!(
            parked.open(&sealed, b"browser 1").unwrap().as_slice(),
            b"scope=openid"
        );
        assert!(parked.open(&sealed, b"browser 2").is_none());
        assert!(
            key()
                .sealer(Purpose::Switches)
                .open(&sealed, b"browser 1")
                .is_none()
        );
    }

    /// N57 (CVE-2021-32791)
    #[test]
    fn n57_the_same_text_is_never_sealed_to_the_same_bytes() {
        let sealer = key().sealer(Purpose::ParkedRequests);
        assert_ne!(sealer.seal(b"same", b""), sealer.seal(b"same", b""));
    }

    #[test]
    fn spellings_a_portal_may_take_for_one_ticket_have_one_name() {
        let namer = key().ticket_namer();
        let name = |ticket: &str| namer.name(&Ticket::new(ticket.to_owned()));
        for spelling in [
            "ABC-1",
            "abc-1 ",
            " aBc-1",
            "ａｂｃ-1",
            "abc-1\u{3000}",
            "a\u{301}bc-1",
            "\u{e1}bc\u{200b}-1",
        ] {
            assert_eq!(name(spelling), name("abc-1"), "{spelling:?}");
        }
        assert_ne!(name("abc-2"), name("abc-1"));
    }

    proptest! {
        #[test]
        fn no_bytes_but_our_own_open(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(key().sealer(Purpose::Switches).open(&bytes, b"").is_none());
        }
    }
}

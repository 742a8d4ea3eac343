//! A configuration file. It is read once, because it may be a pipe. Error messages never quote a line
//! of it, because the line may contain a secret.

use std::io::ErrorKind;
use std::path::{Path, PathBuf, absolute};

use figment::providers::{Data, Format as _, Toml};
use figment::value::{Dict, Map};
use figment::{Error, Metadata, Profile, Provider, Source};

use crate::problem::{Problem, with_position};

/// The TOML of a file, with its path.
pub(super) struct File {
    path: PathBuf,
    is_regular: bool,
    toml: Data<Toml>,
}

impl File {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// A [`Problem`] when the file cannot be read, or is not TOML.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let path = &absolute(path).unwrap_or_else(|_| path.to_owned());
        let problem = |problem: String, remedy: &str| Problem::of_file(path, problem, remedy);
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            ErrorKind::InvalidData => problem("it is not UTF-8".to_owned(), "save it as UTF-8"),
            ErrorKind::PermissionDenied => problem(
                format!("cannot be read: {error}"),
                "let the user panda-oidc runs as read it",
            ),
            _ => problem(
                format!("cannot be read: {error}"),
                "check the path given by --config",
            ),
        })?;
        check_syntax(&text).map_err(|description| {
            problem(
                description,
                "correct that line; config/panda-oidc.toml shows how each is written",
            )
        })?;
        Ok(Self {
            is_regular: path.is_file(),
            path: path.clone(),
            toml: Toml::string(&text),
        })
    }

    /// The path, unless it is that of a pipe, which no other file lies beside.
    pub(super) fn regular_path(&self) -> Option<&Path> {
        self.is_regular.then_some(self.path.as_path())
    }
}

/// Checks that `text` is TOML. The parser's own message is not used: it shows the line, which may
/// contain a secret.
fn check_syntax(text: &str) -> Result<(), String> {
    let Err(error) = toml::from_str::<toml::Table>(text) else {
        return Ok(());
    };
    Err(with_position(text, &error))
}

impl Provider for File {
    fn metadata(&self) -> Metadata {
        match self.regular_path() {
            Some(path) => Metadata::from("TOML file", Source::File(path.to_owned())),
            None => Metadata::named(self.path.display().to_string()),
        }
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        self.toml.data()
    }
}

//! A configuration file: read once, since it may be a pipe, and told about without a line of it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use figment::providers::{Data, Format as _, Toml};
use figment::value::{Dict, Map};
use figment::{Error, Metadata, Profile, Provider, Source};

use crate::problem::{Problem, placed};

/// The TOML of a file, which knows where it came from.
pub(super) struct File {
    path: PathBuf,
    toml: Data<Toml>,
}

impl File {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// A [`Problem`] when it cannot be read, or is not TOML.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let problem = |problem, remedy: &str| Problem {
            origin: Some(path.display().to_string()),
            key: String::new(),
            problem,
            remedy: remedy.to_owned(),
        };
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
        syntax(&text).map_err(|told| {
            problem(
                told,
                "correct that line; config/panda-oidc.toml shows how each is written",
            )
        })?;
        Ok(Self {
            path: path.to_owned(),
            toml: Toml::string(&text),
        })
    }
}

/// What keeps `text` from being TOML. The parser would show the line, and a secret may stand in it.
fn syntax(text: &str) -> Result<(), String> {
    let Err(error) = toml::from_str::<toml::Table>(text) else {
        return Ok(());
    };
    Err(placed(text, &error))
}

impl Provider for File {
    fn metadata(&self) -> Metadata {
        Metadata::from("TOML file", Source::File(self.path.clone()))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        self.toml.data()
    }
}

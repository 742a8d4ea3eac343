//! `clients_dir`: a folder with one client a file. Each `*.toml` holds the keys of one `[[clients]]`.
//!
//! The clients of the folder come after those of the files, by file name. A file whose name begins with a dot
//! is passed over: editors and configuration management keep unfinished files under such names.

use std::path::{Path, PathBuf};

use figment::value::magic::RelativePathBuf;
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

use super::file::File;
use super::paths::FilePath;
use crate::problem::Problem;

/// The key of the folder.
const KEY: &str = "clients_dir";

/// The files of the clients in the folder.
#[derive(Default)]
pub(super) struct ClientFiles {
    /// How many clients come before those of the folder.
    first: usize,
    paths: Vec<PathBuf>,
}

impl ClientFiles {
    /// `problems`, of which those of a client in the folder name its file, and the key as it is written
    /// there.
    pub(super) fn name_in(&self, problems: Vec<Problem>) -> Vec<Problem> {
        let named = problems
            .into_iter()
            .map(|problem| self.named(&problem).unwrap_or(problem));
        named.collect()
    }

    fn named(&self, problem: &Problem) -> Option<Problem> {
        let (index, key) = problem.key.strip_prefix("clients[")?.split_once(']')?;
        let index = index.parse::<usize>().ok()?.checked_sub(self.first)?;
        let path = self.paths.get(index)?;
        Some(Problem {
            origin: Some(path.display().to_string()),
            key: key.trim_start_matches('.').to_owned(),
            ..problem.clone()
        })
    }
}

/// Appends the clients of the folder that `source` names.
///
/// # Errors
///
/// The problems of the folder, and of each file that cannot be read or is not TOML.
pub(super) fn append(mut source: Figment) -> Result<(Figment, ClientFiles), Vec<Problem>> {
    // A value of another type is reported with the other keys.
    if !source.contains(KEY) || source.extract_inner::<RelativePathBuf>(KEY).is_err() {
        return Ok((source, ClientFiles::default()));
    }
    let folder = source
        .extract_inner::<FilePath>(KEY)
        .map_err(|error| vec![Problem::from_figment(error)])?
        .into_path();
    let paths = files_in(&folder).map_err(|error| {
        vec![Problem {
            origin: source.find_metadata(KEY).map(crate::problem::origin),
            key: KEY.to_owned(),
            problem: format!("{} cannot be read: {error}", folder.display()),
            remedy: "write the path of a folder that the user panda-oidc runs as can read"
                .to_owned(),
        }]
    })?;
    let first = source
        .find_value("clients")
        .ok()
        .and_then(|clients| clients.as_array().map(<[Value]>::len))
        .unwrap_or_default();
    let mut problems = Vec::new();
    for path in &paths {
        match File::read(path) {
            Ok(file) => source = source.admerge(OneClient(file)),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok((source, ClientFiles { first, paths }))
}

/// The files of clients in `folder`, by name.
pub(super) fn files_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.extension().is_some_and(|it| it == "toml") && !is_hidden {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// A file with the keys of one client.
struct OneClient(File);

impl Provider for OneClient {
    fn metadata(&self) -> Metadata {
        self.0.metadata()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut profiles = self.0.data()?;
        let client = profiles.remove(&Profile::Default).unwrap_or_default();
        let clients = Value::from(vec![Value::from(client)]);
        let document = Dict::from([("clients".to_owned(), clients)]);
        Ok(Map::from([(Profile::Default, document)]))
    }
}

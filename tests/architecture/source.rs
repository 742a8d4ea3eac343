//! The files of `src/`: the module of each, the items it defines, and every path it names.

mod reader;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// The path of an item or a module. `["oauth", "client", "Client"]` starts at the root of this
/// package; `["::", "axum", "body", "Bytes"]` is in another crate.
pub type ItemPath = Vec<String>;

/// A place that names a path.
#[derive(Debug, Clone)]
pub struct Mention {
    pub path: ItemPath,
    pub line: usize,
}

impl Mention {
    /// The path including the crate name, if it is in another crate.
    pub fn external(&self) -> Option<&[String]> {
        self.path.strip_prefix(["::".to_owned()].as_slice())
    }
}

/// One file under `src/`, without its test modules.
#[derive(Debug)]
pub struct SourceFile {
    /// The path relative to the package: `src/oauth/client.rs`.
    pub name: String,
    /// The module that the file defines: `["oauth", "client"]`.
    pub module: ItemPath,
    /// The paths that the file imports or names.
    pub mentions: Vec<Mention>,
    /// The lines with `async` or `.await`.
    pub asynchronous: Vec<usize>,
    /// The string literals, with their lines. Inside macros: all literals, with their quotes.
    pub literals: Vec<(String, usize)>,
    /// The macros that the file calls, without their paths, with their lines.
    pub macros: Vec<(String, usize)>,
    /// The methods that the file calls, with their lines.
    pub methods: Vec<(String, usize)>,
    defines: Vec<String>,
    reexports: HashMap<String, ItemPath>,
    reexports_all: Vec<ItemPath>,
}

/// All files under `src/`.
pub struct Source {
    pub files: Vec<SourceFile>,
    by_module: BTreeMap<ItemPath, usize>,
}

/// The crate names under which this package refers to itself.
const OWN_CRATES: [&str; 2] = ["crate", "panda_oidc"];

impl Source {
    /// Reads every file below `package/src`.
    pub fn read(package: &Path) -> Self {
        let paths = rust_files(&package.join("src")).into_iter();
        let paths = paths.filter(|path| !is_test(path.strip_prefix(package).unwrap()));
        let files: Vec<_> = paths.map(|path| reader::read(package, &path)).collect();
        let modules = files.iter().enumerate();
        let by_module = modules.map(|(index, file)| (file.module.clone(), index));
        Self {
            by_module: by_module.collect(),
            files,
        }
    }

    /// The file that defines the item at `path`; re-exports are followed. `None` if the item is not
    /// in `src/`, or if `path` is only a module, as in `use crate::oauth`: the paths that are named
    /// through that import count instead.
    pub fn defining_file(&self, path: &[String]) -> Option<usize> {
        self.resolve(path, 0)
    }

    fn resolve(&self, path: &[String], depth: usize) -> Option<usize> {
        let module = (0..=path.len())
            .rev()
            .find(|len| self.by_module.contains_key(&path[..*len]))?;
        let file = self.by_module[&path[..module]];
        let item = path.get(module)?;
        let source = &self.files[file];
        if source.defines.contains(item) || item == "*" {
            return Some(file);
        }
        if depth > 8 {
            return None;
        }
        if let Some(target) = source.reexports.get(item) {
            let target = [target.as_slice(), &path[module + 1..]].concat();
            return self.resolve(&target, depth + 1);
        }
        source.reexports_all.iter().find_map(|target| {
            let target = [target.as_slice(), &path[module..]].concat();
            self.resolve(&target, depth + 1)
        })
    }
}

/// The Rust files below `folder`, sorted.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(folder, &mut files);
    files.sort();
    files
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// Whether a file has only tests: it, or a directory above it, is called `tests`.
fn is_test(path: &Path) -> bool {
    path.with_extension("").iter().any(|part| part == "tests")
}

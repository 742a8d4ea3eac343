//! Environment variables. They override the files: `PANDA_OIDC__SERVER__LISTEN`, and for an entry of a list
//! `PANDA_OIDC__CLIENTS__0__CLIENT_SECRET`.
//!
//! A variable is text, and figment takes `8001`, `true` or `1e5` for a number or a boolean. Only the key knows
//! what it takes. So a value of the wrong type is read again, as what the key takes.

use std::collections::{BTreeMap, BTreeSet};

use figment::error::{Actual, Kind};
use figment::providers::{Env, Serialized};
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

use crate::problem::Problem;

/// The prefix of the variables.
const PREFIX: &str = "PANDA_OIDC__";

/// The variables, by the path of their key: `server.listen`.
#[derive(Clone, Default)]
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the variables of this process.
    pub(super) fn read() -> Self {
        let variables = Env::prefixed(PREFIX).split("__");
        let by_path = variables
            .iter()
            .map(|(path, text)| (path.to_string(), text));
        Self(by_path.collect())
    }

    /// Merges the variables into what the files say.
    ///
    /// # Errors
    ///
    /// A [`Problem`] for each variable of a list's entry that the files do not have.
    pub(super) fn override_files(&self, mut files: Figment) -> Result<Figment, Vec<Problem>> {
        let (entries, keys): (Vec<_>, Vec<_>) = self.0.iter().partition(|(path, _)| {
            path.split('.')
                .any(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        });
        let mut problems = Vec::new();
        for (path, text) in entries {
            match with_entry(&files, path, text) {
                Some(changed) => files = files.merge(changed),
                None => problems.push(Problem {
                    origin: Some("environment".to_owned()),
                    key: path.clone(),
                    problem: "the files have no such entry to change".to_owned(),
                    remedy: "entries are counted from 0; write a new one into a file".to_owned(),
                }),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        for (path, text) in keys {
            files = files.merge(Changed {
                metadata: Some(Metadata::named("environment variable")),
                path: path.clone(),
                value: value_of(text),
            });
        }
        Ok(files)
    }

    /// The variables of one section.
    pub(super) fn section(&self, name: &str) -> Self {
        let of_section = self.0.iter().filter_map(|(path, text)| {
            let key = path.strip_prefix(name)?.strip_prefix('.')?;
            Some((key.to_owned(), text.clone()))
        });
        Self(of_section.collect())
    }

    /// Reads `source`, and each variable of the wrong type once more as what its key takes.
    pub(super) fn extract<T, E>(
        &self,
        source: &mut Figment,
        read: impl Fn(&Figment) -> Result<T, E>,
        figment_error: impl Fn(&E) -> Option<&Error>,
    ) -> Result<T, E> {
        let mut retyped = BTreeSet::new();
        loop {
            let error = match read(source) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some((path, value)) = figment_error(&error).and_then(|error| self.retype(error))
            else {
                return Err(error);
            };
            if !retyped.insert((path.clone(), format!("{value:?}"))) {
                return Err(error);
            }
            let changed = with_value(source, &path, &value).unwrap_or_else(|| Changed {
                metadata: source.find_metadata(&path).cloned(),
                path,
                value,
            });
            *source = source.clone().merge(changed);
        }
    }

    /// The path of the variable that `error` is about, and its text as a value of the type that is wanted.
    fn retype(&self, error: &Error) -> Option<(String, Value)> {
        let Kind::InvalidType(actual, expected) = &error.kind else {
            return None;
        };
        let path = error.path.join(".");
        if let Some(text) = self.0.get(&path) {
            let value = value_for(text.trim(), actual, expected)?;
            return Some((path, value));
        }
        // An entry of a list that is one variable: all entries are texts then.
        let (list, entry) = path.rsplit_once('.')?;
        let text = self.0.get(list)?;
        entry.parse::<usize>().ok()?;
        Some((list.to_owned(), list_of(text.trim())))
    }
}

/// `text` as a value of the type that is wanted, after it was taken for `actual`.
fn value_for(text: &str, actual: &Actual, expected: &str) -> Option<Value> {
    let wants = |words: &[&str]| words.iter().any(|word| expected.contains(word));
    if wants(&["sequence"]) {
        return Some(list_of(text));
    }
    let wants_number = matches!(
        expected.as_bytes(),
        [b'u' | b'i' | b'f', b'0'..=b'9' | b's', ..]
    );
    let Actual::Str(unquoted) = actual else {
        let wants_text = !wants_number && !wants(&["boolean"]);
        return wants_text.then(|| Value::from(text));
    };
    let unquoted = unquoted.trim();
    if wants(&["boolean"]) {
        let boolean = unquoted.to_ascii_lowercase().parse::<bool>().ok()?;
        return Some(Value::from(boolean));
    }
    let number = unquoted.parse::<u64>().ok().filter(|_| wants_number);
    number.map(Value::from)
}

/// The entries of a list, with or without brackets, as texts.
fn list_of(text: &str) -> Value {
    let inside = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let text = inside.unwrap_or(text);
    let entries = text.split(',').map(str::trim);
    let entries = entries.filter(|entry| !entry.is_empty()).map(|entry| {
        let quoted = ['"', '\''].into_iter();
        let mut unquoted =
            quoted.filter_map(|quote| entry.strip_prefix(quote)?.strip_suffix(quote));
        Value::from(unquoted.next().unwrap_or(entry))
    });
    Value::from(entries.collect::<Vec<_>>())
}

/// The list that the entry at `path` is in, with the entry's value taken from `text`.
fn with_entry(source: &Figment, path: &str, text: &str) -> Option<Changed> {
    with_value(source, path, &value_of(text))
}

/// A variable's text as figment reads it.
fn value_of(text: &str) -> Value {
    let Ok(value) = text.parse();
    value
}

/// The list that the entry at `path` is in, with `value` there. `None` if it is in no list.
fn with_value(source: &Figment, path: &str, value: &Value) -> Option<Changed> {
    let parts: Vec<&str> = path.split('.').collect();
    let index = parts
        .iter()
        .position(|part| part.parse::<usize>().is_ok())?;
    let list_path = parts[..index].join(".");
    let mut list = source.find_value(&list_path).ok()?;
    let mut place = &mut list;
    for part in &parts[index..] {
        place = match place {
            Value::Array(_, entries) => entries.get_mut(part.parse::<usize>().ok()?)?,
            Value::Dict(_, keys) => keys
                .entry((*part).to_owned())
                .or_insert_with(|| Value::from("")),
            _ => return None,
        };
    }
    *place = value.clone();
    Some(Changed {
        // The entries keep their file, which relative paths in them follow.
        metadata: source.find_metadata(&list_path).cloned(),
        path: list_path,
        value: list,
    })
}

/// A changed value. It keeps its origin.
struct Changed {
    metadata: Option<Metadata>,
    path: String,
    value: Value,
}

impl Provider for Changed {
    fn metadata(&self) -> Metadata {
        self.metadata.clone().unwrap_or_default()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Serialized::default(&self.path, self.value.clone()).data()
    }
}

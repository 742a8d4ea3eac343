//! Configuration errors: what is wrong, where, and how to fix it.

use std::fmt;
use std::fmt::Write as _;
use std::path::Path;

use figment::error::Kind;
use figment::{Error, Figment, Metadata, Source};
use panda_oidc_sdk::OpenError;

use crate::csv_text::cell::is_invisible;

/// One configuration error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or the environment that the value came from; `None` when the value is missing
    /// everywhere.
    pub origin: Option<String>,
    /// The key, with its section: `server.listen`, `clients[0].client_id`.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

/// One line for the log and the terminal. The parts may repeat what stands in the file.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Visible(f);
        if let Some(origin) = &self.origin {
            write!(line, "{origin}: ")?;
        }
        if !self.key.is_empty() {
            write!(line, "{}: ", self.key)?;
        }
        write!(line, "{}; {}", self.problem, self.remedy)
    }
}

/// Writes control characters, and others that nobody sees, as escapes.
struct Visible<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Visible<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| {
            if c.is_control() || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}') {
                write!(self.0, "{}", c.escape_default())
            } else {
                self.0.write_char(c)
            }
        })
    }
}

impl std::error::Error for Problem {}

impl Problem {
    /// A problem of the file at `path` as a whole, or of a place that `problem` names.
    #[must_use]
    pub fn of_file(path: &Path, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            origin: Some(path.display().to_string()),
            key: String::new(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// Converts an error of the plugin that reads `section`, whose settings are in `table`.
    #[must_use]
    pub fn of_section(section: &str, table: &Figment, error: OpenError) -> Self {
        match error {
            OpenError::Settings(error) => Self::in_section(section, Self::from_figment(*error)),
            OpenError::Unusable {
                key,
                problem,
                remedy,
            } => Self {
                origin: table.find_metadata(key).map(origin),
                key: format!("{section}.{key}"),
                problem,
                remedy,
            },
        }
    }

    /// A problem whose key is one of `section`.
    #[must_use]
    pub fn in_section(section: &str, problem: Self) -> Self {
        Self {
            key: format!("{section}.{}", problem.key),
            ..problem
        }
    }

    /// Converts an error of figment. Values are left out, since they may be secrets.
    #[must_use]
    pub fn from_figment(error: Error) -> Self {
        let origin = error.metadata.as_ref().map(origin);
        let mut path = error.path.clone();
        let (problem, remedy) = match error.kind {
            Kind::MissingField(name) => {
                ensure_last(&mut path, &name);
                (
                    "it is missing".to_owned(),
                    "add it; config/panda-oidc.toml explains every key".to_owned(),
                )
            }
            Kind::UnknownField(name, known) => {
                ensure_last(&mut path, &name);
                ("there is no such key".to_owned(), suggestion(&name, known))
            }
            Kind::UnknownVariant(name, known) => (
                format!("`{name}` is not a value for it"),
                suggestion(&name, known),
            ),
            Kind::InvalidType(actual, expected) => (
                format!("it is {}", kind_of(&actual)),
                format!("it takes {expected}"),
            ),
            Kind::InvalidValue(actual, expected) => (
                format!(
                    "this {} cannot be used",
                    kind_of(&actual).trim_start_matches("a ")
                ),
                format!("it takes {expected}"),
            ),
            Kind::Message(message) => (
                message,
                "config/panda-oidc.toml shows what it takes".to_owned(),
            ),
            other => (
                other.to_string(),
                "config/panda-oidc.toml shows what it takes".to_owned(),
            ),
        };
        Self {
            origin,
            key: key(&path),
            problem,
            remedy,
        }
    }
}

/// Appends the invalid key to the path, unless figment has already done so.
fn ensure_last(path: &mut Vec<String>, name: &str) {
    if path.last().is_none_or(|last| last != name) {
        path.push(name.to_owned());
    }
}

/// A path of figment as people write it: `clients.0.client_id` becomes `clients[0].client_id`.
fn key(path: &[String]) -> String {
    let mut key = String::new();
    for part in path {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            key.extend(["[", part, "]"]);
        } else if key.is_empty() {
            key.push_str(part);
        } else {
            key.extend([".", part]);
        }
    }
    key
}

/// Where a value came from: a file, or the environment.
pub(crate) fn origin(metadata: &Metadata) -> String {
    match &metadata.source {
        Some(Source::File(path)) => path.display().to_string(),
        _ if metadata.name.contains("environment") => "environment".to_owned(),
        _ => metadata.name.to_string(),
    }
}

fn kind_of(actual: &figment::error::Actual) -> &'static str {
    use figment::error::Actual;
    match actual {
        Actual::Bool(_) => "a boolean",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Char(_) | Actual::Str(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        _ => "something else",
    }
}

/// Suggests the known word closest to `written`, or lists them all.
fn suggestion(written: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|word| (strsim::jaro_winkler(written, word), word))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((similarity, word)) if similarity > 0.8 => format!("did you mean `{word}`?"),
        _ => format!("it is one of: {}", known.join(", ")),
    }
}

/// The message of a TOML error with its line and column. The line itself is left out, since it may
/// hold a secret.
pub(crate) fn with_position(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().replace('\n', ", ");
    let before = error.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => {
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            format!("line {line}, column {column}: {message}")
        }
        None => message,
    }
}

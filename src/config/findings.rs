//! Collects what is wrong with a configuration.

use figment::Figment;

use crate::problem::{Problem, origin};

/// Collects problems, knowing which file each key came from.
pub(super) struct Findings<'a> {
    source: &'a Figment,
    problems: Vec<Problem>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(source: &'a Figment) -> Self {
        Self {
            source,
            problems: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, key: &str, problem: impl Into<String>, remedy: impl Into<String>) {
        // figment knows lists as a whole.
        let whole = key.split(['[']).next().unwrap_or(key);
        self.problems.push(Problem {
            origin: self.source.find_metadata(whole).map(origin),
            key: key.to_owned(),
            problem: problem.into(),
            remedy: remedy.into(),
        });
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

//! Collects the problems of a configuration.

use figment::Figment;

use crate::problem::{Problem, origin};

/// Collects problems, each with the file that its key comes from.
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
        // figment has the origin of a list, but not of its entries.
        let key_before_index = key.split(['[']).next().unwrap_or(key);
        self.problems.push(Problem {
            origin: self.source.find_metadata(key_before_index).map(origin),
            key: key.to_owned(),
            problem: problem.into(),
            remedy: remedy.into(),
        });
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

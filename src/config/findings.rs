//! Collects the problems of a configuration.

use figment::Figment;

use crate::problem::{Problem, origin};

/// Collects problems and warnings, each with the file that its key comes from.
pub(super) struct Findings<'a> {
    source: &'a Figment,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(source: &'a Figment) -> Self {
        Self {
            source,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, key: &str, problem: impl Into<String>, remedy: impl Into<String>) {
        let problem = self.problem(key, problem.into(), remedy.into());
        self.problems.push(problem);
    }

    /// Reports what is allowed, but probably not meant.
    pub(super) fn warn(
        &mut self,
        key: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let warning = self.problem(key, problem.into(), remedy.into());
        self.warnings.push(warning);
    }

    fn problem(&self, key: &str, problem: String, remedy: String) -> Problem {
        // figment has the origin of a list, but not of its entries.
        let key_before_index = key.split(['[']).next().unwrap_or(key);
        Problem {
            origin: self.source.find_metadata(key_before_index).map(origin),
            key: key.to_owned(),
            problem,
            remedy,
        }
    }

    pub(super) fn into_problems_and_warnings(self) -> (Vec<Problem>, Vec<Problem>) {
        (self.problems, self.warnings)
    }
}

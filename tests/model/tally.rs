//! Counts what the sequences tried, and what came of it: a model that never reaches a case proves nothing
//! about it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use crate::step::Step;
use crate::world::Outcome;

static COUNTS: Mutex<BTreeMap<(String, String), usize>> = Mutex::new(BTreeMap::new());

/// Counts a step.
pub fn count(step: &Step, outcome: Outcome) {
    let step = format!("{step:?}");
    let kind = step.split(' ').next().unwrap_or_default().to_owned();
    let key = (kind, format!("{outcome:?}"));
    *COUNTS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(key)
        .or_default() += 1;
}

/// All counts, a line for each kind of step.
pub fn text() -> String {
    let counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut text = String::new();
    let mut last = "";
    for ((kind, outcome), count) in counts.iter() {
        if kind != last {
            let _ = write!(text, "\n{kind}:");
        }
        let _ = write!(text, " {outcome} {count}");
        last = kind;
    }
    text
}

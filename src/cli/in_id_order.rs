//! The order of ids in listings: numbers by their size, then texts. The store has them in the order of
//! texts.

use std::cmp::Ordering;
use std::mem;

/// How many rows are sorted at most. A longer list is nobody's to read from top to bottom, and stays in
/// the order of the store rather than in memory.
const MAX_SORTED: usize = 100_000;

/// Puts the rows of a listing into the order of their ids.
pub(super) struct InIdOrder<T> {
    rows: Vec<T>,
    is_too_long: bool,
}

impl<T> InIdOrder<T> {
    /// No rows yet.
    pub(super) fn new() -> Self {
        Self {
            rows: Vec::new(),
            is_too_long: false,
        }
    }

    /// Adds a row. Returns the rows to show at once: none, unless there are too many to be sorted.
    pub(super) fn add(&mut self, row: T) -> Vec<T> {
        self.rows.push(row);
        self.is_too_long |= self.rows.len() >= MAX_SORTED;
        if self.is_too_long {
            mem::take(&mut self.rows)
        } else {
            Vec::new()
        }
    }

    /// The remaining rows, sorted by the id that `id_of` returns. Rows of one id stay in their order.
    pub(super) fn finish(mut self, id_of: impl Fn(&T) -> &str) -> Vec<T> {
        self.rows.sort_by(|a, b| compare(id_of(a), id_of(b)));
        self.rows
    }
}

fn compare(a: &str, b: &str) -> Ordering {
    let is_text = |id: &str| !id.bytes().all(|byte| byte.is_ascii_digit());
    match (is_text(a), is_text(b)) {
        (false, false) => {
            let [one, other] = [a, b].map(|id| id.trim_start_matches('0'));
            let by_size = one.len().cmp(&other.len()).then_with(|| one.cmp(other));
            by_size.then_with(|| a.cmp(b))
        }
        (true, true) => a.cmp(b),
        (a, b) => a.cmp(&b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_by_their_size() {
        let mut rows = InIdOrder::new();
        for id in ["007", "1", "10", "100", "7", "9", "a1", "a10", "-1"] {
            assert!(rows.add(id).is_empty());
        }
        let order = ["1", "007", "7", "9", "10", "100", "-1", "a1", "a10"];
        assert_eq!(rows.finish(|id| id), order);
    }

    #[test]
    fn a_list_that_is_too_long_keeps_the_order_of_the_store() {
        let mut rows = InIdOrder::new();
        let shown: usize = (0..=MAX_SORTED).map(|_| rows.add("1").len()).sum();
        assert_eq!(shown, MAX_SORTED + 1);
        assert!(rows.finish(|id| id).is_empty());
    }
}

//! How long a file may be.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::assert_rule;
use super::source::rust_files;

/// A longer file probably holds two ideas.
const MAX_LINES: usize = 400;

#[test]
fn no_file_is_longer_than_400_lines() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut violations = BTreeSet::new();
    for folder in ["src", "plugins", "tests"] {
        for path in rust_files(&package.join(folder)) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            if lines > MAX_LINES {
                let name = path.strip_prefix(package).unwrap().display();
                violations.insert(format!("{name}: {lines} lines"));
            }
        }
    }
    assert_rule("A file may have at most 400 lines.", &violations);
}

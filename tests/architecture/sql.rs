//! Where SQL may be written.

use std::collections::BTreeSet;

use super::{SOURCE, assert_rule, forbid, top};

/// How SQL statements begin.
const STATEMENTS: &[&str] = &[
    "ALTER ",
    "ANALYZE",
    "ATTACH ",
    "BEGIN",
    "COMMIT",
    "CREATE ",
    "DELETE FROM ",
    "DETACH ",
    "DROP ",
    "END TRANSACTION",
    "EXPLAIN ",
    "INSERT ",
    "PRAGMA ",
    "REINDEX",
    "RELEASE ",
    "REPLACE ",
    "ROLLBACK",
    "SAVEPOINT ",
    "SELECT ",
    "UPDATE ",
    "VACUUM",
    "VALUES ",
    "WITH ",
];

/// Whether a literal, which may have its quotes, is an SQL statement.
fn is_sql(literal: &str) -> bool {
    let text = literal.trim_start_matches(['"', 'b', 'r', '#', '(']);
    // A new line after the verb counts like a space.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ") + " ";
    STATEMENTS
        .iter()
        .any(|statement| text.starts_with(statement))
}

#[test]
fn only_the_store_contains_sql() {
    let mut violations = BTreeSet::new();
    for file in SOURCE.files.iter().filter(|file| top(file) != "store") {
        let literals = file.literals.iter().filter(|(text, _)| is_sql(text));
        violations.extend(literals.map(|(text, line)| format!("{}:{line}: {text}", file.name)));
    }
    assert_rule("Only store/ may contain SQL.", &violations);
    forbid(
        "Only store/ may use the database driver.",
        |file| top(file) != "store",
        |path| {
            matches!(
                path[0].as_str(),
                "rusqlite" | "tokio_postgres" | "deadpool_postgres"
            )
        },
    );
}

#[test]
fn every_kind_of_statement_is_recognized() {
    for sql in [
        "SELECT 1",
        "\n    SELECT\n a",
        "r#\"WITH t AS (SELECT 1) DELETE FROM t\"#",
        "ALTER TABLE t ADD c",
        "REPLACE INTO t VALUES (1)",
        "INSERT OR IGNORE INTO t VALUES (1)",
        "CREATE UNIQUE INDEX i ON t (c)",
        "DROP TABLE t",
        "BEGIN IMMEDIATE",
        "COMMIT",
        "VACUUM",
    ] {
        assert!(is_sql(sql), "{sql}");
    }
    for other in ["DELETE", "the SELECT of a page", "with a space"] {
        assert!(!is_sql(other), "{other}");
    }
}

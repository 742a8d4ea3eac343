//! Copies one store into another under the eyes of an operator.

use indicatif::{ProgressBar, ProgressStyle};
use panda_oidc::error_chain::explain;
use panda_oidc::store::{CopyError, Existing, TableReader, TableWriter, copy};

use crate::cli::output::print;

/// Copies `source` to `target` with a bar, which is shown only on a terminal. Prints how many rows of each table
/// there are.
///
/// # Errors
///
/// Why nothing was copied; `replace` says how to let existing data be replaced.
pub(super) async fn copy_with_bar(
    source: &mut dyn TableReader,
    target: Box<dyn TableWriter>,
    existing: Existing,
    replace: &str,
) -> Result<(), String> {
    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} rows, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let copied = copy(source, target, existing, &progress).await;
    bar.finish_and_clear();
    let copied = copied.map_err(|error| match error {
        CopyError::NotEmpty { .. } => format!("{error}; {replace}"),
        CopyError::Differs(_) | CopyError::Store(_) => explain(&error),
    })?;
    print(&counts(&copied));
    Ok(())
}

/// The number of rows of each table, as people read them.
pub(super) fn counts(tables: &[(&'static str, u64)]) -> String {
    let counts = tables.iter().map(|(table, rows)| format!("{table} {rows}"));
    format!("rows: {}", counts.collect::<Vec<_>>().join(", "))
}

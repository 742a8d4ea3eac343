//! Reloads the groups file while the provider runs.
//!
//! New content is used only when two polls in a row read the same bytes, so that a file that is
//! still being written is not used. A file that cannot be used changes nothing.

use std::fs::Metadata;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::app::App;
use crate::app::groups::load;
use crate::app::live::LiveApp;
use crate::app::unmatched_names;
use crate::crypto::identifiers::FileDigest;
use crate::people::GroupsFile;
use crate::people::groups_file::parse;
use crate::problem::Problem;

/// The time between two polls of the file.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Follows the groups file of the application in use until the future is dropped.
pub async fn follow(live: LiveApp) {
    let mut app = live.current();
    let mut watch = Watch::of(&app);
    loop {
        tokio::time::sleep(POLL_INTERVAL).await;
        let current = live.current();
        if !Arc::ptr_eq(&current, &app) {
            // A reload has read the file itself.
            (watch, app) = (Watch::of(&current), current);
        }
        let Some(path) = app.groups_file.clone() else {
            continue;
        };
        let polled = tokio::task::spawn_blocking(move || {
            let change = watch.poll(&path);
            (watch, change, path)
        });
        let Ok((updated, change, path)) = polled.await else {
            return;
        };
        watch = updated;
        match change {
            Change::None => {}
            Change::File(groups_file) => {
                let (count, file) = (groups_file.groups.len(), path.display());
                app.groups.replace_file(&groups_file);
                tracing::info!("{file} was read again: {count} groups");
                // A group that a rule names may be gone, or spelt otherwise now.
                unmatched_names::warn(&app).await;
            }
            Change::Unusable(problem) => {
                tracing::error!("{problem}. The groups that were read before stay");
            }
        }
    }
}

/// What one poll of the file found.
enum Change {
    None,
    File(GroupsFile),
    Unusable(Problem),
}

/// The state between polls.
#[derive(Default)]
struct Watch {
    /// The modification time and size of the file at the last poll.
    stamp: Option<(SystemTime, u64)>,
    /// The content that was last processed, usable or not.
    processed: Option<FileDigest>,
    /// New content that one poll has seen.
    pending: Option<FileDigest>,
    /// The file cannot be read, and that has been reported.
    missing: bool,
}

impl Watch {
    /// After `app` has read the file.
    fn of(app: &App) -> Self {
        Self {
            processed: app.groups.initial_digest(),
            ..Self::default()
        }
    }

    fn poll(&mut self, path: &Path) -> Change {
        let stamp = path.metadata().ok().as_ref().and_then(stamp);
        if stamp.is_some() && stamp == self.stamp && self.pending.is_none() {
            return Change::None;
        }
        self.stamp = stamp;
        let bytes = match load(path) {
            Ok(bytes) => bytes,
            Err(_) if self.missing => return Change::None,
            Err(problem) => {
                (self.missing, self.pending) = (true, None);
                return Change::Unusable(problem);
            }
        };
        self.missing = false;
        let digest = FileDigest::of(&bytes);
        if self.processed == Some(digest) {
            self.pending = None;
            return Change::None;
        }
        if self.pending != Some(digest) {
            self.pending = Some(digest);
            return Change::None;
        }
        (self.pending, self.processed) = (None, Some(digest));
        match parse(path, &bytes) {
            Ok(file) => Change::File(file),
            Err(problem) => Change::Unusable(problem),
        }
    }
}

fn stamp(metadata: &Metadata) -> Option<(SystemTime, u64)> {
    Some((metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn label(change: &Change) -> &'static str {
        match change {
            Change::None => "-",
            Change::File(_) => "new",
            Change::Unusable(_) => "bad",
        }
    }

    #[test]
    fn content_seen_twice_is_used_and_bad_content_is_reported_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.csv");
        let mut watch = Watch::default();
        let mut polls = |text: Option<&str>, times: usize| {
            match text {
                Some(text) => fs::write(&path, text).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let labels: Vec<_> = (0..times).map(|_| label(&watch.poll(&path))).collect();
            labels.join(" ")
        };
        assert_eq!(polls(Some("group,id\na,1\n"), 3), "- new -");
        assert_eq!(polls(Some("group,id\na,2\n"), 1), "-");
        assert_eq!(polls(Some("group,id\na,2\nb,3\n"), 3), "- new -");
        assert_eq!(polls(Some("group,id\na\n"), 4), "- bad - -");
        assert_eq!(polls(None, 3), "bad - -");
        assert_eq!(polls(Some("group,id\na\n"), 3), "- - -");
        assert_eq!(polls(Some("group,id\na,2\nb,3\n"), 3), "- new -");
    }
}

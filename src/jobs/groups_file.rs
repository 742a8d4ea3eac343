//! Follows the groups file while the provider runs.
//!
//! What was read twice, a moment apart, with the same result is taken: a file that is still being
//! written is not. One that cannot be used changes nothing.

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::app::App;
use crate::crypto::identifiers::FileDigest;
use crate::people::{GroupsFile, groups_file};
use crate::problem::Problem;

/// How often the file is looked at.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Follows the file of `app` for as long as it is polled; returns at once if there is none.
pub async fn follow(app: &App) {
    let (Some(path), groups) = (&app.groups_file, &app.groups) else {
        return;
    };
    let mut watch = Watch {
        settled: groups.digest(),
        ..Watch::default()
    };
    loop {
        tokio::time::sleep(POLL_INTERVAL).await;
        let path_ = path.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let news = watch.look(&path_);
            (watch, news)
        });
        let Ok((after, news)) = looked.await else {
            return;
        };
        watch = after;
        match news {
            News::None => {}
            News::File(listed, digest) => {
                let (count, file) = (listed.groups.len(), path.display());
                groups.swap(&listed, Some(digest));
                tracing::info!("{file} was read again: {count} groups");
            }
            News::Unusable(problem) => {
                tracing::error!("{problem}. The groups that were read before stay");
            }
        }
    }
}

/// What a look at the file brought.
enum News {
    None,
    File(GroupsFile, FileDigest),
    Unusable(Problem),
}

/// What was seen so far.
#[derive(Default)]
struct Watch {
    /// When the file was last changed, as far as that tells, and its size.
    stamp: Option<(SystemTime, u64)>,
    /// What has been dealt with, well or not.
    settled: Option<FileDigest>,
    /// What has been seen once.
    pending: Option<FileDigest>,
    /// The file is not there, and that has been told.
    missing: bool,
}

impl Watch {
    fn look(&mut self, path: &Path) -> News {
        let stamp = path.metadata().ok().as_ref().and_then(stamp);
        if stamp.is_some() && stamp == self.stamp && self.pending.is_none() {
            return News::None;
        }
        self.stamp = stamp;
        let bytes = match groups_file::load(path) {
            Ok(bytes) => bytes,
            Err(_) if self.missing => return News::None,
            Err(problem) => {
                (self.missing, self.pending) = (true, None);
                return News::Unusable(problem);
            }
        };
        self.missing = false;
        let digest = FileDigest::of(&bytes);
        if self.settled == Some(digest) {
            self.pending = None;
            return News::None;
        }
        if self.pending != Some(digest) {
            self.pending = Some(digest);
            return News::None;
        }
        (self.pending, self.settled) = (None, Some(digest));
        match groups_file::read(path, &bytes) {
            Ok(file) => News::File(file, digest),
            Err(problem) => News::Unusable(problem),
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

    fn told(news: &News) -> &'static str {
        match news {
            News::None => "-",
            News::File(..) => "new",
            News::Unusable(_) => "bad",
        }
    }

    #[test]
    fn what_is_seen_twice_is_taken_and_what_is_bad_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.csv");
        let mut watch = Watch::default();
        let mut looks = |text: Option<&str>, times: usize| {
            match text {
                Some(text) => fs::write(&path, text).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let looks: Vec<_> = (0..times).map(|_| told(&watch.look(&path))).collect();
            looks.join(" ")
        };
        assert_eq!(looks(Some("group,id\na,1\n"), 3), "- new -");
        assert_eq!(looks(Some("group,id\na,2\n"), 1), "-");
        assert_eq!(looks(Some("group,id\na,2\nb,3\n"), 3), "- new -");
        assert_eq!(looks(Some("group,id\na\n"), 4), "- bad - -");
        assert_eq!(looks(None, 3), "bad - -");
        assert_eq!(looks(Some("group,id\na\n"), 3), "- - -");
        assert_eq!(looks(Some("group,id\na,2\nb,3\n"), 3), "- new -");
    }
}

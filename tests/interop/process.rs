//! A client's processes: they are gone when the test, or the test program, is.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::StatusCode;

/// Ends a process group, and removes its folder, once its input does: whatever way this program
/// ends, its side of the pipe closes.
const WATCHMAN: &str = "cat > /dev/null; kill -s KILL -- \"-$1\"; rm -rf \"$2\"";

/// How long a client may take to start, on a busy machine.
const START_TIMEOUT: Duration = Duration::from_mins(5);

/// Between one look at it and the next.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How long it may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// A process group, and the folder it works in.
pub struct Processes {
    leader: Child,
    watchman: Child,
    folder: PathBuf,
}

impl Processes {
    /// Starts `command` as the leader of a process group. What it says goes to a log in `folder`,
    /// which is removed with it.
    pub fn start(command: &mut Command, folder: PathBuf) -> Self {
        let log = File::create(folder.join("log")).unwrap();
        let leader = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let watchman = Command::new("sh")
            .args(["-c", WATCHMAN, "watchman", &leader.id().to_string()])
            .arg(&folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            leader,
            watchman,
            folder,
        }
    }

    /// What it has said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }

    /// Waits until the client answers with 200 at the address that `find` reads in its log, and
    /// gives that.
    pub async fn until_ready(&mut self, find: impl Fn(&str) -> Option<String>) -> String {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let patience = Instant::now() + START_TIMEOUT;
        loop {
            if let Some(url) = find(&self.log()) {
                let answer = http.get(&url).send().await;
                if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
                    return url;
                }
            }
            let ended = self.leader.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {}", self.log());
            assert!(Instant::now() < patience, "not ready: {}", self.log());
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Waits until it ends by itself.
    pub async fn end(&mut self) -> ExitStatus {
        let patience = Instant::now() + START_TIMEOUT;
        loop {
            if let Some(status) = self.leader.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < patience, "no end: {}", self.log());
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

impl Drop for Processes {
    /// Asks the leader to end, for it to put away what outlives a process; the watchman sees to the
    /// rest.
    fn drop(&mut self) {
        if matches!(self.leader.try_wait(), Ok(None)) {
            let leader = self.leader.id().to_string();
            let _ = Command::new("kill").arg(leader).status();
        }
        let patience = Instant::now() + GRACE;
        while matches!(self.leader.try_wait(), Ok(None)) && Instant::now() < patience {
            thread::sleep(Duration::from_millis(10));
        }
        drop(self.watchman.stdin.take());
        let _ = self.watchman.wait();
        let _ = self.leader.wait();
    }
}

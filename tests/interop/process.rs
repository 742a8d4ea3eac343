//! The processes of a client. They stop with the test, also when the test program is killed.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::StatusCode;

/// Kills a process group and removes its folder when standard input closes. The pipe closes however
/// this program ends.
const WATCHDOG_SCRIPT: &str = "cat > /dev/null; kill -s KILL -- \"-$1\"; rm -rf \"$2\"";

/// How long a client may take to start, or to end by itself. The machine may be busy.
const START_TIMEOUT: Duration = Duration::from_mins(5);

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How long the leader may take to stop after SIGTERM.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A process group and its working folder.
pub struct Processes {
    leader: Child,
    watchdog: Child,
    folder: PathBuf,
}

impl Processes {
    /// Starts `command` as the leader of a process group. Its output goes to a log in `folder`. The
    /// folder is removed on drop.
    pub fn start(command: &mut Command, folder: PathBuf) -> Self {
        let log = File::create(folder.join("log")).unwrap();
        let leader = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG_SCRIPT, "watchman", &leader.id().to_string()])
            .arg(&folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            leader,
            watchdog,
            folder,
        }
    }

    /// Its output so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }

    /// Waits until the client responds with 200 at the address that `find` reads from its log.
    /// Returns that address.
    pub async fn until_ready(&mut self, find: impl Fn(&str) -> Option<String>) -> String {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if let Some(url) = find(&self.log()) {
                let response = http.get(&url).send().await;
                if response.is_ok_and(|response| response.status() == StatusCode::OK) {
                    return url;
                }
            }
            let exit_status = self.leader.try_wait().unwrap();
            assert!(exit_status.is_none(), "it ended: {}", self.log());
            assert!(Instant::now() < deadline, "not ready: {}", self.log());
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Waits until the leader ends by itself.
    pub async fn end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if let Some(status) = self.leader.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "no end: {}", self.log());
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

impl Drop for Processes {
    /// Sends SIGTERM to the leader, so that it can clean up. The watchdog then kills the rest of the
    /// group.
    fn drop(&mut self) {
        if matches!(self.leader.try_wait(), Ok(None)) {
            let leader = self.leader.id().to_string();
            let _ = Command::new("kill").arg(leader).status();
        }
        let deadline = Instant::now() + STOP_TIMEOUT;
        while matches!(self.leader.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
        let _ = self.leader.wait();
    }
}

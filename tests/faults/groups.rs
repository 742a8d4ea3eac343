//! The groups file is edited while the provider runs: what is right is taken, what is not changes
//! nothing and is told with its line.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};

use crate::support::browser::Browser;
use crate::support::program::{BINARY, Program};
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

struct Desk {
    portal: SimulatorHandle,
    program: Program,
    file: PathBuf,
}

impl Desk {
    /// The app is for the group `staff`, and `name` holds `groups`. Nothing is started.
    async fn set(name: &str, groups: &[u8]) -> Self {
        let portal = Simulator::start(SimulatorSettings::default());
        let portal = portal.await.unwrap();
        let more = "allow = { groups = ['staff'] }";
        let program = Program::prepare(portal.url().as_str(), "", more);
        let file = program.folder().join(name);
        fs::write(&file, groups).unwrap();
        let toml = fs::read_to_string(program.config_file()).unwrap();
        let toml = format!("groups_file = '{}'\n{toml}", file.display());
        fs::write(program.config_file(), toml).unwrap();
        Self {
            portal,
            program,
            file,
        }
    }

    /// Whether the app opens for `user`.
    async fn opens(&self, user: u64) -> bool {
        let ticket = self.portal.issue_ticket(user);
        let url = self.program.at(&format!("/launch/app?ticket={ticket}"));
        let answer = Browser::new().get(url).await;
        assert!([303, 403].contains(&answer.status.as_u16()));
        answer.status == 303
    }

    /// Waits until the log says `word` once more than it does now, after `change`.
    async fn until_told(&self, word: &str, change: impl FnOnce()) {
        let times = |log: String| log.matches(word).count();
        let before = times(self.program.log());
        change();
        let patience = Instant::now() + Duration::from_secs(30);
        while times(self.program.log()) == before {
            assert!(Instant::now() < patience, "{}", self.program.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What `check` says.
    fn checked(&self) -> String {
        let mut check = Command::new(BINARY);
        let check = check.args(["check", "--config"]);
        let told = check.arg(self.program.config_file()).output().unwrap();
        String::from_utf8(told.stderr).unwrap()
    }
}

/// `staff` in Chinese, as Excel in China saves it: `组,编号` in GB18030.
const IN_GB18030: &[u8] = b"\xd7\xe9,\xb1\xe0\xba\xc5\r\nstaff,2\r\n";

#[tokio::test]
async fn a_change_is_taken_and_a_slip_changes_nothing() {
    let mut desk = Desk::set("groups.csv", b"group,id\nstaff,1\n").await;
    desk.program.restart().await;
    assert!(desk.opens(CHEN_TAO).await && !desk.opens(HEI_LONG_JIANG).await);

    let read = "groups.csv was read again: 1 groups";
    let write = |groups: &'static [u8]| fs::write(&desk.file, groups).unwrap();
    desk.until_told(read, || write(IN_GB18030)).await;
    assert!(!desk.opens(CHEN_TAO).await && desk.opens(HEI_LONG_JIANG).await);

    for (slip, told) in [
        (
            &b"group,id\nstaff,1\nstaff\n"[..],
            "groups.csv: line 3: it has 1 fields",
        ),
        (
            b"group,id\nstaff,\xd5\xc5\xc8\xfd\n",
            "groups.csv: line 2: its id is not an ID",
        ),
        (b"", "groups.csv: it is empty"),
    ] {
        desk.until_told(told, || write(slip)).await;
        assert!(!desk.opens(CHEN_TAO).await && desk.opens(HEI_LONG_JIANG).await);
    }
    let gone = || fs::remove_file(&desk.file).unwrap();
    desk.until_told("groups.csv: cannot be read", gone).await;
    assert!(!desk.opens(CHEN_TAO).await && desk.opens(HEI_LONG_JIANG).await);
    let log = desk.program.log();
    let errors = log.lines().filter(|line| line.contains("groups.csv: "));
    for error in errors {
        assert!(error.contains("ERROR") && error.contains("stay"), "{error}");
    }

    // As editors save: written beside it, and moved over it.
    let beside = desk.file.with_extension("new");
    let replaced = || {
        fs::write(&beside, "group,id\nstaff,1\n").unwrap();
        fs::rename(&beside, &desk.file).unwrap();
    };
    desk.until_told(read, replaced).await;
    assert!(desk.opens(CHEN_TAO).await && !desk.opens(HEI_LONG_JIANG).await);
}

#[tokio::test]
async fn a_rule_in_a_toml_file_is_followed_too() {
    let all = b"[groups.staff]\nwhen = 'user.name == \"\xe9\x99\x88\xe6\xb6\x9b\"'\n";
    let mut desk = Desk::set("groups.toml", all).await;
    desk.program.restart().await;
    assert!(desk.opens(CHEN_TAO).await && !desk.opens(HEI_LONG_JIANG).await);
    let other = || fs::write(&desk.file, "[groups.staff]\nmembers = [2]\n").unwrap();
    desk.until_told("groups.toml was read again", other).await;
    assert!(!desk.opens(CHEN_TAO).await && desk.opens(HEI_LONG_JIANG).await);
}

/// There is nothing to fall back to, and without its groups nobody knows whom an app is closed to.
#[tokio::test]
async fn no_start_over_a_file_that_cannot_be_used() {
    let mut desk = Desk::set("groups.csv", b"group\nstaff\n").await;
    let told = "groups.csv: line 1: the columns group and id are not both there; write group,id";
    assert!(desk.checked().contains(told), "{}", desk.checked());
    desk.program.spawn();
    assert!(!desk.program.end().await.success());
    assert!(desk.program.log().contains(told), "{}", desk.program.log());
    fs::remove_file(&desk.file).unwrap();
    assert!(desk.checked().contains("groups.csv: cannot be read"));
    fs::write(&desk.file, "group,id\nstaff,1\n").unwrap();
    assert_eq!(desk.checked(), "");
}

//! The groups file is edited while the provider runs. A valid file takes effect; an invalid file
//! changes nothing and is reported with its line.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};

use crate::support::browser::Browser;
use crate::support::program::{BINARY, Program};
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

struct Fixture {
    portal: SimulatorHandle,
    program: Program,
    file: PathBuf,
}

impl Fixture {
    /// Prepares a program whose app is open to the group `staff`. The groups file `name` contains
    /// `groups`. The program is not started.
    async fn prepare(name: &str, groups: &[u8]) -> Self {
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

    /// Whether `user` may launch the app.
    async fn may_launch(&self, user: u64) -> bool {
        let ticket = self.portal.issue_ticket(user);
        let url = self.program.at(&format!("/launch/app?ticket={ticket}"));
        let answer = Browser::new().get(url).await;
        assert!([303, 403].contains(&answer.status.as_u16()));
        answer.status == 303
    }

    /// Applies `change`, and waits until the log contains `word` once more than before.
    async fn until_logged(&self, word: &str, change: impl FnOnce()) {
        let times = |log: String| log.matches(word).count();
        let before = times(self.program.log());
        change();
        let deadline = Instant::now() + Duration::from_secs(30);
        while times(self.program.log()) == before {
            assert!(Instant::now() < deadline, "{}", self.program.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The error output of `check`.
    fn check_errors(&self) -> String {
        let mut check = Command::new(BINARY);
        let check = check.args(["check", "--config"]);
        let output = check.arg(self.program.config_file()).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    }
}

/// A groups file with Chinese column names, as Excel in China saves it: `组,编号` in GB18030.
const IN_GB18030: &[u8] = b"\xd7\xe9,\xb1\xe0\xba\xc5\r\nstaff,2\r\n";

#[tokio::test]
async fn a_valid_change_takes_effect_and_an_invalid_one_changes_nothing() {
    let mut fixture = Fixture::prepare("groups.csv", b"group,id\nstaff,1\n").await;
    fixture.program.restart().await;
    assert!(fixture.may_launch(CHEN_TAO).await && !fixture.may_launch(HEI_LONG_JIANG).await);

    let reread_message = "groups.csv was read again: 1 groups";
    let write = |groups: &'static [u8]| fs::write(&fixture.file, groups).unwrap();
    fixture
        .until_logged(reread_message, || write(IN_GB18030))
        .await;
    assert!(!fixture.may_launch(CHEN_TAO).await && fixture.may_launch(HEI_LONG_JIANG).await);

    for (slip, expected) in [
        (
            &b"group,id\nstaff,1\nstaff\n"[..],
            "groups.csv: line 3: it names nobody",
        ),
        (
            b"group,id\nstaff,\xd5\xc5\xc8\xfd\n",
            "groups.csv: line 2: its id is not an ID",
        ),
        (b"", "groups.csv: it is empty"),
    ] {
        fixture.until_logged(expected, || write(slip)).await;
        assert!(!fixture.may_launch(CHEN_TAO).await && fixture.may_launch(HEI_LONG_JIANG).await);
    }
    let remove = || fs::remove_file(&fixture.file).unwrap();
    fixture
        .until_logged("groups.csv: cannot be read", remove)
        .await;
    assert!(!fixture.may_launch(CHEN_TAO).await && fixture.may_launch(HEI_LONG_JIANG).await);
    let log = fixture.program.log();
    let errors = log.lines().filter(|line| line.contains("groups.csv: "));
    for error in errors {
        assert!(error.contains("ERROR") && error.contains("stay"), "{error}");
    }

    // Editors save like this: they write a new file and rename it over the old one.
    let new_file = fixture.file.with_extension("new");
    let replace = || {
        fs::write(&new_file, "group,id\nstaff,1\n").unwrap();
        fs::rename(&new_file, &fixture.file).unwrap();
    };
    fixture.until_logged(reread_message, replace).await;
    assert!(fixture.may_launch(CHEN_TAO).await && !fixture.may_launch(HEI_LONG_JIANG).await);
}

#[tokio::test]
async fn a_rule_in_a_toml_file_takes_effect_too() {
    let all = b"[groups.staff]\nwhen = 'user.name == \"\xe9\x99\x88\xe6\xb6\x9b\"'\n";
    let mut fixture = Fixture::prepare("groups.toml", all).await;
    fixture.program.restart().await;
    assert!(fixture.may_launch(CHEN_TAO).await && !fixture.may_launch(HEI_LONG_JIANG).await);
    let change = || fs::write(&fixture.file, "[groups.staff]\nmembers = [2]\n").unwrap();
    fixture
        .until_logged("groups.toml was read again", change)
        .await;
    assert!(!fixture.may_launch(CHEN_TAO).await && fixture.may_launch(HEI_LONG_JIANG).await);
}

/// A first start has no earlier groups to fall back to, and without groups the access rules of an app
/// cannot be checked.
#[tokio::test]
async fn an_unusable_groups_file_prevents_the_start() {
    let mut fixture = Fixture::prepare("groups.csv", b"group\nstaff\n").await;
    let expected =
        "groups.csv: line 1: the columns group and id are not both there; write group,id";
    assert!(
        fixture.check_errors().contains(expected),
        "{}",
        fixture.check_errors()
    );
    fixture.program.spawn();
    assert!(!fixture.program.end().await.success());
    assert!(
        fixture.program.log().contains(expected),
        "{}",
        fixture.program.log()
    );
    fs::remove_file(&fixture.file).unwrap();
    assert!(
        fixture
            .check_errors()
            .contains("groups.csv: cannot be read")
    );
    fs::write(&fixture.file, "group,id\nstaff,1\n").unwrap();
    assert_eq!(fixture.check_errors(), "");
}

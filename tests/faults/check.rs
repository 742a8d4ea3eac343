//! `check` refuses what `serve` would refuse, with the same words. It changes nothing, and says what it did
//! not look at.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::Command;

use panda_oidc_panda::simulator::SimulatorHandle;
use rusqlite::Connection;

use crate::refusal::refused_by;
use crate::support::earlier_data::EarlierData;
use crate::support::program::{BINARY, Program, free_port};
use crate::tools::portal;

/// What `check` prints, and its exit code.
#[derive(Debug)]
struct Checked {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Checked {
    /// The errors, without their prefix.
    fn errors(&self) -> Vec<&str> {
        let lines = self.stderr.lines();
        lines
            .filter_map(|line| line.strip_prefix("error: "))
            .collect()
    }
}

fn check(program: &Program) -> Checked {
    check_by(&mut Command::new(BINARY), program)
}

fn check_by(command: &mut Command, program: &Program) -> Checked {
    let address = |url: &str| url.trim_start_matches("http://").to_owned();
    let output = command
        .args(["check", "--config"])
        .arg(program.config_file())
        .env("PANDA_OIDC__SERVER__LISTEN", address(&program.issuer))
        .env("PANDA_OIDC__ADMIN__LISTEN", address(&program.admin))
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    Checked {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Every file of the program, its content and its modification time. The log is left out, and so is the index
/// that SQLite keeps of its own log: every reader takes part in it.
fn files(program: &Program) -> BTreeMap<PathBuf, (Vec<u8>, i64)> {
    let mut files = BTreeMap::new();
    let mut folders = vec![program.folder().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("log") && !path.ends_with("panda-oidc.db-shm") {
                let modified = fs::metadata(&path).unwrap().mtime_nsec();
                files.insert(path.clone(), (fs::read(&path).unwrap(), modified));
            }
        }
    }
    files
}

/// A program that has served once and was stopped.
async fn served_once() -> (SimulatorHandle, Program) {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    assert!(program.stop().await);
    (portal, program)
}

fn without_write_permission() -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-dac_override,-dac_read_search", BINARY]);
    command
}

/// Asserts that `check` refuses what `serve` refuses, in the same words, and changes nothing.
async fn assert_same_refusal(program: &mut Program, command: fn() -> Command) -> String {
    let before = files(program);
    let checked = check_by(&mut command(), program);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert_eq!(files(program), before);
    let refused = refused_by(program, &mut command()).await;
    // What the system says may differ: SQLite meets a read-only folder later than `check` does.
    let without_cause = |error: &str| error.split(" (").next().unwrap().to_owned();
    assert_eq!(checked.errors().len(), 1, "{checked:?}");
    assert_eq!(without_cause(checked.errors()[0]), without_cause(&refused));
    refused
}

#[tokio::test]
async fn a_missing_or_foreign_master_key_beside_a_database_is_refused() {
    let (_portal, mut program) = served_once().await;
    let (_other_portal, other) = served_once().await;
    let key = |program: &Program| program.data().join("master.key");
    let binary = || Command::new(BINARY);
    fs::copy(key(&other), key(&program)).unwrap();
    let error = assert_same_refusal(&mut program, binary).await;
    assert!(error.contains("is not the master key that"), "{error}");
    fs::write(key(&program), "CHANGE-ME").unwrap();
    let error = assert_same_refusal(&mut program, binary).await;
    assert!(error.contains("is not a master key"), "{error}");
    fs::remove_file(key(&program)).unwrap();
    let error = assert_same_refusal(&mut program, binary).await;
    assert!(error.contains("is missing"), "{error}");
}

#[tokio::test]
async fn files_that_this_user_may_not_use_are_refused() {
    let (_portal, mut program) = served_once().await;
    let data = program.data();
    let mode = |file: &str, mode| {
        fs::set_permissions(data.join(file), fs::Permissions::from_mode(mode)).unwrap();
    };
    for (file, wrong, right) in [
        ("", 0o500, 0o700),
        ("panda-oidc.db", 0o400, 0o600),
        ("panda-oidc.db", 0o000, 0o600),
        ("master.key", 0o000, 0o600),
    ] {
        mode(file, wrong);
        let error = assert_same_refusal(&mut program, without_write_permission).await;
        assert!(error.contains(data.join(file).to_str().unwrap()), "{error}");
        mode(file, right);
    }
    assert_eq!(check(&program).code, Some(0));
    // Before the first start: the folder that data/ would be made in.
    fs::remove_dir_all(&data).unwrap();
    let folder = program.folder().to_owned();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    let checked = check_by(&mut without_write_permission(), &program);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(checked.stderr.contains("Permission denied"), "{checked:?}");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test]
async fn a_database_of_another_release_or_program_is_refused() {
    let (_portal, mut program) = served_once().await;
    let database = program.data().join("panda-oidc.db");
    let pragma = |name: &str, value: i64| {
        let sql = Connection::open(&database).unwrap();
        sql.pragma_update(None, name, value).unwrap();
    };
    let binary = || Command::new(BINARY);
    pragma("user_version", 99);
    let error = assert_same_refusal(&mut program, binary).await;
    assert!(error.contains("newer panda-oidc (schema 99"), "{error}");
    pragma("application_id", 1);
    let error = assert_same_refusal(&mut program, binary).await;
    assert!(error.contains("is not a database of panda-oidc"), "{error}");
    fs::write(&database, "notes").unwrap();
    let error = assert_same_refusal(&mut program, binary).await;
    assert!(error.contains("is not a database of panda-oidc"), "{error}");
}

#[tokio::test]
async fn an_older_database_is_neither_migrated_by_check_nor_by_another_command() {
    let portal = portal().await;
    let program = Program::prepare(portal.url().as_str(), "", "");
    let toml = EarlierData::copy_into(program.folder(), &portal);
    fs::write(program.config_file(), toml).unwrap();
    let sql = Connection::open(program.folder().join("panda-oidc.db")).unwrap();
    sql.pragma_update(None, "user_version", 5).unwrap();
    drop(sql);
    let before = files(&program);
    let checked = check(&program);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.stdout.contains("is migrated at the next start"));
    assert_eq!(files(&program), before);
    for arguments in [
        &["links", "list"][..],
        &["links", "set", "1", "--username", "x"],
        &["users", "list"],
        &["users", "sync"],
        &["users", "forget", "1"],
    ] {
        let output = Command::new(BINARY)
            .args(arguments)
            .arg("--config")
            .arg(program.config_file())
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
        assert!(error.contains("only `serve` migrates it"), "{error}");
        assert_eq!(files(&program), before, "{arguments:?}");
    }
}

#[tokio::test]
async fn a_running_provider_is_checked_and_not_disturbed() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "").await;
    let checked = check(&program);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let database = program.data().join("panda-oidc.db").display().to_string();
    assert!(checked.stdout.contains(&database), "{checked:?}");
}

#[tokio::test]
async fn an_address_that_is_taken_or_of_another_machine_is_refused() {
    let (_portal, mut program) = served_once().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("http://{}", taken.local_addr().unwrap()).leak();
    let _listener = TcpListener::bind(taken.trim_start_matches("http://"));
    for foreign in [taken, "http://192.0.2.1:9400"] {
        for admin in [false, true] {
            let right = (program.issuer.clone(), program.admin.clone());
            let address = if admin {
                &mut program.admin
            } else {
                &mut program.issuer
            };
            foreign.clone_into(address);
            let error = assert_same_refusal(&mut program, || Command::new(BINARY)).await;
            assert!(error.contains("cannot be listened on"), "{error}");
            (program.issuer, program.admin) = right;
        }
    }
    program.admin = program.issuer.clone();
    let checked = check(&program);
    assert_eq!(checked.errors().len(), 1, "{checked:?}");
    assert!(
        checked.errors()[0].starts_with("admin.listen: "),
        "{checked:?}"
    );
    // Another provider, and not this one, listens there.
    let (_other_portal, mut other) = served_once().await;
    other.restart().await;
    program.admin = format!("http://127.0.0.1:{}", free_port());
    program.issuer.clone_from(&other.issuer);
    let checked = check(&program);
    assert_eq!(checked.code, Some(1), "{checked:?}");
}

#[tokio::test]
async fn check_says_what_it_did_not_look_at() {
    let portal = portal().await;
    let program = Program::prepare(portal.url().as_str(), "", "");
    let checked = check(&program);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(
        checked.stdout.starts_with("ok: http://127.0.0.1:"),
        "{checked:?}"
    );
    for words in ["not looked at: whether the portal answers", "the clock"] {
        assert!(checked.stdout.contains(words), "{checked:?}");
    }
    assert!(checked.stdout.contains("is made at the first start"));
    assert!(!program.data().exists());
}

#[tokio::test]
async fn a_lost_database_beside_its_master_key_is_warned_about() {
    let (portal, mut program) = served_once().await;
    let warning = "is new or empty, but the master key";
    assert!(!check(&program).stderr.contains(warning));
    assert!(!program.log().contains(warning));
    let database = program.data().join("panda-oidc.db");
    for empty in [false, true] {
        let _ = fs::remove_file(&database);
        if empty {
            fs::write(&database, "").unwrap();
        }
        let checked = check(&program);
        assert_eq!(checked.code, Some(0), "{checked:?}");
        assert!(
            checked.stderr.starts_with("warning: store.path: "),
            "{checked:?}"
        );
        assert!(checked.stderr.contains(warning), "{checked:?}");
    }
    program.restart().await;
    let log = program.log();
    let line = log.lines().find(|line| line.contains(warning));
    assert!(line.is_some_and(|line| line.contains("WARN")), "{log}");
    assert!(program.stop().await);
    fs::remove_file(&database).unwrap();
    for arguments in [
        &["links", "set", "1", "--username", "x"][..],
        &["users", "sync"],
    ] {
        let _ = fs::remove_file(&database);
        let output = Command::new(BINARY)
            .args(arguments)
            .arg("--config")
            .arg(program.config_file())
            .env_remove("RUST_LOG")
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(warning), "{arguments:?}: {error}");
    }
    drop(portal);
}

/// A user that owns nothing else.
const USER: u32 = 54_321;

#[tokio::test]
async fn what_root_makes_in_a_users_folder_is_that_users() {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    chown(program.folder(), Some(USER), Some(USER)).unwrap();
    program.restart().await;
    assert!(program.stop().await);
    for file in ["", "panda-oidc.db", "master.key"] {
        let owner = fs::metadata(program.data().join(file)).unwrap().uid();
        assert_eq!(owner, USER, "{file}");
    }
    assert!(!check(&program).stderr.contains("belongs to user"));
    chown(program.data().join("master.key"), Some(0), Some(0)).unwrap();
    let checked = check(&program);
    assert!(
        checked.stderr.contains("master.key belongs to user 0"),
        "{checked:?}"
    );
}

/// The provider creates it for its owner alone; a copy, or a restored backup, may be open to all.
#[tokio::test]
async fn a_database_that_everybody_can_read_is_warned_of() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let warned = "store.path: everybody on this machine can read";
    assert!(!program.log().contains(warned));
    program.kill();
    let file = program.data().join("panda-oidc.db");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let checked = check(&program);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.stderr.contains(warned), "{checked:?}");
    program.restart().await;
    assert!(program.log().contains(warned), "{}", program.log());
}

//! `store backup`, `restore` and `check`: complete, private, never half.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use rusqlite::Connection;

use crate::support::app::RelyingParty;
use crate::support::browser::Browser;
use crate::support::program::{BINARY, Program};
use crate::tools::{portal, signed_in};

/// `panda-oidc store …` for the program's configuration.
fn command(program: &Program, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .arg("store")
        .args(arguments)
        .arg("--config")
        .arg(program.config_file())
        .env_remove("RUST_LOG");
    command
}

fn run(program: &Program, arguments: &[&str]) -> Output {
    command(program, arguments).output().unwrap()
}

/// Runs a command that must succeed, and returns what it printed.
#[track_caller]
fn succeed(program: &Program, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that must fail, and returns its error.
#[track_caller]
fn fail(program: &Program, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    String::from_utf8(output.stderr).unwrap()
}

async fn is_signed_in(program: &Program, browser: &mut Browser) -> bool {
    let url = program.client().authorize_url(&[("prompt", "none")]);
    browser.get(url).await.parameter("code").is_some()
}

async fn refresh_token(program: &Program, browser: &mut Browser) -> String {
    let app = program.client();
    let url = app.authorize_url(&[("scope", "openid offline_access")]);
    let code = RelyingParty::code(&browser.get(url).await);
    let tokens = app.redeem(&code).await.json();
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_backup_of_a_running_provider_brings_everything_back() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut before = signed_in(&program, &portal).await;
    let token = refresh_token(&program, &mut before).await;
    let file = program.folder().join("backup.db");
    let file = file.to_str().unwrap();
    let printed = succeed(&program, &["backup", file]);
    assert!(
        printed.contains("sessions 1") && printed.contains("master.key"),
        "{printed}"
    );
    let mode = fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        !Path::new(&format!("{file}-wal")).exists(),
        "it is one file"
    );
    let mut after = signed_in(&program, &portal).await;

    assert!(program.stop().await);
    let refused = fail(&program, &["restore", file]);
    assert!(refused.contains("--replace"), "{refused}");
    program.restart().await;
    assert!(
        is_signed_in(&program, &mut after).await,
        "a refused restore changed something"
    );

    assert!(program.stop().await);
    let bytes = fs::read(file).unwrap();
    succeed(&program, &["restore", file, "--replace"]);
    assert!(fs::read(file).unwrap() == bytes, "the backup was changed");
    program.restart().await;
    assert!(is_signed_in(&program, &mut before).await);
    assert_eq!(program.client().refresh(&token).await.status, 200);
    assert!(
        !is_signed_in(&program, &mut after).await,
        "it began after the backup"
    );
    let checked = succeed(&program, &["check"]);
    assert!(checked.contains("ok: every row can be read"), "{checked}");
}

#[tokio::test]
async fn a_lost_database_is_restored_from_a_backup_beside_the_master_key() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut browser = signed_in(&program, &portal).await;
    let file = program.folder().join("backup.db");
    succeed(&program, &["backup", file.to_str().unwrap()]);
    assert!(program.stop().await);
    for entry in fs::read_dir(program.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name != "master.key") {
            fs::remove_file(path).unwrap();
        }
    }
    succeed(&program, &["restore", file.to_str().unwrap()]);
    program.restart().await;
    assert!(is_signed_in(&program, &mut browser).await);
}

#[tokio::test]
async fn a_backup_or_restore_that_cannot_be_done_says_why_and_leaves_everything() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut browser = signed_in(&program, &portal).await;
    let folder = program.folder().to_owned();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let file = path("backup.db");
    succeed(&program, &["backup", &file]);
    assert!(fail(&program, &["backup", &file]).contains("exists already"));
    assert!(fail(&program, &["backup", &path("no/such/folder.db")]).contains("cannot be made"));
    assert!(program.stop().await);

    fs::write(path("text"), "not a database, but long enough to be one").unwrap();
    assert!(fail(&program, &["restore", &path("text"), "--replace"]).contains("not a database"));
    fs::write(path("empty"), "").unwrap();
    assert!(fail(&program, &["restore", &path("empty"), "--replace"]).contains("is empty"));
    let missing = fail(&program, &["restore", &path("missing"), "--replace"]);
    assert!(
        missing.contains("missing") && missing.contains("No such file"),
        "{missing}"
    );
    let mut damaged = fs::read(&file).unwrap();
    for byte in damaged.iter_mut().skip(8192).take(16_384) {
        *byte ^= 0x5a;
    }
    fs::write(path("damaged"), damaged).unwrap();
    let refused = fail(&program, &["restore", &path("damaged"), "--replace"]);
    assert!(refused.contains("damaged"), "{refused}");

    let master = program.data().join("master.key");
    let key = fs::read(&master).unwrap();
    fs::write(&master, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    let refused = fail(&program, &["restore", &file, "--replace"]);
    assert!(refused.contains("master_key_file"), "{refused}");
    assert!(fail(&program, &["backup", &path("useless.db")]).contains("master_key_file"));
    assert!(!Path::new(&path("useless.db")).exists());
    fs::write(&master, key).unwrap();

    program.restart().await;
    assert!(is_signed_in(&program, &mut browser).await);
    let left: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".panda"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_restore_that_is_killed_changes_nothing() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut browser = signed_in(&program, &portal).await;
    assert!(program.stop().await);
    let file = program.folder().join("backup.db");
    succeed(&program, &["backup", file.to_str().unwrap()]);
    fill(&file);
    for pause in [100, 400, 900] {
        let mut restore = command(&program, &["restore", file.to_str().unwrap(), "--replace"])
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let ended = restore.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "the restore was over before it was killed: {ended:?}"
        );
        restore.kill().unwrap();
        restore.wait().unwrap();
        let checked = succeed(&program, &["check"]);
        assert!(checked.contains("spent 0,"), "{pause}: {checked}");
    }
    program.restart().await;
    assert!(is_signed_in(&program, &mut browser).await);
    assert!(program.stop().await);
    succeed(&program, &["restore", file.to_str().unwrap(), "--replace"]);
    assert!(succeed(&program, &["check"]).contains("spent 300000,"));
}

/// Adds rows to a backup, so that restoring it takes seconds.
fn fill(file: &Path) {
    let database = Connection::open(file).unwrap();
    let rows = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 300000)
                INSERT INTO spent (name, expires_at) SELECT randomblob(32), 4102444800000 FROM n";
    database.execute(rows, []).unwrap();
}

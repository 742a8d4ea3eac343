//! The database file: not writable, not a database, written by a newer release, damaged, or locked.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::Command;

use panda_oidc_panda::simulator::SimulatorHandle;
use rusqlite::Connection;

use crate::refusal::{refused, refused_by};
use crate::support::CHEN_TAO;
use crate::support::browser::Browser;
use crate::support::program::{BINARY, Program};
use crate::tools::{launch, portal, signed_in, tokens};

fn file(program: &Program) -> PathBuf {
    program.data().join("panda-oidc.db")
}

fn wal_file(program: &Program) -> PathBuf {
    program.data().join("panda-oidc.db-wal")
}

async fn prepared() -> (SimulatorHandle, Program) {
    let portal = portal().await;
    let program = Program::prepare(portal.url().as_str(), "", "");
    fs::write(program.folder().join("log"), "").unwrap();
    (portal, program)
}

/// The beginning of every error about the database: the key and the file.
fn error_prefix(program: &Program) -> String {
    let file = file(program);
    format!(
        "store.path: the store failed to open its database: {} ",
        file.display()
    )
}

/// A command that runs the binary without root's permission to write everywhere.
fn without_write_permission() -> Command {
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !root {
        return Command::new(BINARY);
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-dac_override", BINARY]);
    command
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_reported() {
    let (_portal, mut program) = prepared().await;
    fs::create_dir(program.data()).unwrap();
    let set_mode = |mode| fs::set_permissions(program.data(), fs::Permissions::from_mode(mode));
    set_mode(0o500).unwrap();
    let error = refused_by(&mut program.twin(), &mut without_write_permission()).await;
    let start = error_prefix(&program);
    assert!(error.starts_with(&start), "{error}");
    assert!(
        error.contains("(Permission denied (os error 13)); let the user"),
        "{error}"
    );
    set_mode(0o700).unwrap();
    fs::remove_dir(program.data()).unwrap();

    fs::write(program.data(), "a file where the folder should be").unwrap();
    let error = refused(&mut program).await;
    assert!(error.starts_with(&start), "{error}");
}

#[tokio::test]
async fn a_database_in_a_read_only_folder_is_reported() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    assert!(program.stop().await);
    let set_mode = |program: &Program, mode| {
        fs::set_permissions(program.data(), fs::Permissions::from_mode(mode)).unwrap();
    };
    set_mode(&program, 0o500);
    let error = refused_by(&mut program, &mut without_write_permission()).await;
    assert!(error.starts_with(&error_prefix(&program)), "{error}");
    assert!(
        error.contains("; let the user panda-oidc runs as write"),
        "{error}"
    );
    set_mode(&program, 0o700);
    program.restart().await;
    signed_in(&program, &portal).await;
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_refused_and_kept() {
    let (_portal, mut program) = prepared().await;
    fs::create_dir(program.data()).unwrap();
    for other in ["notes".repeat(1000), "x".to_owned()] {
        fs::write(file(&program), &other).unwrap();
        let error = refused(&mut program).await;
        let error = error.strip_prefix(&error_prefix(&program)).expect(&error);
        assert_eq!(
            error,
            "is not a database of panda-oidc; choose another path, or move that file away"
        );
        assert_eq!(fs::read_to_string(file(&program)).unwrap(), other);
        assert!(!program.data().join("master.key").exists());
    }
    fs::remove_file(file(&program)).unwrap();
    fs::create_dir(file(&program)).unwrap();
    let error = refused(&mut program).await;
    assert!(
        error.contains("cannot be opened for reading and writing (Is a directory"),
        "{error}"
    );
}

#[tokio::test]
async fn a_newer_releases_database_is_refused_and_kept() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut browser = signed_in(&program, &portal).await;
    assert!(program.stop().await);
    let set_version = |program: &Program, version: i64| {
        let sql = Connection::open(file(program)).unwrap();
        sql.pragma_update(None, "user_version", version).unwrap();
    };
    let sql = Connection::open(file(&program)).unwrap();
    let current: i64 = sql
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    drop(sql);
    set_version(&program, 99);
    let before = fs::read(file(&program)).unwrap();
    let error = refused(&mut program).await;
    let error = error.strip_prefix(&error_prefix(&program)).expect(&error);
    assert!(
        error.starts_with("was written by a newer panda-oidc (schema 99, "),
        "{error}"
    );
    assert!(
        error.contains("; run that release, or restore the backup"),
        "{error}"
    );
    assert!(fs::read(file(&program)).unwrap() == before);
    set_version(&program, current);
    program.restart().await;
    tokens(&program, &mut browser).await;
}

#[tokio::test]
async fn a_damaged_database_is_reported_with_a_remedy() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    assert!(program.stop().await);
    let mut database = fs::OpenOptions::new()
        .write(true)
        .open(file(&program))
        .unwrap();
    // The table list of the first page, after the header.
    database.seek(SeekFrom::Start(100)).unwrap();
    database.write_all(&[0xa5; 3900]).unwrap();
    let error = refused(&mut program).await;
    let error = error.strip_prefix(&error_prefix(&program)).expect(&error);
    assert!(
        error.starts_with("is damaged; restore it from the backup"),
        "{error}"
    );
}

#[tokio::test]
async fn a_write_ahead_log_that_ends_in_garbage_does_not_prevent_a_start() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut browser = signed_in(&program, &portal).await;
    program.kill();
    let whole = fs::metadata(wal_file(&program)).unwrap().len();
    assert!(whole > 0);
    // As after a power failure: a commit that was only partly written.
    let append = fs::OpenOptions::new().append(true).open(wal_file(&program));
    append.unwrap().write_all(&[0xa5; 5000]).unwrap();
    program.restart().await;
    tokens(&program, &mut browser).await;
    program.kill();

    // A disk that loses data it had reported as written: some commits are lost, but the rest is sound.
    let log = fs::OpenOptions::new().write(true).open(wal_file(&program));
    let mut log = log.unwrap();
    log.seek(SeekFrom::Start(whole / 2)).unwrap();
    log.write_all(&[0xa5; 64]).unwrap();
    program.restart().await;
    let mut browser = signed_in(&program, &portal).await;
    tokens(&program, &mut browser).await;
}

#[tokio::test]
async fn a_write_ahead_log_that_was_emptied_confirms_nothing_more() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    signed_in(&program, &portal).await;
    // SQLite's own way of emptying it loses nothing.
    let other = Connection::open(file(&program)).unwrap();
    let emptied = "PRAGMA wal_checkpoint(TRUNCATE)";
    other.query_row(emptied, [], |_| Ok(())).unwrap();
    drop(other);
    assert_eq!(fs::metadata(wal_file(&program)).unwrap().len(), 0);
    signed_in(&program, &portal).await;
    assert_eq!(readiness(&mut program).await, 200);

    fs::File::create(wal_file(&program)).unwrap();
    let answer = launch(
        &program,
        &mut Browser::new(),
        &portal.issue_ticket(CHEN_TAO),
    )
    .await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(readiness(&mut program).await, 503);
}

async fn readiness(program: &mut Program) -> u16 {
    program.exit_or_readiness().await.unwrap()
}

#[tokio::test]
async fn a_request_waits_for_a_locked_database_while_others_are_served() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "").await;
    let mut signed_in_browser = signed_in(&program, &portal).await;
    let tokens_given = tokens(&program, &mut signed_in_browser).await;
    let access_token = tokens_given["access_token"].as_str().unwrap();

    let other = Connection::open(file(&program)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut browser = Browser::new();
    let ticket = portal.issue_ticket(CHEN_TAO);
    let launched = async {
        let launched = launch(&program, &mut browser, &ticket).await;
        assert_eq!(launched.status, 303, "{}", launched.body);
    };
    let meanwhile = async {
        for _ in 0..20 {
            let jwks = Browser::new().get(program.at("/jwks")).await;
            let userinfo = program.client().userinfo(access_token).await;
            assert_eq!((jwks.status.as_u16(), userinfo.status.as_u16()), (200, 200));
        }
        other.execute_batch("ROLLBACK").unwrap();
    };
    tokio::join!(launched, meanwhile);
    tokens(&program, &mut browser).await;
}

#[tokio::test]
async fn a_database_that_stays_locked_is_reported_to_users_and_operator() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut signed_in_browser = signed_in(&program, &portal).await;
    let other = Connection::open(file(&program)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ticket = portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    let answer = launch(&program, &mut browser, &ticket).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.body.contains("登录服务出了问题"), "{}", answer.body);
    assert!(!answer.body.contains("locked"), "{}", answer.body);
    assert!(program.log().contains("database is locked"));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(launch(&program, &mut browser, &ticket).await.status, 303);
    tokens(&program, &mut signed_in_browser).await;
    assert!(program.stop().await);

    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();
    let error = refused(&mut program).await;
    let error = error.strip_prefix(&error_prefix(&program)).expect(&error);
    assert!(
        error.starts_with("is locked by another program; end that"),
        "{error}"
    );
    drop(other);
    program.restart().await;
    tokens(&program, &mut signed_in_browser).await;
}

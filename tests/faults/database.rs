//! The database file: in no place to write, something else, a newer release's, damaged, locked.

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

fn log_file(program: &Program) -> PathBuf {
    program.data().join("panda-oidc.db-wal")
}

async fn prepared() -> (SimulatorHandle, Program) {
    let portal = portal().await;
    let program = Program::prepare(portal.url().as_str(), "", "");
    fs::write(program.folder().join("log"), "").unwrap();
    (portal, program)
}

/// What the refusal begins with: the key, and the file.
fn about(program: &Program) -> String {
    let file = file(program);
    format!(
        "store.path: the store failed to open its database: {} ",
        file.display()
    )
}

/// The binary without root's right to write everywhere.
fn without_rights() -> Command {
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !root {
        return Command::new(BINARY);
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-dac_override", BINARY]);
    command
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told() {
    let (_portal, mut program) = prepared().await;
    fs::create_dir(program.data()).unwrap();
    let allow = |mode| fs::set_permissions(program.data(), fs::Permissions::from_mode(mode));
    allow(0o500).unwrap();
    let told = refused_by(&mut program.twin(), &mut without_rights()).await;
    let start = about(&program);
    assert!(told.starts_with(&start), "{told}");
    assert!(
        told.contains("(Permission denied (os error 13)); let the user"),
        "{told}"
    );
    allow(0o700).unwrap();
    fs::remove_dir(program.data()).unwrap();

    fs::write(program.data(), "a file where the folder should be").unwrap();
    let told = refused(&mut program).await;
    assert!(told.starts_with(&start), "{told}");
}

#[tokio::test]
async fn a_database_without_its_folders_rights_is_told() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    assert!(program.stop().await);
    let allow = |program: &Program, mode| {
        fs::set_permissions(program.data(), fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(&program, 0o500);
    let told = refused_by(&mut program, &mut without_rights()).await;
    assert!(told.starts_with(&about(&program)), "{told}");
    assert!(
        told.contains("; let the user panda-oidc runs as write"),
        "{told}"
    );
    allow(&program, 0o700);
    program.restart().await;
    signed_in(&program, &portal).await;
}

#[tokio::test]
async fn a_file_that_is_something_else_is_refused_and_left_as_it_is() {
    let (_portal, mut program) = prepared().await;
    fs::create_dir(program.data()).unwrap();
    for other in ["notes".repeat(1000), "x".to_owned()] {
        fs::write(file(&program), &other).unwrap();
        let told = refused(&mut program).await;
        let told = told.strip_prefix(&about(&program)).expect(&told);
        assert_eq!(
            told,
            "is not a database of panda-oidc; choose another path, or move that file away"
        );
        assert_eq!(fs::read_to_string(file(&program)).unwrap(), other);
        assert!(!program.data().join("master.key").exists());
    }
    fs::remove_file(file(&program)).unwrap();
    fs::create_dir(file(&program)).unwrap();
    let told = refused(&mut program).await;
    assert!(
        told.contains("cannot be opened for reading and writing (Is a directory"),
        "{told}"
    );
}

#[tokio::test]
async fn a_newer_releases_file_is_refused_and_left_as_it_is() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut browser = signed_in(&program, &portal).await;
    assert!(program.stop().await);
    let version = |program: &Program, version: i64| {
        let sql = Connection::open(file(program)).unwrap();
        sql.pragma_update(None, "user_version", version).unwrap();
    };
    let sql = Connection::open(file(&program)).unwrap();
    let known = "PRAGMA user_version";
    let known: i64 = sql.query_row(known, [], |row| row.get(0)).unwrap();
    drop(sql);
    version(&program, 99);
    let before = fs::read(file(&program)).unwrap();
    let told = refused(&mut program).await;
    let told = told.strip_prefix(&about(&program)).expect(&told);
    assert!(
        told.starts_with("was written by a newer panda-oidc (schema 99, "),
        "{told}"
    );
    assert!(
        told.contains("; run that release, or restore the backup"),
        "{told}"
    );
    assert!(fs::read(file(&program)).unwrap() == before);
    version(&program, known);
    program.restart().await;
    tokens(&program, &mut browser).await;
}

#[tokio::test]
async fn a_damaged_file_is_told_with_its_remedy() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    assert!(program.stop().await);
    let mut database = fs::OpenOptions::new()
        .write(true)
        .open(file(&program))
        .unwrap();
    // The first page's list of tables, behind the header.
    database.seek(SeekFrom::Start(100)).unwrap();
    database.write_all(&[0xa5; 3900]).unwrap();
    let told = refused(&mut program).await;
    let told = told.strip_prefix(&about(&program)).expect(&told);
    assert!(
        told.starts_with("is damaged; restore it from the backup"),
        "{told}"
    );
}

#[tokio::test]
async fn a_log_whose_end_is_garbage_costs_no_start() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut browser = signed_in(&program, &portal).await;
    program.kill();
    let whole = fs::metadata(log_file(&program)).unwrap().len();
    assert!(whole > 0);
    // As after a power failure: a commit that was only half written.
    let append = fs::OpenOptions::new().append(true).open(log_file(&program));
    append.unwrap().write_all(&[0xa5; 5000]).unwrap();
    program.restart().await;
    tokens(&program, &mut browser).await;
    program.kill();

    // A disk that loses what it said was safe: less is there, but what is there is sound.
    let log = fs::OpenOptions::new().write(true).open(log_file(&program));
    let mut log = log.unwrap();
    log.seek(SeekFrom::Start(whole / 2)).unwrap();
    log.write_all(&[0xa5; 64]).unwrap();
    program.restart().await;
    let mut browser = signed_in(&program, &portal).await;
    tokens(&program, &mut browser).await;
}

#[tokio::test]
async fn a_locked_database_is_waited_for_while_others_are_served() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "").await;
    let mut there = signed_in(&program, &portal).await;
    let given = tokens(&program, &mut there).await;
    let access_token = given["access_token"].as_str().unwrap();

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
            let known = program.client().userinfo(access_token).await;
            assert_eq!((jwks.status.as_u16(), known.status.as_u16()), (200, 200));
        }
        other.execute_batch("ROLLBACK").unwrap();
    };
    tokio::join!(launched, meanwhile);
    tokens(&program, &mut browser).await;
}

#[tokio::test]
async fn a_database_that_stays_locked_is_told_to_people_and_to_the_operator() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut there = signed_in(&program, &portal).await;
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
    tokens(&program, &mut there).await;
    assert!(program.stop().await);

    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();
    let told = refused(&mut program).await;
    let told = told.strip_prefix(&about(&program)).expect(&told);
    assert!(
        told.starts_with("is locked by another program; end that"),
        "{told}"
    );
    drop(other);
    program.restart().await;
    tokens(&program, &mut there).await;
}

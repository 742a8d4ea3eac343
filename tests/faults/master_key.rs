//! The master key file: lost, replaced, damaged, or readable by everybody.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use panda_oidc_panda::simulator::SimulatorHandle;

use crate::refusal::refused;
use crate::support::browser::Browser;
use crate::support::program::{BINARY, Program};
use crate::tools::{portal, signed_in, tokens};

fn file(program: &Program) -> PathBuf {
    program.data().join("master.key")
}

/// A stopped program that has served once, and a browser with a session at it.
async fn served_once(portal: &SimulatorHandle) -> (Program, Browser) {
    let mut program = Program::start(portal.url().as_str(), "").await;
    let browser = signed_in(&program, portal).await;
    assert!(program.stop().await);
    (program, browser)
}

/// Restores the right key, and asserts that the program works as before.
async fn assert_recovers(program: &mut Program, browser: &mut Browser, key: &[u8]) {
    fs::write(file(program), key).unwrap();
    program.restart().await;
    tokens(program, browser).await;
}

#[tokio::test]
async fn a_lost_master_key_is_not_replaced() {
    let portal = portal().await;
    let (mut program, mut browser) = served_once(&portal).await;
    let key = fs::read(file(&program)).unwrap();
    fs::remove_file(file(&program)).unwrap();
    for _ in 0..2 {
        let error = refused(&mut program).await;
        let start = format!(
            "keys.master_key_file: the master key file {} is missing",
            file(&program).display()
        );
        assert!(error.starts_with(&start), "{error}");
        assert!(error.contains("Restore it from the backup"), "{error}");
        assert!(!file(&program).exists(), "one was made in its place");
    }
    assert_recovers(&mut program, &mut browser, &key).await;
}

/// Following the remedy for a lost master key loses no linked account.
#[tokio::test]
async fn linked_accounts_outlive_a_lost_master_key() {
    let portal = portal().await;
    let (mut program, _) = served_once(&portal).await;
    let folder = program.folder().to_owned();
    let links = |arguments: &[&str]| {
        let mut command = Command::new(BINARY);
        command.current_dir(&folder);
        let command = command.arg("links").args(arguments);
        let output = command.args(["--config", "panda-oidc.toml"]).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    links(&["set", "1", "--username", "chentao"]);
    let accounts = links(&["list"]);
    fs::remove_file(file(&program)).unwrap();
    let error = refused(&mut program).await;
    let remedy = "save the linked accounts with `panda-oidc links export`";
    assert!(error.contains(remedy), "{error}");

    links(&["export", "--output", "accounts.csv"]);
    fs::rename(program.data(), program.folder().join("away")).unwrap();
    program.restart().await;
    links(&["import", "accounts.csv"]);
    assert_eq!(links(&["list"]), accounts);
}

#[tokio::test]
async fn another_master_key_is_refused_and_not_replaced() {
    let portal = portal().await;
    let (mut program, mut browser) = served_once(&portal).await;
    let (other, _) = served_once(&portal).await;
    let key = fs::read(file(&program)).unwrap();
    fs::copy(file(&other), file(&program)).unwrap();
    let error = refused(&mut program).await;
    assert!(error.starts_with("keys.master_key_file: "), "{error}");
    let expected = format!("{} is not the master key that", file(&program).display());
    assert!(error.contains(&expected), "{error}");
    assert_recovers(&mut program, &mut browser, &key).await;
}

#[tokio::test]
async fn a_file_that_is_not_a_master_key_is_refused_and_kept() {
    let portal = portal().await;
    let (mut program, mut browser) = served_once(&portal).await;
    let key = fs::read(file(&program)).unwrap();
    let half = &key[..key.len() / 2];
    let (twice, bytes) = ([&key[..], &key[..]].concat(), vec![0xff; 32]);
    for wrong in [&b""[..], half, &twice, &bytes, b"CHANGE-ME"] {
        fs::write(file(&program), wrong).unwrap();
        let error = refused(&mut program).await;
        let start = format!(
            "keys.master_key_file: {} is not a master key: ",
            file(&program).display()
        );
        assert!(error.starts_with(&start), "{error}");
        assert!(error.contains("Restore it from the backup"), "{error}");
        assert_eq!(fs::read(file(&program)).unwrap(), wrong);
    }
    fs::remove_file(file(&program)).unwrap();
    fs::create_dir(file(&program)).unwrap();
    let error = refused(&mut program).await;
    assert!(
        error.contains("could not be read (Is a directory"),
        "{error}"
    );
    fs::remove_dir(file(&program)).unwrap();
    assert_recovers(&mut program, &mut browser, &key).await;
    let secret = String::from_utf8(key).unwrap();
    assert!(!program.log().contains(secret.trim()));
}

#[tokio::test]
async fn a_world_readable_master_key_is_warned_about() {
    let portal = portal().await;
    let (mut program, mut browser) = served_once(&portal).await;
    let warning = "can read";
    assert!(!program.log().contains(warning), "{}", program.log());
    fs::set_permissions(file(&program), fs::Permissions::from_mode(0o644)).unwrap();
    program.restart().await;
    tokens(&program, &mut browser).await;
    let log = program.log();
    let line = log.lines().find(|line| line.contains(warning));
    let line = line.expect("a warning");
    let remedy = format!("chmod 600 {}", file(&program).display());
    assert!(line.contains("WARN") && line.contains(&remedy), "{line}");
}

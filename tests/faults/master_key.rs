//! The master key file: lost, exchanged, damaged, shown to everybody.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use panda_oidc_panda::simulator::SimulatorHandle;

use crate::refusal::refused;
use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::tools::{portal, signed_in, tokens};

fn file(program: &Program) -> PathBuf {
    program.data().join("master.key")
}

/// A program that has served once and is stopped, and somebody who is signed in there.
async fn served_once(portal: &SimulatorHandle) -> (Program, Browser) {
    let mut program = Program::start(portal.url().as_str(), "").await;
    let browser = signed_in(&program, portal).await;
    assert!(program.stop().await);
    (program, browser)
}

/// With the right key back in its place, everything is as it was.
async fn is_well_again(program: &mut Program, browser: &mut Browser, key: &[u8]) {
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
        let told = refused(&mut program).await;
        let start = format!(
            "keys.master_key_file: the master key file {} is missing",
            file(&program).display()
        );
        assert!(told.starts_with(&start), "{told}");
        assert!(told.contains("Restore it from the backup"), "{told}");
        assert!(!file(&program).exists(), "one was made in its place");
    }
    is_well_again(&mut program, &mut browser, &key).await;
}

#[tokio::test]
async fn another_master_key_is_refused_and_nothing_replaced() {
    let portal = portal().await;
    let (mut program, mut browser) = served_once(&portal).await;
    let (other, _) = served_once(&portal).await;
    let key = fs::read(file(&program)).unwrap();
    fs::copy(file(&other), file(&program)).unwrap();
    let told = refused(&mut program).await;
    assert!(told.starts_with("keys.master_key_file: "), "{told}");
    let said = format!("{} is not the master key that", file(&program).display());
    assert!(told.contains(&said), "{told}");
    is_well_again(&mut program, &mut browser, &key).await;
}

#[tokio::test]
async fn a_file_that_is_no_master_key_is_refused_and_left_as_it_is() {
    let portal = portal().await;
    let (mut program, mut browser) = served_once(&portal).await;
    let key = fs::read(file(&program)).unwrap();
    let half = &key[..key.len() / 2];
    let (twice, bytes) = ([&key[..], &key[..]].concat(), vec![0xff; 32]);
    for wrong in [&b""[..], half, &twice, &bytes, b"CHANGE-ME"] {
        fs::write(file(&program), wrong).unwrap();
        let told = refused(&mut program).await;
        let start = format!(
            "keys.master_key_file: {} is not a master key: ",
            file(&program).display()
        );
        assert!(told.starts_with(&start), "{told}");
        assert!(told.contains("Restore it from the backup"), "{told}");
        assert_eq!(fs::read(file(&program)).unwrap(), wrong);
    }
    fs::remove_file(file(&program)).unwrap();
    fs::create_dir(file(&program)).unwrap();
    let told = refused(&mut program).await;
    assert!(told.contains("could not be read (Is a directory"), "{told}");
    fs::remove_dir(file(&program)).unwrap();
    is_well_again(&mut program, &mut browser, &key).await;
    let secret = String::from_utf8(key).unwrap();
    assert!(!program.log().contains(secret.trim()));
}

#[tokio::test]
async fn a_master_key_that_everybody_can_read_is_warned_about() {
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

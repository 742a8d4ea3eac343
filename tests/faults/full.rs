//! A disk that takes no more: nothing is promised that was not kept, and room makes it well again.
//! A log that takes no more: nobody but its reader notices.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use panda_oidc_panda::simulator::SimulatorHandle;

use crate::page::honest;
use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::Browser;
use crate::support::program::{BINARY, Program};
use crate::tools::{launch, portal, signed_in, tokens};

/// The binary, told of a file that may grow no further by an error, not by a signal.
fn hardened() -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", BINARY]);
    command
}

/// Lets no file of the program's grow beyond `bytes`.
fn limit(program: &Program, bytes: &str) {
    let told = Command::new("prlimit")
        .arg(format!("--pid={}", program.pid()))
        .arg(format!("--fsize={bytes}:unlimited"))
        .status();
    assert!(told.unwrap().success());
}

#[tokio::test]
async fn a_full_disk_signs_nobody_in_and_loses_nobody() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    program.spawn_by(&mut hardened());
    program.until_ready().await;
    let app = program.client();
    let mut there = signed_in(&program, &portal).await;
    let given = tokens(&program, &mut there).await;
    let waiting = app.login(&mut there).await;
    let log = fs::metadata(program.data().join("panda-oidc.db-wal"));
    limit(&program, &log.unwrap().len().to_string());

    // What has to be written is not promised.
    let ticket = portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    let refused = launch(&program, &mut browser, &ticket).await;
    honest(&refused, 503, false, &ticket);
    let asked = there.get(app.authorize_url(&[])).await;
    assert_eq!(asked.status, 503, "{}", asked.body);
    let redeemed = app.redeem(&waiting).await;
    assert_eq!(redeemed.status, 503, "{}", redeemed.body);
    assert_eq!(redeemed.json()["error"], "temporarily_unavailable");
    // What has only to be read still is.
    let token = given["access_token"].as_str().unwrap();
    assert_eq!(app.userinfo(token).await.status, 200);
    assert_eq!(Browser::new().get(program.at("/jwks")).await.status, 200);

    // With room again, everything goes on where it was.
    limit(&program, "unlimited");
    assert_eq!(launch(&program, &mut browser, &ticket).await.status, 303);
    assert_eq!(app.redeem(&waiting).await.status, 200);
    tokens(&program, &mut there).await;
    assert!(program.stop().await);
    program.restart().await;
    tokens(&program, &mut there).await;
    assert_eq!(app.redeem(&waiting).await.status, 400);
    assert!(!program.log().contains("panicked"));
}

#[tokio::test]
async fn a_first_start_on_a_full_disk_is_told_and_made_up_for() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    let mut rooms = (0..).step_by(7 * 1024);
    let mut stages = BTreeSet::new();
    loop {
        // The more room, the further it gets; each goes on from what the last one left.
        let room = rooms.next().unwrap();
        let script = format!("trap '' XFSZ; exec prlimit --fsize={room}:unlimited \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, BINARY]);
        let (told, tell) = std::io::pipe().unwrap();
        program.spawn_into(&mut command, Stdio::null(), tell);
        drop(command);
        let told = std::thread::spawn(|| std::io::read_to_string(told).unwrap());
        let Err(status) = program.end_or_answer().await else {
            break; // though it may say that it is not ready
        };
        let told = told.join().unwrap();
        assert_eq!(status.code(), Some(1), "{told}");
        let last = told.lines().last().unwrap();
        let stage = last.strip_prefix("error: store.path: the store failed to ");
        let stage = stage.expect(&told).split(':').next().unwrap();
        stages.insert(stage.to_owned());
    }
    let stages: Vec<_> = stages.into_iter().collect();
    assert_eq!(stages, ["keep a signing key", "open its database"]);
    program.restart().await;
    let mut browser = signed_in(&program, &portal).await;
    tokens(&program, &mut browser).await;
}

/// A program is as well as ever, and ends as it should, wherever its output goes.
async fn does_not_mind(portal: &SimulatorHandle, mut program: Program) {
    program.until_ready().await;
    let mut browser = signed_in(&program, portal).await;
    tokens(&program, &mut browser).await;
    let app: RelyingParty = program.client();
    assert_eq!(
        app.redeem("no-code").await.status,
        400,
        "a warning is logged"
    );
    for _ in 0..1000 {
        let url = program.at("/nowhere");
        assert_eq!(browser.get(url).await.status, 404);
    }
    let again = launch(&program, &mut Browser::new(), "no-ticket").await;
    assert_eq!(again.status, 403);
    program.terminate();
    let status = program.end().await;
    assert!(status.success(), "{status} {:?}", status.signal());
}

fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

#[tokio::test]
async fn a_log_on_a_full_disk_stops_nothing() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    program.spawn_into(&mut Command::new(BINARY), full(), full());
    does_not_mind(&portal, program).await;
}

#[tokio::test]
async fn a_log_that_nobody_reads_any_more_stops_nothing() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let again = writer.try_clone().unwrap();
    program.spawn_into(&mut Command::new(BINARY), writer, again);
    does_not_mind(&portal, program).await;
}

#[tokio::test]
async fn a_log_that_nobody_gets_round_to_reading_stops_nothing() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    let (mut reader, writer) = std::io::pipe().unwrap();
    let again = writer.try_clone().unwrap();
    let mut command = Command::new(BINARY);
    program.spawn_into(&mut command, writer, again);
    drop(command);
    let patience = Duration::from_secs(90);
    let ran = tokio::time::timeout(patience, does_not_mind(&portal, program)).await;
    ran.expect("it waits for whoever reads");
    let mut log = String::new();
    reader.read_to_string(&mut log).unwrap();
    assert!(log.contains("Serving"), "{log}");
    assert!(
        !log.contains("Stopping"),
        "it all went into the pipe: {log}"
    );
}

#[tokio::test]
async fn a_command_nobody_listens_to_says_it_by_its_exit_code() {
    let portal = portal().await;
    let program = Program::prepare(portal.url().as_str(), "", "");
    let run = |command: &str, file: &str| {
        let mut command_line = Command::new(BINARY);
        command_line.args([command, "--config"]);
        command_line.arg(program.folder().join(file));
        command_line.stdout(full()).stderr(full());
        command_line.status().unwrap().code()
    };
    assert_eq!(run("check", "panda-oidc.toml"), Some(0));
    assert_eq!(run("check", "nowhere.toml"), Some(1));
    assert_eq!(run("serve", "nowhere.toml"), Some(1));
    fs::write(program.data(), "in the way").unwrap();
    assert_eq!(run("serve", "panda-oidc.toml"), Some(1));
}

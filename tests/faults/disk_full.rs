//! A full disk: nothing is confirmed that was not stored, and free space is enough to recover.
//! A log that cannot be written: the program continues without it.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
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

/// A command that runs the binary with SIGXFSZ ignored, so that a write beyond the file size limit
/// fails with an error.
pub fn with_sigxfsz_ignored() -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", BINARY]);
    command
}

/// Limits the size of the program's files to `bytes`.
pub fn limit_file_size(program: &Program, bytes: &str) {
    let status = Command::new("prlimit")
        .arg(format!("--pid={}", program.pid()))
        .arg(format!("--fsize={bytes}:unlimited"))
        .status();
    assert!(status.unwrap().success());
}

#[tokio::test]
async fn a_full_disk_refuses_new_logins_and_keeps_sessions() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    program.spawn_by(&mut with_sigxfsz_ignored());
    program.until_ready().await;
    let app = program.client();
    let mut signed_in_browser = signed_in(&program, &portal).await;
    let tokens_given = tokens(&program, &mut signed_in_browser).await;
    let pending_code = app.login(&mut signed_in_browser).await;
    let log = fs::metadata(program.data().join("panda-oidc.db-wal"));
    limit_file_size(&program, &log.unwrap().len().to_string());

    // A request that has to write fails.
    let ticket = portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    let refused = launch(&program, &mut browser, &ticket).await;
    honest(&refused, 503, false, &ticket);
    let response = signed_in_browser.get(app.authorize_url(&[])).await;
    assert_eq!(response.status, 503, "{}", response.body);
    let redeemed = app.redeem(&pending_code).await;
    assert_eq!(redeemed.status, 503, "{}", redeemed.body);
    assert_eq!(redeemed.json()["error"], "temporarily_unavailable");
    // A request that only reads still works.
    let token = tokens_given["access_token"].as_str().unwrap();
    assert_eq!(app.userinfo(token).await.status, 200);
    assert_eq!(Browser::new().get(program.at("/jwks")).await.status, 200);

    // With free space again, everything works as before.
    limit_file_size(&program, "unlimited");
    assert_eq!(launch(&program, &mut browser, &ticket).await.status, 303);
    assert_eq!(app.redeem(&pending_code).await.status, 200);
    tokens(&program, &mut signed_in_browser).await;
    assert!(program.stop().await);
    program.restart().await;
    tokens(&program, &mut signed_in_browser).await;
    assert_eq!(app.redeem(&pending_code).await.status, 400);
    assert!(!program.log().contains("panicked"));
}

#[tokio::test]
async fn a_first_start_on_a_full_disk_is_reported_and_completed_later() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    let mut sizes = (0..).step_by(7 * 1024);
    let mut stages = BTreeSet::new();
    loop {
        // Each start gets further than the last one, and continues with the data that one left.
        let max_bytes = sizes.next().unwrap();
        let script =
            format!("trap '' XFSZ; exec prlimit --fsize={max_bytes}:unlimited \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, BINARY]);
        let (stderr, stderr_writer) = std::io::pipe().unwrap();
        program.spawn_into(&mut command, Stdio::null(), stderr_writer);
        drop(command);
        let stderr = std::thread::spawn(|| std::io::read_to_string(stderr).unwrap());
        let Err(status) = program.exit_or_readiness().await else {
            break; // it runs, although it may report that it is not ready
        };
        let stderr = stderr.join().unwrap();
        assert_eq!(status.code(), Some(1), "{stderr}");
        let last = stderr.lines().last().unwrap();
        let stage = last.strip_prefix("error: store.path: the store failed to ");
        let stage = stage.expect(&stderr).split(':').next().unwrap();
        stages.insert(stage.to_owned());
    }
    let stages: Vec<_> = stages.into_iter().collect();
    assert_eq!(stages, ["keep a signing key", "open its database"]);
    program.restart().await;
    let mut browser = signed_in(&program, &portal).await;
    tokens(&program, &mut browser).await;
}

/// Asserts that the program works and exits normally, wherever its output goes.
async fn assert_runs_normally(portal: &SimulatorHandle, mut program: Program) {
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
    let refused = launch(&program, &mut Browser::new(), "no-ticket").await;
    assert_eq!(refused.status, 403);
    program.terminate();
    let status = program.end().await;
    assert!(status.success(), "{status} {:?}", status.signal());
}

fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

#[tokio::test]
async fn a_log_on_a_full_disk_does_not_stop_the_program() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    program.spawn_into(&mut Command::new(BINARY), full(), full());
    assert_runs_normally(&portal, program).await;
}

#[tokio::test]
async fn a_closed_log_pipe_does_not_stop_the_program() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let second_writer = writer.try_clone().unwrap();
    program.spawn_into(&mut Command::new(BINARY), writer, second_writer);
    assert_runs_normally(&portal, program).await;
}

#[tokio::test]
async fn a_full_log_pipe_does_not_stop_the_program() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    // A pipe holds 64 KiB (pipe(7)): a few lines fit.
    writer.write_all(&b"\n".repeat(60 * 1024)).unwrap();
    let second_writer = writer.try_clone().unwrap();
    let mut command = Command::new(BINARY);
    program.spawn_into(&mut command, writer, second_writer);
    drop(command);
    let timeout = Duration::from_secs(90);
    let ran = tokio::time::timeout(timeout, assert_runs_normally(&portal, program)).await;
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
async fn a_command_without_output_reports_by_its_exit_code() {
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

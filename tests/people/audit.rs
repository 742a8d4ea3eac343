//! `panda-oidc audit` on the built program: what it records, and what it finds when records were changed.

use std::os::unix::fs::PermissionsExt as _;

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};
use rusqlite::Connection;
use serde_json::Value;

use crate::support::browser::Browser;
use crate::support::program::{CLIENT_ID, Program};
use crate::support::{CHEN_TAO, until};
use crate::tools::{CommandOutput, run, users};

fn audit(program: &Program, arguments: &[&str]) -> CommandOutput {
    run(program, "audit", arguments)
}

/// The records that `options` select, the newest first.
fn search(program: &Program, options: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["search", "--json"];
    arguments.extend(options);
    let found = audit(program, &arguments);
    assert_eq!(found.code, Some(0), "{found:?}");
    found.lines()
}

fn events(records: &[Value]) -> Vec<&str> {
    let events = records.iter().map(|record| record["event"].as_str());
    events.map(Option::unwrap).collect()
}

async fn started() -> (SimulatorHandle, Program) {
    let portal = Simulator::start(SimulatorSettings::default()).await;
    let portal = portal.unwrap();
    let program = Program::start(portal.url().as_str(), "").await;
    (portal, program)
}

/// Signs Chen Tao in with a new ticket, which is returned, and redeems a code.
async fn log_in(program: &Program, portal: &SimulatorHandle) -> (Browser, String) {
    let mut browser = Browser::new();
    let ticket = portal.issue_ticket(CHEN_TAO);
    let launch = program.at(&format!("/launch/{CLIENT_ID}?ticket={ticket}"));
    assert_eq!(browser.get(launch).await.status, 303);
    let client = program.client();
    let code = client.login(&mut browser).await;
    assert_eq!(client.redeem(&code).await.status, 200);
    (browser, ticket)
}

/// Waits until all records are sealed.
async fn until_sealed(program: &Program) -> String {
    let mut verified = String::new();
    until("all records are sealed", async || {
        verified = audit(program, &["verify"]).expect_success();
        verified.contains("not sealed yet: 0")
    })
    .await;
    verified
}

fn sql(program: &Program, change: &str) {
    let database = Connection::open(program.data().join("panda-oidc.db")).unwrap();
    database.execute_batch(change).unwrap();
}

#[tokio::test]
async fn a_login_that_was_answered_is_recorded_even_if_the_program_is_killed_at_once() {
    let (portal, mut program) = started().await;
    let (_, ticket) = log_in(&program, &portal).await;
    program.kill();
    let records = search(&program, &[]);
    assert_eq!(events(&records), ["grant_issued", "signed_in"]);
    let [grant, sign_in] = &records[..] else {
        unreachable!("there are two");
    };
    for record in &records {
        assert_eq!(record["person"], CHEN_TAO.to_string());
        assert_eq!(record["client_id"], CLIENT_ID);
        assert_eq!(record["detail"]["address"], "127.0.0.1");
        assert_eq!(record["pseudonym"], sign_in["pseudonym"]);
    }
    assert_eq!(grant["detail"]["grant_type"], "authorization_code");
    for digest in ["sid", "browser", "ticket"] {
        let length = sign_in["detail"][digest].as_str().unwrap().len();
        assert_eq!(length, 43, "{digest}");
    }
    let text = format!("{records:?}");
    assert!(!text.contains(&ticket), "{text}");
}

#[tokio::test]
async fn refusals_and_logouts_are_recorded() {
    let (portal, program) = started().await;
    let (mut browser, ticket) = log_in(&program, &portal).await;
    let launch = program.at(&format!("/launch/{CLIENT_ID}?ticket={ticket}"));
    Browser::new().follow(launch).await;
    let client = program.client();
    let code = client.login(&mut browser).await;
    let wrong = [("client_secret", "wrong")];
    assert_ne!(client.redeem_with(&code, &wrong).await.status, 200);
    assert_eq!(client.redeem(&code).await.status, 200);
    assert_ne!(client.redeem(&code).await.status, 200);
    run(&program, "sessions", &["end", "--all"]).expect_success();
    until("the refusals are written", async || {
        search(&program, &[]).len() == 8
    })
    .await;
    let found = |event| search(&program, &["--event", event]);
    let refused = found("sign_in_refused");
    assert_eq!(refused[0]["detail"]["reason"], "ticket_refused");
    assert_eq!(found("client_refused")[0]["client_id"], CLIENT_ID);
    assert_eq!(found("code_replayed")[0]["client_id"], CLIENT_ID);
    let ended = found("signed_out");
    assert_eq!(ended[0]["detail"]["by"], "operator");
    assert_eq!(ended[0]["person"], CHEN_TAO.to_string());
    let changed = &found("changed")[0]["detail"];
    assert_eq!(changed["change"], "sessions_ended");
    assert_eq!(changed["detail"], "--all");
    assert!(changed["actor"].as_str().unwrap().starts_with("uid "));
    assert!(search(&program, &["--client", "wiki"]).is_empty());
    assert!(search(&program, &["--until", "2020-01-01"]).is_empty());
    assert_eq!(search(&program, &["--since", "2020-01-01"]).len(), 8);
}

#[tokio::test]
async fn a_forgotten_person_leaves_a_pseudonym_and_the_chain_still_holds() {
    let (portal, program) = started().await;
    log_in(&program, &portal).await;
    until_sealed(&program).await;
    let person = CHEN_TAO.to_string();
    let of_person = search(&program, &["--person", &person]);
    assert_eq!(of_person.len(), 2);
    users(&program, &["forget", &person]).expect_success();
    assert!(search(&program, &["--person", &person]).is_empty());
    let left = search(&program, &[]);
    let [forgotten, .., sign_in] = &left[..] else {
        panic!("{left:?}");
    };
    assert_eq!(sign_in["pseudonym"], of_person[1]["pseudonym"]);
    assert_eq!(sign_in["person"], Value::Null);
    assert_eq!(forgotten["detail"]["change"], "person_forgotten");
    assert_eq!(forgotten["pseudonym"], sign_in["pseudonym"]);
    until_sealed(&program).await;
}

#[tokio::test]
async fn what_is_changed_in_the_database_is_found() {
    let (portal, mut program) = started().await;
    log_in(&program, &portal).await;
    let verified = until_sealed(&program).await;
    let (_, head) = verified.trim_end().split_once("head: ").unwrap();
    let with_head = ["verify", "--head", head];
    program.stop().await;
    audit(&program, &with_head).expect_success();
    let file = program.data().join("panda-oidc.db");
    let sound = std::fs::read(&file).unwrap();
    for (change, finding) in [
        (
            "DELETE FROM audit_records WHERE seq = 1",
            "records were removed",
        ),
        (
            "UPDATE audit_records SET at = at + 1 WHERE seq = 1",
            "was changed",
        ),
        ("UPDATE audit_records SET pseudonym = 'x'", "was changed"),
        (
            "UPDATE audit_records SET seq = 9 WHERE seq = 1; UPDATE audit_records SET seq = 1 WHERE seq = 2",
            "a record of block",
        ),
        ("UPDATE audit_blocks SET sealed_at = 1", "was changed"),
        ("DELETE FROM audit_blocks WHERE number = 1", "block"),
        (
            "DELETE FROM audit_records; UPDATE audit_blocks SET pruned = 1
              WHERE number = (SELECT max(number) FROM audit_blocks);
             DELETE FROM audit_blocks WHERE pruned = 0",
            "audit.retention has not passed",
        ),
    ] {
        sql(&program, change);
        let error = audit(&program, &["verify"]).expect_failure(1);
        assert!(error.contains(finding), "{change}: {error}");
        std::fs::write(&file, &sound).unwrap();
    }
    // Only a head that was noted shows that the end is missing.
    sql(
        &program,
        "DELETE FROM audit_records; DELETE FROM audit_blocks",
    );
    audit(&program, &["verify"]).expect_success();
    let error = audit(&program, &with_head).expect_failure(1);
    assert!(error.contains("no block has the hash"), "{error}");
}

#[tokio::test]
async fn an_export_is_a_private_file_of_json_lines() {
    let (portal, program) = started().await;
    log_in(&program, &portal).await;
    until_sealed(&program).await;
    let file = program.folder().join("audit.jsonl");
    let export = ["export", "--output", file.to_str().unwrap()];
    audit(&program, &export).expect_success();
    let mode = file.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events(&lines), ["grant_issued", "signed_in"]);
    assert!(lines.iter().all(|line| line["block"].is_i64()), "{text}");
    let error = audit(&program, &export).expect_failure(1);
    assert!(error.contains("cannot be made"), "{error}");
}

#[tokio::test]
async fn tokens_that_the_database_does_not_keep_are_recorded_soon() {
    let portal = Simulator::start(SimulatorSettings::default()).await;
    let portal = portal.unwrap();
    let grant_types = "grant_types = ['client_credentials', 'authorization_code']\n";
    let mut program = Program::start(portal.url().as_str(), grant_types).await;
    let form = [("grant_type", "client_credentials")];
    assert_eq!(program.client().token(&form).await.status, 200);
    assert!(program.stop().await);
    let [grant] = &search(&program, &[])[..] else {
        panic!("there is one record");
    };
    assert_eq!(grant["detail"]["grant_type"], "client_credentials");
    assert_eq!(grant["client_id"], CLIENT_ID);
    assert_eq!(grant["person"], Value::Null);
    let verified = audit(&program, &["verify"]).expect_success();
    assert!(verified.contains("sound: 1 records in 1 blocks; not sealed yet: 0"));
    let (_, head) = verified.trim_end().split_once("head: ").unwrap();
    assert!(program.log().contains(head), "the log names the last block");
}

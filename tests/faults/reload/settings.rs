//! Settings that change, and those that cannot.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::{
    TOKEN, edit, edit_top, hang_up, hang_up_until, launch, logged, post_reload, start, until_logged,
};
use crate::support::app::claims;
use crate::support::program::{BINARY, Program};
use crate::support::until;
use crate::tools::{portal, signed_in, tokens};

#[tokio::test]
async fn a_limit_that_changes_begins_anew_and_the_others_go_on_counting() {
    let limits = "[limits]\nexempt = []\nlaunches_per_minute = 3\n";
    let (portal, program) = start(limits).await;
    for _ in 0..2 {
        assert_eq!(launch(&program, &portal, "app").await.status, 303);
    }
    edit(
        &program,
        limits,
        &format!("{limits}token_requests_per_minute = 7\n"),
    );
    hang_up_until(&program, "changed: limits.token_requests_per_minute").await;
    assert_eq!(launch(&program, &portal, "app").await.status, 303);
    assert_eq!(launch(&program, &portal, "app").await.status, 429);
    edit(
        &program,
        "launches_per_minute = 3",
        "launches_per_minute = 4",
    );
    hang_up_until(&program, "changed: limits.launches_per_minute").await;
    for status in [303, 303, 303, 303, 429] {
        assert_eq!(launch(&program, &portal, "app").await.status, status);
    }
}

#[tokio::test]
async fn the_level_of_the_log_changes_unless_the_environment_sets_it() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    program.spawn_by(Command::new("env").args(["-u", "RUST_LOG", BINARY]));
    program.until_ready().await;
    edit(&program, "", "[log]\nlevel = 'debug'\n");
    hang_up_until(&program, "changed: log.level").await;
    assert!(!logged(&program).contains("DEBUG"));
    let debug = async || {
        // A request without a token is logged at this level.
        post_reload(&program, None).await;
        logged(&program).contains("no token was presented to /reload")
    };
    until("a debug line", debug).await;
    edit(&program, "'debug'", "'error'");
    hang_up(&program);
    let quiet = async || {
        let before = logged(&program).matches("no token was presented").count();
        post_reload(&program, None).await;
        post_reload(&program, None).await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        logged(&program).matches("no token was presented").count() == before
    };
    until("no debug line", quiet).await;

    program.restart().await;
    until_logged(&program, "log.level is not used, because RUST_LOG is set").await;
}

#[tokio::test]
async fn what_needs_a_restart_is_named_until_it_has_its_old_value() {
    let (portal, program) = start("").await;
    let issuer = format!("issuer = '{}'", program.issuer);
    edit(&program, &issuer, "issuer = 'http://127.0.0.1:1'");
    edit(&program, "[store]", "[limits]\nconnections = 99\n[store]");
    let named = json!(["issuer", "limits.connections"]);
    for _ in 0..2 {
        let answer = post_reload(&program, Some(TOKEN)).await.json();
        assert_eq!(answer["needs_restart"], named, "{answer}");
        assert_eq!(answer["changed"], json!([]));
    }
    let warning = "limits.connections has changed since the start and needs a restart";
    let is_warned_twice = async || {
        let log = logged(&program);
        let warnings = log.lines().filter(|line| line.contains(warning));
        warnings.filter(|line| line.contains("WARN")).count() == 2
    };
    until("two warnings", is_warned_twice).await;
    // The issuer, and what a client gets with it, is the one of the start.
    let mut browser = signed_in(&program, &portal).await;
    let granted = tokens(&program, &mut browser).await;
    let access = granted["access_token"].as_str().unwrap();
    assert_eq!(claims(access)["iss"], program.issuer);
    assert_eq!(program.client().userinfo(access).await.status, 200);
    edit(&program, "issuer = 'http://127.0.0.1:1'", &issuer);
    edit(&program, "connections = 99\n", "");
    let answer = post_reload(&program, Some(TOKEN)).await.json();
    assert_eq!(answer["needs_restart"], json!([]));
}

#[tokio::test]
async fn the_groups_file_is_followed_after_a_reload_names_it() {
    let (portal, program) = start("allow = { groups = ['staff'] }").await;
    assert_eq!(launch(&program, &portal, "app").await.status, 403);
    let groups = program.folder().join("groups.csv");
    fs::write(&groups, "group,id\nstaff,1\n").unwrap();
    edit_top(&program, "groups_file = 'groups.csv'");
    hang_up_until(&program, "changed: groups_file").await;
    assert_eq!(launch(&program, &portal, "app").await.status, 303);
    fs::write(&groups, "group,id\nstaff,22\n").unwrap();
    until_logged(&program, "groups.csv was read again").await;
    assert_eq!(launch(&program, &portal, "app").await.status, 403);
    fs::write(&groups, "group\n").unwrap();
    let answer = post_reload(&program, Some(TOKEN)).await;
    assert_eq!(answer.status, 422);
    assert!(
        answer.json()["errors"][0]["file"]
            .as_str()
            .unwrap()
            .ends_with("groups.csv")
    );
}

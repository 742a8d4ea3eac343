//! `panda-oidc sessions`: lists and ends sessions beside the running provider.

use std::process::Command;

use serde_json::Value;

use crate::support::browser::Browser;
use crate::support::listener::Listener;
use crate::support::program::{BINARY, CLIENT_ID, Program};
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{launch, portal, signed_in, tokens};

/// Runs a command of the program, and returns its exit code, stdout and stderr.
fn run(program: &Program, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .arg("--config")
        .arg(program.config_file());
    let output = command.env_remove("RUST_LOG").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// The sessions that `sessions list --json` shows.
fn listed(program: &Program, options: &[&str]) -> Vec<Value> {
    let arguments = [&["sessions", "list", "--json"], options].concat();
    let (code, out, err) = run(program, &arguments);
    assert_eq!(code, 0, "{err}");
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Whether the browser is signed in.
async fn is_signed_in(program: &Program, browser: &mut Browser) -> bool {
    let apps = browser.get(program.at("/launch")).await;
    !apps.body.contains("请从")
}

#[tokio::test]
async fn sessions_are_listed_with_their_people_and_clients() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "").await;
    assert_eq!(listed(&program, &[]).len(), 0);
    let mut browser = signed_in(&program, &portal).await;
    tokens(&program, &mut browser).await;
    let mut other = Browser::new();
    launch(&program, &mut other, &portal.issue_ticket(HEI_LONG_JIANG)).await;

    let all = listed(&program, &[]);
    let ids: Vec<_> = all.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1", "2"]);
    assert_eq!(all[0]["name"], "陈涛");
    assert_eq!(all[0]["clients"], serde_json::json!([CLIENT_ID]));
    assert_eq!(all[1]["clients"], serde_json::json!([]));
    let sid = all[0]["sid"].as_str().unwrap();
    for options in [["--person", "1"], ["--client", CLIENT_ID], ["--sid", sid]] {
        assert_eq!(listed(&program, &options), [all[0].clone()], "{options:?}");
    }
    for options in [["--person", "9"], ["--client", "wiki"], ["--sid", "x"]] {
        assert_eq!(listed(&program, &options).len(), 0, "{options:?}");
    }
    let (code, table, _) = run(&program, &["sessions", "list"]);
    assert_eq!(code, 0);
    assert!(table.starts_with("ID  NAME"), "{table}");
    assert!(table.contains("陈涛") && table.contains(sid), "{table}");
}

#[tokio::test]
async fn sessions_end_by_person_client_and_sid_and_others_stay() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "").await;
    for option in ["--person", "--client", "--sid"] {
        let mut browser = signed_in(&program, &portal).await;
        let given = tokens(&program, &mut browser).await;
        let mut other = Browser::new();
        launch(&program, &mut other, &portal.issue_ticket(HEI_LONG_JIANG)).await;
        let sid = listed(&program, &["--person", "1"])[0]["sid"].clone();
        let value = match option {
            "--person" => "1",
            "--client" => CLIENT_ID,
            _ => sid.as_str().unwrap(),
        };
        let (code, out, err) = run(&program, &["sessions", "end", option, value]);
        assert_eq!((code, err.as_str()), (0, ""));
        assert_eq!(out, "ended sessions: 1, of people: 1\n");
        assert!(!is_signed_in(&program, &mut browser).await, "{option}");
        assert!(is_signed_in(&program, &mut other).await, "{option}");
        let access = given["access_token"].as_str().unwrap();
        assert_eq!(program.client().userinfo(access).await.status, 401);

        let (code, out, err) = run(&program, &["sessions", "end", option, value]);
        assert_eq!((code, out.as_str()), (1, ""));
        let expected = format!("no session has {option} {value}");
        assert!(err.contains(&expected), "{err}");
        run(&program, &["sessions", "end", "--person", "2"]);
    }
}

#[tokio::test]
async fn what_ends_is_named_once() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "").await;
    for arguments in [
        &["sessions", "end"][..],
        &["sessions", "end", "--all", "--person", "1"],
        &["sessions", "end", "--client", "app", "--sid", "x"],
        &["sessions", "list", "--person", "1", "--client", "app"],
    ] {
        let (code, _, err) = run(&program, arguments);
        assert_eq!(code, 2, "{arguments:?}: {err}");
    }
    let (code, _, err) = run(&program, &["sessions", "end", "--person", "陈涛"]);
    assert_eq!(code, 1, "{err}");
    let (code, out, err) = run(&program, &["sessions", "end", "--all"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "ended sessions: 0, of people: 0\n"),
        "{err}"
    );
}

#[tokio::test]
async fn ending_all_sessions_tells_the_apps_and_keeps_accounts_and_keys() {
    let portal = portal().await;
    let app = Listener::open().await;
    let more = format!("refresh_token = 'always'\n{}", app.registration_line());
    let program = Program::start(portal.url().as_str(), &more).await;
    let mut browser = signed_in(&program, &portal).await;
    let given = tokens(&program, &mut browser).await;
    let jwks = Browser::new().get(program.at("/jwks")).await.body;
    let link = ["links", "set", "1", "--username", "chentao"];
    assert_eq!(run(&program, &link).0, 0);
    let accounts = run(&program, &["links", "list"]).1;

    let (code, out, err) = run(&program, &["sessions", "end", "--all"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(
        out,
        format!("ended sessions: 1, of people: 1; told of it: {CLIENT_ID}\n")
    );
    app.next_notice().await;
    assert!(!is_signed_in(&program, &mut browser).await);
    let client = program.client();
    let access = given["access_token"].as_str().unwrap();
    assert_eq!(client.userinfo(access).await.status, 401);
    let refreshed = client
        .refresh(given["refresh_token"].as_str().unwrap())
        .await;
    assert_eq!(refreshed.json()["error"], "invalid_grant");
    assert_eq!(Browser::new().get(program.at("/jwks")).await.body, jwks);
    assert_eq!(run(&program, &["links", "list"]).1, accounts);
    let mut again = Browser::new();
    launch(&program, &mut again, &portal.issue_ticket(CHEN_TAO)).await;
    tokens(&program, &mut again).await;
}

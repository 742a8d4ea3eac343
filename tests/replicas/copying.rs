//! `store copy`: from SQLite to PostgreSQL and back, with everything that people and apps have.

use std::fs;
use std::process::{Command, Output};

use crate::fleet::{DATABASE, Fleet, text};
use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::Browser;
use crate::support::program::BINARY;

fn copy(from: &str, to: &str) -> Output {
    Command::new(BINARY)
        .args(["store", "copy", "--from", from, "--to", to])
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

#[tokio::test]
async fn sessions_and_tokens_move_to_postgresql_and_back() {
    let mut fleet = Fleet::prepare(1, "").await;
    fleet.programs[0].restart().await;
    let ticket = fleet.portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    assert_eq!(fleet.launch(0, &mut browser, &ticket).await.status, 303);
    let tokens = fleet.tokens(0, &mut browser).await;
    assert!(fleet.programs[0].stop().await);

    let folder = fleet.programs[0].folder().to_owned();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let sqlite = path("panda-oidc.toml");
    let toml = fs::read_to_string(&sqlite).unwrap();
    let old = format!("kind = 'sqlite'\npath = '{}'", path("data/panda-oidc.db"));
    let url = fleet.server.url(DATABASE);
    let with_store = |store: &str| {
        assert!(toml.contains(&old), "{toml}");
        toml.replace(&old, store)
    };
    let postgres = path("postgres.toml");
    fs::write(
        &postgres,
        with_store(&format!("kind = 'postgres'\nurl = '{url}'")),
    )
    .unwrap();
    let back = path("back.toml");
    let moved = path("data/moved.db");
    fs::write(&back, with_store(&format!("path = '{moved}'"))).unwrap();

    let copied = copy(&sqlite, &postgres);
    let printed = String::from_utf8_lossy(&copied.stdout);
    assert!(
        copied.status.success(),
        "{}",
        String::from_utf8_lossy(&copied.stderr)
    );
    assert!(
        printed.contains("sessions 1") && printed.contains("every table has the same rows"),
        "{printed}"
    );
    let again = copy(&sqlite, &postgres);
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("already has"));

    fleet.start_program(0).await;
    let app = fleet.app(0);
    let code = RelyingParty::code(&browser.get(app.authorize_url(&[("prompt", "none")])).await);
    assert_eq!(app.redeem(&code).await.status, 200);
    let refreshed = app.refresh(text(&tokens, "refresh_token")).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    let refresh_token = text(&refreshed.json(), "refresh_token").to_owned();
    assert!(fleet.programs[0].stop().await);

    let copied = copy(&postgres, &back);
    assert!(
        copied.status.success(),
        "{}",
        String::from_utf8_lossy(&copied.stderr)
    );
    fs::rename(path("data/moved.db"), path("data/panda-oidc.db")).unwrap();
    for suffix in ["-wal", "-shm"] {
        // They belong to the file that was replaced, if it had any left.
        let _ = fs::remove_file(path(&format!("data/panda-oidc.db{suffix}")));
    }
    fleet.programs[0].restart().await;
    let app = fleet.app(0);
    assert_eq!(app.refresh(&refresh_token).await.status, 200);
    let silent = browser.get(app.authorize_url(&[("prompt", "none")])).await;
    assert!(silent.parameter("code").is_some(), "{}", silent.location());
}

#[tokio::test]
async fn a_backup_of_postgresql_is_restored_into_postgresql() {
    let mut fleet = Fleet::start(1, "").await;
    let mut browser = fleet.signed_in(0).await;
    let file = fleet.programs[0].folder().join("backup.db");
    let store = |fleet: &Fleet, arguments: &[&str]| {
        let output = Command::new(BINARY)
            .arg("store")
            .args(arguments)
            .arg("--config")
            .arg(fleet.programs[0].config_file())
            .envs(fleet.variables())
            .env_remove("RUST_LOG")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    store(&fleet, &["backup", file.to_str().unwrap()]);
    assert!(fleet.programs[0].stop().await);
    fleet
        .server
        .sql(DATABASE, "DELETE FROM sessions; DELETE FROM handles");
    store(&fleet, &["restore", file.to_str().unwrap(), "--replace"]);
    let checked = store(&fleet, &["check", "--json"]);
    assert!(checked.contains("\"sessions\":1"), "{checked}");
    fleet.start_program(0).await;
    let silent = browser
        .get(fleet.app(0).authorize_url(&[("prompt", "none")]))
        .await;
    assert!(silent.parameter("code").is_some(), "{}", silent.location());
}

//! Databases that cannot be used: the program and `check` say why, and what to do.

use std::process::Command;

use crate::fleet::{DATABASE, Fleet};
use crate::support::browser::Browser;
use crate::support::program::BINARY;

/// Runs `check` of the first process with the database at `url`. Returns whether it succeeded, and what it printed.
fn check(fleet: &Fleet, url: &str, more: &[(&str, &str)]) -> (bool, String) {
    let output = Command::new(BINARY)
        .args(["check", "--config"])
        .arg(fleet.programs[0].config_file())
        .env("PANDA_OIDC__STORE__KIND", "postgres")
        .env("PANDA_OIDC__STORE__URL", url)
        .envs(more.iter().copied())
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert!(
        !text.contains("a-password-of-the-tests"),
        "the password is printed: {text}"
    );
    (output.status.success(), text)
}

#[tokio::test]
async fn check_names_what_is_wrong_with_the_database_and_migrates_nothing() {
    let fleet = Fleet::prepare(1, "").await;
    let good = fleet.server.url(DATABASE);
    let (succeeded, text) = check(&fleet, &good, &[]);
    assert!(succeeded, "{text}");
    assert!(text.contains("has no tables yet"), "{text}");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(
        fleet.server.sql(DATABASE, tables),
        "0",
        "check has made tables"
    );
    for (url, named) in [
        (
            good.replace("a-password-of-the-tests", "another"),
            "PostgreSQL refuses the login",
        ),
        (
            fleet.server.url("no_such_database"),
            "PostgreSQL refuses the login",
        ),
        (
            good.replace("127.0.0.1", "127.0.0.2"),
            "PostgreSQL cannot be reached",
        ),
        (
            format!("{good}?sslmode=require"),
            "PostgreSQL cannot be reached",
        ),
        (format!("{good}?sslmode=allow"), "sslmode"),
        (format!("{good}?sslmode=verify-ca"), "ca_file"),
        ("mysql://a@b/c".to_owned(), "it is not a URL of PostgreSQL"),
        ("postgresql://127.0.0.1".to_owned(), "it names no database"),
    ] {
        let (succeeded, text) = check(&fleet, &url, &[]);
        assert!(!succeeded, "{url}: {text}");
        assert!(
            text.contains(named) && text.contains("store.url"),
            "{url}: {text}"
        );
    }
    let both = ("PANDA_OIDC__STORE__URL_ENV", "DATABASE_URL");
    let (succeeded, text) = check(&fleet, &good, &[both]);
    assert!(!succeeded && text.contains("more than one"), "{text}");
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_used_only_if_that_release_allows_it() {
    let mut fleet = Fleet::start(1, "").await;
    fleet
        .server
        .sql(DATABASE, "UPDATE schema_version SET version = version + 1");
    fleet.start_program(0).await;
    fleet.signed_in(0).await;
    fleet
        .server
        .sql(DATABASE, "UPDATE schema_version SET oldest = version");
    fleet.spawn(0, &[]);
    let ended = fleet.programs[0].exit_or_readiness().await;
    assert!(ended.is_err(), "it serves");
    assert!(fleet.programs[0].log().contains("is of a newer panda-oidc"));
    let (succeeded, text) = check(&fleet, &fleet.server.url(DATABASE), &[]);
    assert!(
        !succeeded && text.contains("is of a newer panda-oidc"),
        "{text}"
    );
}

#[tokio::test]
async fn a_server_that_only_allows_reading_grants_nothing_and_heals() {
    let fleet = Fleet::start(1, "").await;
    let mut browser = fleet.signed_in(0).await;
    let read_only = |on: &str| {
        let setting = format!("ALTER DATABASE {DATABASE} SET default_transaction_read_only = {on}");
        fleet.server.sql("postgres", &setting);
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE application_name = 'panda-oidc'";
        fleet.server.sql("postgres", end);
    };
    read_only("on");
    let url = fleet.app(0).authorize_url(&[("prompt", "none")]);
    let answer = browser.get(&url).await;
    assert_eq!(
        answer.parameter("error").as_deref(),
        Some("temporarily_unavailable")
    );
    let ready = Browser::new()
        .get(format!("{}/readyz", fleet.programs[0].admin))
        .await;
    assert_eq!(ready.status, 503);
    assert!(
        fleet.programs[0]
            .log()
            .contains("PostgreSQL only allows reading")
    );
    read_only("off");
    // The connections that were cut are noticed one by one.
    crate::support::until("it heals", async || {
        browser.get(&url).await.parameter("code").is_some()
    })
    .await;
}

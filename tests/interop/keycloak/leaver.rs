//! A user who leaves the portal loses the Keycloak session, and the history records it.

use std::time::{Duration, Instant};

use panda_oidc_panda::simulator::Person;
use serde_json::{Value, json};

use super::cli::run_cli;
use super::stage::{ES256, Stage};
use crate::support::browser::Browser;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

/// Synchronises the user list of the portal. Returns how many users have left since the last run.
async fn sync_users(stage: &Stage) -> Value {
    let report = run_cli(&stage.program, &["users", "sync", "--json"]).await;
    let report: Value = serde_json::from_str(&report).unwrap();
    report["left"].clone()
}

/// Waits until the history of a user has this `event`. Returns the history.
async fn history(stage: &Stage, id: &str, event: &str) -> Value {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let history = run_cli(&stage.program, &["users", "history", id, "--json"]).await;
        let history: Value = serde_json::from_str(&history).unwrap();
        let mut events = history["events"].as_array().unwrap().iter();
        if events.any(|entry| entry["event"] == event) {
            return history;
        }
        assert!(
            Instant::now() < deadline,
            "{history} {}",
            stage.program.log()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_user_who_leaves_the_portal_loses_the_keycloak_session() {
    let stage = Stage::start_with("leaver", ES256, "[directory]\nsync = 'off'\n").await;
    // The removal limit allows one user in twenty to leave at once.
    for id in 4..=40 {
        let person = Person::new(id, format!("用户{id}"), "");
        stage.portal.add_user(person);
    }
    assert_eq!(sync_users(&stage).await, 0);
    let mut browser = Browser::new();
    let responses = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&responses).await;
    let mut other_browser = Browser::new();
    let other_responses = stage.click(&mut other_browser, HEI_LONG_JIANG).await;
    let other_tokens = stage.app.tokens(&other_responses).await;
    let leaver = stage.admin.user("1").await;
    assert_eq!(stage.admin.sessions(&leaver).await.len(), 1);

    stage.portal.suspend_user(CHEN_TAO);
    assert_eq!(sync_users(&stage).await, 0, "one reading may be wrong");
    let refreshed = stage.app.refresh(&tokens).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    let tokens = refreshed.json();

    assert_eq!(sync_users(&stage).await, 1);
    let history = history(&stage, "1", "told").await;
    let events = history["events"].as_array().unwrap();
    let kinds: Vec<_> = events.iter().map(|entry| &entry["event"]).collect();
    assert_eq!(kinds, ["absent", "left", "told"], "{history}");
    assert_eq!(events[1]["clients"], json!(["keycloak"]));
    assert_eq!(events[2]["client_id"], "keycloak");
    // Keycloak has confirmed the logout and has indeed ended the session.
    assert!(stage.admin.sessions(&leaver).await.is_empty());
    let refused = stage.app.refresh(&tokens).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(refused.json()["error"], "invalid_grant");

    let responses = stage.click(&mut browser, CHEN_TAO).await;
    let page = responses.last().unwrap();
    assert_eq!(page.status, 403, "{}", page.url);
    assert!(page.body.contains("您的账号已停用"), "{}", page.body);
    assert!(stage.admin.sessions(&leaver).await.is_empty());

    // The sessions of other users are unaffected.
    assert!(stage.is_signed_in(&mut other_browser).await);
    let other = stage.admin.user("2").await;
    assert_eq!(stage.admin.sessions(&other).await.len(), 1);
    let refreshed = stage.app.refresh(&other_tokens).await;
    assert_eq!(
        refreshed.status, 200,
        "a colleague's goes on: {}",
        refreshed.body
    );
}

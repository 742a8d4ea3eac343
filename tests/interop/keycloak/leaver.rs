//! Who leaves loses what Keycloak gave them, and there is a proof of it.

use std::time::{Duration, Instant};

use panda_oidc_panda::simulator::Person;
use serde_json::{Value, json};

use super::operator::operate;
use super::stage::{ES256, Stage};
use crate::support::browser::Browser;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

/// Reads the portal's list, and says how many have left since the last time.
async fn left(stage: &Stage) -> Value {
    let report = operate(&stage.program, &["users", "sync", "--json"]).await;
    let report: Value = serde_json::from_str(&report).unwrap();
    report["left"].clone()
}

/// What is on record of somebody, once it has an `event`.
async fn history(stage: &Stage, id: &str, event: &str) -> Value {
    let patience = Instant::now() + Duration::from_mins(1);
    loop {
        let history = operate(&stage.program, &["users", "history", id, "--json"]).await;
        let history: Value = serde_json::from_str(&history).unwrap();
        let mut events = history["events"].as_array().unwrap().iter();
        if events.any(|one| one["event"] == event) {
            return history;
        }
        assert!(
            Instant::now() < patience,
            "{history} {}",
            stage.program.log()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn who_leaves_the_portal_has_no_keycloak_session_any_more() {
    let stage = Stage::set_with("leaver", ES256, "[directory]\nsync = 'off'\n").await;
    // One in twenty may leave at once.
    for id in 4..=40 {
        let person = Person::new(id, format!("用户{id}"), "");
        stage.portal.add_user(person);
    }
    assert_eq!(left(&stage).await, 0);
    let mut browser = Browser::new();
    let road = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&road).await;
    let mut elsewhere = Browser::new();
    let colleague = stage.click(&mut elsewhere, HEI_LONG_JIANG).await;
    let colleague = stage.app.tokens(&colleague).await;
    let leaver = stage.admin.user("1").await;
    assert_eq!(stage.admin.sessions(&leaver).await.len(), 1);

    stage.portal.suspend_user(CHEN_TAO);
    assert_eq!(left(&stage).await, 0, "one reading may be wrong");
    let kept = stage.app.refresh(&tokens).await;
    assert_eq!(kept.status, 200, "{}", kept.body);
    let tokens = kept.json();

    assert_eq!(left(&stage).await, 1);
    let history = history(&stage, "1", "told").await;
    let events = history["events"].as_array().unwrap();
    let kinds: Vec<_> = events.iter().map(|one| &one["event"]).collect();
    assert_eq!(kinds, ["absent", "left", "told"], "{history}");
    assert_eq!(events[1]["clients"], json!(["keycloak"]));
    assert_eq!(events[2]["client_id"], "keycloak");
    // What Keycloak has confirmed is true.
    assert!(stage.admin.sessions(&leaver).await.is_empty());
    let refused = stage.app.refresh(&tokens).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(refused.json()["error"], "invalid_grant");

    let road = stage.click(&mut browser, CHEN_TAO).await;
    let page = road.last().unwrap();
    assert_eq!(page.status, 403, "{}", page.url);
    assert!(page.body.contains("您的账号已停用"), "{}", page.body);
    assert!(stage.admin.sessions(&leaver).await.is_empty());

    // Nor will Keycloak be told of anybody else.
    assert!(stage.is_signed_in(&mut elsewhere).await);
    let other = stage.admin.user("2").await;
    assert_eq!(stage.admin.sessions(&other).await.len(), 1);
    let kept = stage.app.refresh(&colleague).await;
    assert_eq!(kept.status, 200, "a colleague's goes on: {}", kept.body);
}

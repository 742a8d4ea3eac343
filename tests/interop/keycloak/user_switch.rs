//! Another user takes over the browser: the Keycloak session of the previous user must end.

use std::time::{Duration, Instant};

use super::stage::{ClientSettings, ES256, RS256, Stage};
use crate::support::app::claims;
use crate::support::browser::Browser;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

#[tokio::test]
async fn f6_a_switch_of_users_ends_the_keycloak_session_of_the_previous_user() {
    switch("switch", RS256).await;
}

#[tokio::test]
async fn f6_keycloak_accepts_a_logout_token_signed_with_es256() {
    switch("switch-es256", ES256).await;
}

async fn switch(realm: &str, settings: ClientSettings) {
    let stage = Stage::start(realm, settings).await;
    let mut browser = Browser::new();
    let responses = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&responses).await;
    // A second launch continues the same session, with the `sid` that Keycloak knows from the first.
    stage.click(&mut browser, CHEN_TAO).await;
    let refreshed = stage.app.refresh(&tokens).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    let tokens = refreshed.json();
    let other_responses = stage.click(&mut Browser::new(), CHEN_TAO).await;
    let other_tokens = stage.app.tokens(&other_responses).await;

    let launched = browser
        .get_from(
            stage.menu_entry(HEI_LONG_JIANG),
            stage.portal.url().as_str(),
        )
        .await;
    let refused = stage.app.refresh(&tokens).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(refused.json()["error"], "invalid_grant");
    let kept = stage.app.refresh(&other_tokens).await;
    assert_eq!(kept.status, 200, "in another browser: {}", kept.body);

    let responses = browser.follow(launched.location()).await;
    let tokens = stage.app.tokens(&responses).await;
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id_token["preferred_username"], "2");
}

#[tokio::test]
async fn f6_a_launch_after_the_session_expired_does_not_continue_as_the_previous_user() {
    let stage = Stage::start_with("ran-out", ES256, "[session]\nlifetime = '1m'\n").await;
    let mut browser = Browser::new();
    let responses = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&responses).await;
    let deadline = Instant::now() + Duration::from_mins(2);
    while stage.is_signed_in(&mut browser).await {
        assert!(Instant::now() < deadline, "the session does not run out");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let kept = stage.app.refresh(&tokens).await;
    assert_eq!(kept.status, 200, "Keycloak's own goes on: {}", kept.body);

    let responses = stage.click(&mut browser, HEI_LONG_JIANG).await;
    let id_token = claims(
        stage.app.tokens(&responses).await["id_token"]
            .as_str()
            .unwrap(),
    );
    assert_eq!(id_token["preferred_username"], "2");
    let refused = stage.app.refresh(&kept.json()).await;
    assert_eq!(refused.json()["error"], "invalid_grant");
}

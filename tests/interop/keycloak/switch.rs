//! Another user takes over the browser: nothing of the last one's may live on in Keycloak.

use std::time::{Duration, Instant};

use super::stage::{ES256, RS256, Stage, Terms};
use crate::support::app::claims;
use crate::support::browser::Browser;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

#[tokio::test]
async fn f6_a_switch_of_users_ends_the_last_ones_keycloak_session() {
    switch("switch", RS256).await;
}

#[tokio::test]
async fn f6_keycloak_takes_a_logout_token_signed_with_es256() {
    switch("switch-es256", ES256).await;
}

async fn switch(realm: &str, terms: Terms) {
    let stage = Stage::set(realm, terms).await;
    let mut browser = Browser::new();
    let road = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&road).await;
    // A second click goes on with the session, whose name Keycloak knows from the first.
    stage.click(&mut browser, CHEN_TAO).await;
    let refreshed = stage.app.refresh(&tokens).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    let tokens = refreshed.json();
    let elsewhere = stage.click(&mut Browser::new(), CHEN_TAO).await;
    let elsewhere = stage.app.tokens(&elsewhere).await;

    let launched = browser
        .get_from(
            stage.menu_entry(HEI_LONG_JIANG),
            stage.portal.url().as_str(),
        )
        .await;
    let refused = stage.app.refresh(&tokens).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(refused.json()["error"], "invalid_grant");
    let kept = stage.app.refresh(&elsewhere).await;
    assert_eq!(kept.status, 200, "in another browser: {}", kept.body);

    let road = browser.walk(launched.location()).await;
    let tokens = stage.app.tokens(&road).await;
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id_token["preferred_username"], "2");
}

#[tokio::test]
async fn f6_whoever_clicks_after_a_session_ran_out_is_not_the_last_user() {
    let stage = Stage::set_with("ran-out", ES256, "[session]\nlifetime = '1m'\n").await;
    let mut browser = Browser::new();
    let road = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&road).await;
    let patience = Instant::now() + Duration::from_mins(2);
    while stage.is_signed_in(&mut browser).await {
        assert!(Instant::now() < patience, "the session does not run out");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let kept = stage.app.refresh(&tokens).await;
    assert_eq!(kept.status, 200, "Keycloak's own goes on: {}", kept.body);

    let road = stage.click(&mut browser, HEI_LONG_JIANG).await;
    let id_token = claims(stage.app.tokens(&road).await["id_token"].as_str().unwrap());
    assert_eq!(id_token["preferred_username"], "2");
    let refused = stage.app.refresh(&kept.json()).await;
    assert_eq!(refused.json()["error"], "invalid_grant");
}

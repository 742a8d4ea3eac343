//! Logout both ways: what ends at Keycloak ends here, and what ends here ends at Keycloak.

use std::time::{Duration, Instant};

use super::stage::{ES256, RS256, Stage};
use crate::support::CHEN_TAO;
use crate::support::browser::Browser;
use crate::tools::sign_out;

/// Waits until the provider's log says so.
async fn logged(stage: &Stage, words: &str) {
    let patience = Instant::now() + Duration::from_mins(1);
    while !stage.program.log().contains(words) {
        assert!(Instant::now() < patience, "{}", stage.program.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_logout_in_the_application_comes_here_with_the_browser_and_goes_back() {
    let stage = Stage::set("logout-browser", ES256).await;
    stage.admin.configure("backchannelSupported", "false").await;
    let mut browser = Browser::new();
    let road = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&road).await;

    let road = browser.walk(stage.app.logout_url(&tokens)).await;
    let here = road.iter().find(|answer| answer.url.path() == "/logout");
    let here = here.expect("Keycloak sends the browser here");
    assert!(here.url.as_str().contains("id_token_hint="), "{}", here.url);
    let back = here.location();
    assert!(
        back.path()
            .ends_with("/broker/panda/endpoint/logout_response"),
        "{back}"
    );
    let state = stage.app.returned(&road, "state");
    assert_eq!(state.as_deref(), Some("bye"));
    assert!(!stage.is_signed_in(&mut browser).await);
    assert_eq!(stage.app.refresh(&tokens).await.status, 400);
    // It is told all the same, later (keycloak/keycloak#45547).
    logged(&stage, "Told keycloak that session").await;
}

#[tokio::test]
async fn a_logout_at_keycloak_ends_the_session_here_by_a_call_of_its_own() {
    let stage = Stage::set("logout-server", RS256).await;
    let mut browser = Browser::new();
    let road = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&road).await;
    assert!(stage.is_signed_in(&mut browser).await);
    let answer = stage.app.logout(&tokens).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    assert!(!stage.is_signed_in(&mut browser).await);

    let road = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&road).await;
    let road = browser.walk(stage.app.logout_url(&tokens)).await;
    assert!(road.iter().all(|answer| answer.url.path() != "/logout"));
    assert_eq!(stage.app.returned(&road, "state").as_deref(), Some("bye"));
    assert!(!stage.is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_logout_here_ends_keycloaks_session() {
    let stage = Stage::set("logout-here", ES256).await;
    let mut browser = Browser::new();
    let road = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&road).await;
    let tokens = stage.app.refresh(&tokens).await.json();
    let elsewhere = stage.click(&mut Browser::new(), CHEN_TAO).await;
    let elsewhere = stage.app.tokens(&elsewhere).await;

    sign_out(&stage.program, &mut browser).await;
    let refused = stage.app.refresh(&tokens).await;
    assert_eq!(
        refused.json()["error"],
        "invalid_grant",
        "before the page is there"
    );
    let kept = stage.app.refresh(&elsewhere).await;
    assert_eq!(kept.status, 200, "in another browser: {}", kept.body);
}

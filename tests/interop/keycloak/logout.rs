//! Logout in both directions: from Keycloak to the provider, and from the provider to Keycloak.

use std::time::{Duration, Instant};

use super::stage::{ES256, RS256, Stage};
use crate::support::CHEN_TAO;
use crate::support::browser::Browser;
use crate::tools::sign_out;

/// Waits until the log of the provider contains `message`.
async fn wait_for_log(stage: &Stage, message: &str) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !stage.program.log().contains(message) {
        assert!(Instant::now() < deadline, "{}", stage.program.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_logout_in_the_application_passes_the_provider_in_the_browser_and_returns() {
    let stage = Stage::start("logout-browser", ES256).await;
    stage.admin.configure("backchannelSupported", "false").await;
    let mut browser = Browser::new();
    let responses = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&responses).await;

    let responses = browser.follow(stage.app.logout_url(&tokens)).await;
    let logout_request = responses
        .iter()
        .find(|response| response.url.path() == "/logout");
    let logout_request = logout_request.expect("Keycloak sends the browser here");
    assert!(
        logout_request.url.as_str().contains("id_token_hint="),
        "{}",
        logout_request.url
    );
    let back = logout_request.location();
    assert!(
        back.path()
            .ends_with("/broker/panda/endpoint/logout_response"),
        "{back}"
    );
    let state = stage.app.returned(&responses, "state");
    assert_eq!(state.as_deref(), Some("bye"));
    assert!(!stage.is_signed_in(&mut browser).await);
    assert_eq!(stage.app.refresh(&tokens).await.status, 400);
    // Keycloak gets the logout token as well, but later: it shows an error if the token arrives before
    // the browser returns (keycloak/keycloak#45547).
    wait_for_log(&stage, "Told keycloak that session").await;
}

#[tokio::test]
async fn a_logout_at_keycloak_ends_the_provider_session_by_a_server_request() {
    let stage = Stage::start("logout-server", RS256).await;
    let mut browser = Browser::new();
    let responses = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&responses).await;
    assert!(stage.is_signed_in(&mut browser).await);
    let answer = stage.app.logout(&tokens).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    assert!(!stage.is_signed_in(&mut browser).await);

    let responses = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&responses).await;
    let responses = browser.follow(stage.app.logout_url(&tokens)).await;
    assert!(
        responses
            .iter()
            .all(|response| response.url.path() != "/logout")
    );
    assert_eq!(
        stage.app.returned(&responses, "state").as_deref(),
        Some("bye")
    );
    assert!(!stage.is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_logout_at_the_provider_ends_the_keycloak_session() {
    let stage = Stage::start("logout-here", ES256).await;
    let mut browser = Browser::new();
    let responses = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&responses).await;
    let tokens = stage.app.refresh(&tokens).await.json();
    let other_responses = stage.click(&mut Browser::new(), CHEN_TAO).await;
    let other_tokens = stage.app.tokens(&other_responses).await;

    sign_out(&stage.program, &mut browser).await;
    let response = stage.app.refresh(&tokens).await;
    assert_eq!(
        response.json()["error"],
        "invalid_grant",
        "before the page is there"
    );
    let refreshed = stage.app.refresh(&other_tokens).await;
    assert_eq!(
        refreshed.status, 200,
        "in another browser: {}",
        refreshed.body
    );
}

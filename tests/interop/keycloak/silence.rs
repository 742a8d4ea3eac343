//! `prompt=none` and `prompt=login`, passed on by Keycloak.

use super::admin::ALIAS;
use super::stage::{ES256, Stage};
use crate::support::CHEN_TAO;
use crate::support::app::claims;
use crate::support::browser::Browser;

const SILENT: [(&str, &str); 2] = [("prompt", "none"), ("kc_idp_hint", ALIAS)];

#[tokio::test]
async fn n18_prompt_none_is_answered_without_a_page() {
    let stage = Stage::set("silent", ES256).await;
    let mut browser = Browser::new();
    let road = browser.walk(stage.app.authorize_url(&SILENT)).await;
    let asked = road
        .iter()
        .find(|answer| answer.url.path() == "/authorize")
        .expect("Keycloak asks the provider");
    assert!(asked.url.as_str().contains("prompt=none"), "{}", asked.url);
    assert_eq!(
        stage.app.returned(&road, "error").as_deref(),
        Some("login_required")
    );

    // Signed in with the provider, and not yet with Keycloak.
    browser.get(stage.menu_entry(CHEN_TAO)).await;
    let road = browser.walk(stage.app.authorize_url(&SILENT)).await;
    let tokens = stage.app.tokens(&road).await;
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id_token["preferred_username"], "1");
}

#[tokio::test]
async fn prompt_login_asks_the_portal_again() {
    let stage = Stage::set("again", ES256).await;
    let mut browser = Browser::new();
    stage.click(&mut browser, CHEN_TAO).await;
    let road = browser
        .walk(stage.app.authorize_url(&[("prompt", "login")]))
        .await;
    let page = road.last().unwrap();
    assert!(page.body.contains("请从熊猫智慧水务门户进入"));

    let road = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&road).await;
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id_token["preferred_username"], "1");
    assert_eq!(stage.portal.calls().user_by_ticket, 2);
}

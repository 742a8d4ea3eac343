//! `prompt=none` and `prompt=login`, which Keycloak forwards to the provider.
//!
//! `prompt=none` without a session gets `login_required` and shows no page (N18, docs/security.md).

use super::admin::ALIAS;
use super::stage::{ES256, Stage};
use crate::support::CHEN_TAO;
use crate::support::app::claims;
use crate::support::browser::Browser;

const SILENT: [(&str, &str); 2] = [("prompt", "none"), ("kc_idp_hint", ALIAS)];

#[tokio::test]
async fn n18_prompt_none_gets_a_response_without_a_page() {
    let stage = Stage::start("silent", ES256).await;
    let mut browser = Browser::new();
    let responses = browser.follow(stage.app.authorize_url(&SILENT)).await;
    let authorization_request = responses
        .iter()
        .find(|response| response.url.path() == "/authorize")
        .expect("Keycloak asks the provider");
    assert!(
        authorization_request.url.as_str().contains("prompt=none"),
        "{}",
        authorization_request.url
    );
    assert_eq!(
        stage.app.returned(&responses, "error").as_deref(),
        Some("login_required")
    );

    // The user now has a session at the provider, but none at Keycloak.
    browser.get(stage.menu_entry(CHEN_TAO)).await;
    let responses = browser.follow(stage.app.authorize_url(&SILENT)).await;
    let tokens = stage.app.tokens(&responses).await;
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id_token["preferred_username"], "1");
}

#[tokio::test]
async fn prompt_login_requires_a_new_ticket() {
    let stage = Stage::start("again", ES256).await;
    let mut browser = Browser::new();
    stage.click(&mut browser, CHEN_TAO).await;
    let responses = browser
        .follow(stage.app.authorize_url(&[("prompt", "login")]))
        .await;
    let page = responses.last().unwrap();
    assert!(page.body.contains("请从熊猫智慧水务门户进入"));

    let responses = stage.click(&mut browser, CHEN_TAO).await;
    let tokens = stage.app.tokens(&responses).await;
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id_token["preferred_username"], "1");
    assert_eq!(stage.portal.calls().user_by_ticket, 2);
}

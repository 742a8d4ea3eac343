//! A login from the menu, and what the application hears of it.

use super::stage::Stage;
use crate::support::browser::Browser;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

/// What stands in the environment, as a header.
const ENVIRONMENT: &str = "<Location />\n\
    RequestHeader set X-Environment \"%{OIDC_CLAIM_preferred_username}e\"\n\
    </Location>\n";

#[tokio::test]
async fn the_application_is_told_who_clicked() {
    let stage = Stage::set("clients.md", ENVIRONMENT).await;
    let mut browser = Browser::new();
    let told = stage.click(&mut browser, CHEN_TAO).await;
    let headers = &told["headers"];
    assert_eq!(headers["x-remote-user"], "1");
    assert_eq!(headers["oidc_claim_sub"], "1");
    assert_eq!(headers["oidc_claim_name"], "陈涛");
    assert_eq!(headers["x-environment"], "1");

    // Another user's click makes another user (F6).
    let switched = browser
        .get_from(
            stage.menu_entry("", HEI_LONG_JIANG),
            stage.portal.url().as_str(),
        )
        .await;
    let told = stage.told(&browser.walk(switched.location()).await);
    assert_eq!(told["headers"]["x-remote-user"], "2");
}

#[tokio::test]
async fn a_deep_link_ends_at_its_page() {
    let stage = Stage::set("clients.zh.md", "").await;
    let entry = stage.menu_entry("/pumps/7", CHEN_TAO);
    let told = stage.told(&Browser::new().walk(entry).await);
    assert_eq!(told["path"], "/pumps/7");
    assert_eq!(told["headers"]["x-remote-user"], "1");
}

#[tokio::test]
async fn f10_whoever_opens_the_application_first_gets_to_the_page_from_the_portal() {
    let stage = Stage::set("clients.md", "").await;
    let mut browser = Browser::new();
    let road = browser.walk(stage.at("/pumps/7")).await;
    let page = road.last().unwrap();
    assert!(page.body.contains("请从熊猫智慧水务门户进入"), "{page:?}");

    let told = stage.click(&mut browser, CHEN_TAO).await;
    assert_eq!(told["path"], "/pumps/7");
}

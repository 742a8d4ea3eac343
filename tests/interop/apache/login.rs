//! A login from the menu, and the headers that the application receives.

use super::stage::Stage;
use crate::support::browser::Browser;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

/// Copies a claim from the environment of Apache into a header, where the test can see it.
const ENVIRONMENT: &str = "<Location />\n\
    RequestHeader set X-Environment \"%{OIDC_CLAIM_preferred_username}e\"\n\
    </Location>\n";

#[tokio::test]
async fn the_application_gets_the_user_in_headers() {
    let stage = Stage::start("clients.md", ENVIRONMENT).await;
    let mut browser = Browser::new();
    let request = stage.click(&mut browser, CHEN_TAO).await;
    let headers = &request["headers"];
    assert_eq!(headers["x-remote-user"], "1");
    assert_eq!(headers["oidc_claim_sub"], "1");
    assert_eq!(headers["oidc_claim_name"], "陈涛");
    assert_eq!(headers["x-environment"], "1");

    // A launch by another user switches the user: control-room computers are shared.
    let launched = browser
        .get_from(
            stage.menu_entry("", HEI_LONG_JIANG),
            stage.portal.url().as_str(),
        )
        .await;
    let request = stage.received_request(&browser.follow(launched.location()).await);
    assert_eq!(request["headers"]["x-remote-user"], "2");
}

#[tokio::test]
async fn a_deep_link_opens_its_page() {
    let stage = Stage::start("clients.zh.md", "").await;
    let entry = stage.menu_entry("/pumps/7", CHEN_TAO);
    let request = stage.received_request(&Browser::new().follow(entry).await);
    assert_eq!(request["path"], "/pumps/7");
    assert_eq!(request["headers"]["x-remote-user"], "1");
}

#[tokio::test]
async fn f10_a_login_that_began_in_the_application_resumes_at_the_requested_page() {
    let stage = Stage::start("clients.md", "").await;
    let mut browser = Browser::new();
    let responses = browser.follow(stage.at("/pumps/7")).await;
    let page = responses.last().unwrap();
    assert!(page.body.contains("请从熊猫智慧水务门户进入"), "{page:?}");

    let request = stage.click(&mut browser, CHEN_TAO).await;
    assert_eq!(request["path"], "/pumps/7");
}

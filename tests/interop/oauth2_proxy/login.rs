//! A login from the menu, and the headers that the application and nginx receive.

use super::stage::{Stage, is_login_required};
use crate::support::browser::Browser;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

#[tokio::test]
async fn the_application_gets_the_user_in_headers() {
    let stage = Stage::start("clients.md", &[]).await;
    let mut browser = Browser::new();
    let headers = stage.click(&mut browser, CHEN_TAO).await;
    assert_eq!(headers["x-forwarded-user"], "1");
    assert_eq!(headers["x-forwarded-preferred-username"], "1");

    let authenticated = browser.get(stage.at("/oauth2/auth")).await;
    assert_eq!(authenticated.status, 202);
    assert_eq!(authenticated.header("x-auth-request-user"), "1");
    assert_eq!(
        authenticated.header("x-auth-request-preferred-username"),
        "1"
    );
    let unauthenticated = Browser::new().get(stage.at("/oauth2/auth")).await;
    assert_eq!(unauthenticated.status, 401);
}

#[tokio::test]
async fn f6_a_launch_by_another_user_switches_the_user() {
    let stage = Stage::start("clients.zh.md", &[]).await;
    let mut browser = Browser::new();
    stage.click(&mut browser, CHEN_TAO).await;
    let headers = stage.click(&mut browser, HEI_LONG_JIANG).await;
    assert_eq!(headers["x-forwarded-user"], "2");
}

#[tokio::test]
async fn f10_a_login_that_began_in_the_application_resumes_at_the_requested_page() {
    let stage = Stage::start("clients.md", &[]).await;
    let mut browser = Browser::new();
    let responses = browser.follow(stage.at("/pumps/7")).await;
    assert!(
        is_login_required(responses.last().unwrap()),
        "{responses:?}"
    );

    let ticket = stage.portal.issue_ticket(CHEN_TAO);
    let entry = format!("/launch/oauth2-proxy?ticket={ticket}");
    let responses = browser.follow(stage.program.at(&entry)).await;
    assert_eq!(responses.last().unwrap().json()["path"], "/pumps/7");
}

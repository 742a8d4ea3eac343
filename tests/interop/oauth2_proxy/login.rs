//! A login from the menu, and what the application and nginx hear of it.

use super::stage::{Stage, is_asked};
use crate::support::browser::Browser;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

#[tokio::test]
async fn the_application_is_told_who_clicked() {
    let stage = Stage::set("clients.md", &[]).await;
    let mut browser = Browser::new();
    let headers = stage.click(&mut browser, CHEN_TAO).await;
    assert_eq!(headers["x-forwarded-user"], "1");
    assert_eq!(headers["x-forwarded-preferred-username"], "1");

    let allowed = browser.get(stage.at("/oauth2/auth")).await;
    assert_eq!(allowed.status, 202);
    assert_eq!(allowed.header("x-auth-request-user"), "1");
    assert_eq!(allowed.header("x-auth-request-preferred-username"), "1");
    let refused = Browser::new().get(stage.at("/oauth2/auth")).await;
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn f6_another_users_click_makes_another_user() {
    let stage = Stage::set("clients.zh.md", &[]).await;
    let mut browser = Browser::new();
    stage.click(&mut browser, CHEN_TAO).await;
    let headers = stage.click(&mut browser, HEI_LONG_JIANG).await;
    assert_eq!(headers["x-forwarded-user"], "2");
}

#[tokio::test]
async fn f10_whoever_opens_the_application_first_gets_to_the_page_from_the_portal() {
    let stage = Stage::set("clients.md", &[]).await;
    let mut browser = Browser::new();
    let road = browser.walk(stage.at("/pumps/7")).await;
    assert!(is_asked(road.last().unwrap()), "{road:?}");

    let ticket = stage.portal.issue_ticket(CHEN_TAO);
    let entry = format!("/launch/oauth2-proxy?ticket={ticket}");
    let road = browser.walk(stage.program.at(&entry)).await;
    assert_eq!(road.last().unwrap().json()["path"], "/pumps/7");
}

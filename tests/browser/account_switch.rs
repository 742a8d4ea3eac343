//! A pasted link with the ticket of another user, while a session exists: login CSRF.
//!
//! The provider asks before it changes the user (N63, docs/security.md).

use crate::chromium::Chromium;
use crate::demo::Demo;
use crate::portal_login::sign_in;
use crate::support::HEI_LONG_JIANG;

/// 陈涛 is signed in and has opened a link with a ticket of 黑龙江. The browser shows the question.
async fn open_switch_page() -> (Demo, Chromium) {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;
    browser.open_address(&demo.portal).await;
    sign_in(&browser, "陈涛").await;
    browser
        .open_address(demo.launch_url(HEI_LONG_JIANG).await)
        .await;
    browser.find("h1", "切换为黑龙江？").await;
    assert_eq!(browser.address().await.path(), "/switch");
    (demo, browser)
}

#[tokio::test]
async fn f5_a_pasted_link_of_another_user_asks_and_a_confirmation_switches() {
    let (_demo, browser) = open_switch_page().await;
    browser.screenshot("switch").await;
    browser.click("button", "切换为黑龙江").await;
    browser.find("h1", "黑龙江，您已登录演示应用").await;
    assert_eq!(browser.text("#claim-sub").await, "2");
}

#[tokio::test]
async fn f5_a_pasted_link_of_another_user_asks_and_a_refusal_changes_nothing() {
    let (demo, browser) = open_switch_page().await;
    browser.click("a", "不切换").await;
    browser.find("h1", "陈涛，您已登录").await;
    browser.screenshot("choose-an-app").await;
    browser.click("li a", "演示应用").await;
    browser.find("h1", "陈涛，您已登录演示应用").await;
    browser.open_address(&demo.app_login).await;
    browser.find("h1", "陈涛，您已登录演示应用").await;
    assert_eq!(browser.text("#claim-sub").await, "1");
}

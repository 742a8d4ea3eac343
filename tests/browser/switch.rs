//! A link with somebody else's ticket, from nowhere: F5, N63.

use crate::chromium::Chromium;
use crate::demo::Demo;
use crate::road::enter;
use crate::support::HEI_LONG_JIANG;

/// 陈涛 is signed in and has opened a link that would make them 黑龙江.
async fn asked() -> (Demo, Chromium) {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;
    browser.open_address(&demo.portal).await;
    enter(&browser, "陈涛").await;
    browser
        .open_address(demo.launch_url(HEI_LONG_JIANG).await)
        .await;
    browser.find("h1", "切换为黑龙江？").await;
    assert_eq!(browser.address().await.path(), "/switch");
    (demo, browser)
}

#[tokio::test]
async fn f5_a_pasted_link_of_another_user_asks_and_a_yes_switches() {
    let (_demo, browser) = asked().await;
    browser.picture("switch").await;
    browser.click("button", "切换为黑龙江").await;
    browser.find("h1", "黑龙江，您已登录演示应用").await;
    assert_eq!(browser.text("#claim-sub").await, "2");
}

#[tokio::test]
async fn f5_a_pasted_link_of_another_user_asks_and_a_no_changes_nothing() {
    let (demo, browser) = asked().await;
    browser.click("a", "不切换").await;
    browser.find("h1", "陈涛，您已登录").await;
    browser.picture("choose-an-app").await;
    browser.click("li a", "演示应用").await;
    browser.find("h1", "陈涛，您已登录演示应用").await;
    browser.open_address(&demo.app_login).await;
    browser.find("h1", "陈涛，您已登录演示应用").await;
    assert_eq!(browser.text("#claim-sub").await, "1");
}

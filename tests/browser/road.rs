//! From the portal's menu to an app that knows nothing of portals.

use crate::chromium::Chromium;
use crate::demo::Demo;

#[tokio::test]
async fn a_click_in_the_portal_ends_in_the_app_and_another_person_takes_over() {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;

    browser.open_address(&demo.portal).await;
    browser.find("h1", "您想以谁的身份进入").await;
    browser.picture("portal-people").await;
    browser.click("li a", "陈涛").await;
    browser.find("h1", "您好，陈涛").await;
    browser.picture("portal-menu").await;
    browser.click("li a", "演示应用").await;
    browser.find("h1", "陈涛，您已登录演示应用").await;
    browser.picture("app-claims").await;
    assert_eq!(browser.text("#claim-sub").await, "1");
    assert_eq!(browser.text("#claim-name").await, "陈涛");
    assert_eq!(browser.text("#claim-phone_number").await, "+8613800138000");
    no_ticket_is_left(&browser).await;
    browser.click("summary", "证明本身").await;
    let issuer = browser.text("#claim-iss").await;
    assert_eq!(format!("{issuer}/"), demo.issuer.as_str());
    browser.picture("app-proof").await;

    browser.click("a", "回到门户").await;
    enter(&browser, "黑龙江").await;
    browser.picture("app-claims-of-another").await;
    assert_eq!(browser.text("#claim-sub").await, "2");
    assert_eq!(browser.text("#claim-name").await, "黑龙江");
    no_ticket_is_left(&browser).await;

    browser.click("a", "直接打开应用").await;
    browser.find("h1", "黑龙江，您已登录").await;
    assert_eq!(browser.text("#claim-sub").await, "2");
}

/// Chooses a person in the portal and clicks its only entry.
pub async fn enter(browser: &Chromium, person: &str) {
    browser.click("li a", person).await;
    browser.click("li a", "演示应用").await;
    browser
        .find("h1", &format!("{person}，您已登录演示应用"))
        .await;
}

/// F4: neither the address bar nor the back button has a ticket, nor did the app hear of one.
async fn no_ticket_is_left(browser: &Chromium) {
    let mut seen = browser.history().await;
    seen.push(browser.evaluate("document.referrer").await);
    for address in seen {
        assert!(!address.contains("ticket"), "{address}");
    }
}

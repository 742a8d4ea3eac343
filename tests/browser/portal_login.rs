//! A login from the menu of the portal to an app that only knows OpenID Connect.

use crate::chromium::Chromium;
use crate::demo::Demo;

#[tokio::test]
async fn a_click_in_the_portal_signs_in_to_the_app_and_another_user_can_take_over() {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;

    browser.open_address(&demo.portal).await;
    browser.find("h1", "您想以谁的身份进入").await;
    browser.screenshot("portal-people").await;
    browser.click("li a", "陈涛").await;
    browser.find("h1", "您好，陈涛").await;
    browser.screenshot("portal-menu").await;
    browser.click("li a", "演示应用").await;
    browser.find("h1", "陈涛，您已登录演示应用").await;
    browser.screenshot("app-claims").await;
    assert_eq!(browser.text("#claim-sub").await, "1");
    assert_eq!(browser.text("#claim-name").await, "陈涛");
    assert_eq!(browser.text("#claim-phone_number").await, "+8613800138000");
    assert_no_ticket_left(&browser).await;
    browser.click("summary", "证明本身").await;
    let issuer = browser.text("#claim-iss").await;
    assert_eq!(format!("{issuer}/"), demo.issuer.as_str());
    browser.screenshot("app-proof").await;

    browser.click("a", "回到门户").await;
    sign_in(&browser, "黑龙江").await;
    browser.screenshot("app-claims-of-another").await;
    assert_eq!(browser.text("#claim-sub").await, "2");
    assert_eq!(browser.text("#claim-name").await, "黑龙江");
    assert_no_ticket_left(&browser).await;

    browser.click("a", "直接打开应用").await;
    browser.find("h1", "黑龙江，您已登录").await;
    assert_eq!(browser.text("#claim-sub").await, "2");
}

/// Chooses a person in the portal and clicks the only menu entry.
pub async fn sign_in(browser: &Chromium, person: &str) {
    browser.click("li a", person).await;
    browser.click("li a", "演示应用").await;
    browser.find("h1#user", person).await;
}

/// Checks that no ticket is left in the history or in the `Referer` that the app received.
async fn assert_no_ticket_left(browser: &Chromium) {
    let mut addresses = browser.history().await;
    addresses.push(browser.evaluate("document.referrer").await);
    for address in addresses {
        assert!(!address.contains("ticket"), "{address}");
    }
}

//! The user opens the app before the portal: the next launch resumes the pending authorization.

use crate::chromium::Chromium;
use crate::demo::Demo;
use crate::portal_login::sign_in;

#[tokio::test]
async fn f10_a_login_that_began_in_the_app_resumes_after_one_click_in_the_portal() {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;

    browser.open_address(&demo.app_login).await;
    browser.find("h1", "请从熊猫智慧水务门户进入").await;
    assert_eq!(browser.address().await.origin(), demo.issuer.origin());
    browser.screenshot("please-enter-from-the-portal").await;

    browser.click("a", "打开熊猫智慧水务门户").await;
    browser.find("h1", "您想以谁的身份进入").await;
    // The app accepts no `state` but that of the request that it sent.
    sign_in(&browser, "陈涛").await;
    assert_eq!(browser.text("#claim-sub").await, "1");
    let address = browser.address().await;
    assert!(address.path().ends_with("/claims"), "{address}");
}

//! The person opened the app first: F10.

use crate::chromium::Chromium;
use crate::demo::Demo;
use crate::road::enter;

#[tokio::test]
async fn f10_an_app_that_was_opened_first_is_reached_by_one_click_in_the_portal() {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;

    browser.open_address(&demo.app_login).await;
    browser.find("h1", "请从熊猫智慧水务门户进入").await;
    assert_eq!(browser.address().await.origin(), demo.issuer.origin());
    browser.picture("please-enter-from-the-portal").await;

    browser.click("a", "打开熊猫智慧水务门户").await;
    browser.find("h1", "您想以谁的身份进入").await;
    // The state is that of the request which waited: a new one would have a new state.
    let begun = browser.history().await;
    enter(&browser, "陈涛").await;
    assert_eq!(browser.text("#claim-sub").await, "1");
    let ended = browser.address().await;
    assert!(ended.path().ends_with("/callback"), "{ended}");
    let state = ended.query_pairs().find(|(name, _)| name == "state");
    let (_, state) = state.expect("the app's state");
    assert!(
        begun.iter().any(|address| address.contains(&*state)),
        "{state} was not asked for in {begun:?}"
    );
}

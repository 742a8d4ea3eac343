//! A ticket behind a `#`, where no server sees it: F8; and a browser without scripts.

use url::Url;

use crate::chromium::{Chromium, Setup};
use crate::demo::Demo;
use crate::road::enter;
use crate::support::CHEN_TAO;

/// The address a portal makes when the menu entry ends in `#/`.
async fn behind_a_hash(demo: &Demo) -> Url {
    let mut url = demo.launch_url(CHEN_TAO).await;
    let ticket = url.query().unwrap().to_owned();
    url.set_query(None);
    url.set_fragment(Some(&ticket));
    url
}

#[tokio::test]
async fn f8_a_ticket_behind_a_hash_is_rescued_and_leaves_no_trace() {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;
    browser.open_address(behind_a_hash(&demo).await).await;
    browser.find("h1", "陈涛，您已登录演示应用").await;
    for address in browser.history().await {
        assert!(!address.contains("ticket"), "{address}");
    }
}

/// The address is a page inside an app whose own routes stand behind the `#`, and has a query too.
#[tokio::test]
async fn f8_a_ticket_inside_a_hash_route_is_rescued_and_the_query_is_kept() {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;
    let mut url = demo.launch_url(CHEN_TAO).await;
    let route = format!("/list?{}", url.query().unwrap());
    url.set_query(Some("ui_locales=en"));
    url.set_fragment(Some(&route));
    browser.open_address(url).await;
    browser.find("h1", "陈涛，您已登录演示应用").await;
}

#[tokio::test]
async fn f14_the_road_needs_no_script_and_a_lost_ticket_has_a_way_on() {
    let demo = Demo::start().await;
    let browser = Chromium::open_as(Setup {
        scripts: false,
        ..Setup::default()
    })
    .await;
    browser.open_address(behind_a_hash(&demo).await).await;
    browser.find("h1", "请从熊猫智慧水务门户进入").await;
    // Nothing was begun, so nothing can be promised to go on by itself.
    browser.find("h1 + p", "重新打开“演示应用").await;
    browser.picture("no-script-entrance").await;
    browser.click("a", "打开熊猫智慧水务门户").await;
    enter(&browser, "陈涛").await;
    browser.picture("no-script-claims").await;
    browser.open_address(demo.launch_url(2).await).await;
    browser.click("button", "切换为黑龙江").await;
    browser.find("h1", "黑龙江，您已登录演示应用").await;
}

//! A ticket in the URL fragment, and a browser without JavaScript.
//!
//! A portal that only appends `?ticket=` puts the ticket behind a `#` of the menu entry. Browsers do
//! not send the fragment to the server, so a script has to read the ticket.

use url::Url;

use crate::chromium::{Chromium, Setup};
use crate::demo::Demo;
use crate::portal_login::sign_in;
use crate::support::CHEN_TAO;

/// The launch URL that a portal builds from a menu entry that ends in `#/`.
async fn launch_url_with_ticket_in_fragment(demo: &Demo) -> Url {
    let mut url = demo.launch_url(CHEN_TAO).await;
    let ticket = url.query().unwrap().to_owned();
    url.set_query(None);
    url.set_fragment(Some(&ticket));
    url
}

#[tokio::test]
async fn f8_a_ticket_in_the_fragment_is_rescued_and_leaves_no_trace() {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;
    browser
        .open_address(launch_url_with_ticket_in_fragment(&demo).await)
        .await;
    browser.find("h1", "陈涛，您已登录演示应用").await;
    for address in browser.history().await {
        assert!(!address.contains("ticket"), "{address}");
    }
}

/// The menu entry is a page of an app that routes by the fragment. The URL has a query as well.
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
async fn f14_login_needs_no_javascript_and_a_lost_ticket_leads_to_the_portal() {
    let demo = Demo::start().await;
    let browser = Chromium::open_as(Setup {
        scripts: false,
        ..Setup::default()
    })
    .await;
    browser
        .open_address(launch_url_with_ticket_in_fragment(&demo).await)
        .await;
    browser.find("h1", "请从熊猫智慧水务门户进入").await;
    // There is no pending authorization, so the page cannot promise that the login resumes by itself.
    browser.find("h1 + p", "重新打开“演示应用").await;
    browser.screenshot("no-script-entrance").await;
    browser.click("a", "打开熊猫智慧水务门户").await;
    sign_in(&browser, "陈涛").await;
    browser.screenshot("no-script-claims").await;
    browser.open_address(demo.launch_url(2).await).await;
    browser.click("button", "切换为黑龙江").await;
    browser.find("h1", "黑龙江，您已登录演示应用").await;
}

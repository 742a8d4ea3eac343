//! The error pages.
//!
//! Another browser may not use a ticket that a browser has presented before (N61, docs/security.md).

use panda_oidc_panda::simulator::{Fault, Simulator, SimulatorSettings};

use crate::chromium::Chromium;
use crate::demo::Demo;
use crate::support::CHEN_TAO;
use crate::support::browser::Browser;
use crate::support::program::Program;

#[tokio::test]
async fn a_rejected_ticket_and_a_failing_portal_have_error_pages_with_a_portal_link() {
    let portal = Simulator::start(SimulatorSettings::default())
        .await
        .unwrap();
    let program = Program::start(portal.url().as_str(), "").await;
    let browser = Chromium::open().await;
    let launch = |ticket: &str| program.at(&format!("/launch/app?ticket={ticket}"));

    browser.open_address(launch("nobody-has-this-one")).await;
    browser.find("h1", "登录已过期，请重新从门户进入").await;
    browser.screenshot("trouble-rejected").await;

    let ticket = portal.issue_ticket(CHEN_TAO);
    portal.set_fault(Fault::LoginPage).await;
    browser.open_address(launch(&ticket)).await;
    browser.find("h1", "门户的回答无法识别").await;
    browser.screenshot("trouble-unintelligible").await;

    portal.set_fault(Fault::Dead).await;
    browser.open_address(launch(&ticket)).await;
    browser.find("h1", "门户暂时没有响应").await;
    browser.screenshot("trouble-portal-dead").await;

    portal.set_fault(Fault::Healthy).await;
    browser.click("a", "打开熊猫智慧水务门户").await;
    browser.find("h1", "您想以谁的身份进入").await;
}

#[tokio::test]
async fn n61_a_used_launch_link_and_wrong_addresses_have_error_pages() {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;
    let spent = demo.launch_url(CHEN_TAO).await;
    assert_eq!(Browser::new().get(&spent).await.status, 303);
    let app_callback = demo.app_login.join("/callback").unwrap();
    let provider_url = |path: &str| demo.issuer.join(path).unwrap();
    for (address, heading, screenshot) in [
        (spent, "这个登录链接已经用过", "trouble-refused"),
        (app_callback, "登录没有完成", "trouble-in-the-app"),
        (
            provider_url("/launch/no-such-app"),
            "没有登记这个应用",
            "trouble-no-such-app",
        ),
        (
            provider_url("/launch/demo-app?ticket=%00"),
            "登录票据无法识别",
            "trouble-unfit-ticket",
        ),
        (
            provider_url("/authorize?client_id=demo-app"),
            "应用发来的登录请求有误",
            "trouble-request",
        ),
        (
            provider_url("/no-such-page"),
            "没有这个页面",
            "trouble-no-such-page",
        ),
        (
            provider_url("/switch"),
            "没有需要确认的切换",
            "trouble-no-switch",
        ),
    ] {
        browser.open_address(address).await;
        browser.find("h1", heading).await;
        browser.screenshot(screenshot).await;
    }
}

//! The page for a user who has no access to an app, and the ways to continue from it.
//!
//! Access rules apply to every way in (N44, docs/security.md).

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};

use crate::chromium::{Chromium, Setup};
use crate::support::CHEN_TAO;
use crate::support::program::{BINARY, Program};

const CLIENTS: &str = "\
    client_name = '泵站监控'\nallow = { groups = ['dispatch'] }\n\
    contact = 'it@water.example.cn'\n\
    [[clients]]\nclient_id = 'meters'\nclient_name = '水表'\n\
    client_secret = 'meters-secret-0123456789'\nredirect_uris = ['http://127.0.0.1:9/meters']\n\
    initiate_login_uri = 'http://127.0.0.1:9/meters'\n\
    [[clients]]\nclient_id = 'billing'\nclient_name = '营收系统'\nunlinked = 'deny'\n\
    contact = '信息中心 8001'\n\
    client_secret = 'billing-secret-0123456789'\nredirect_uris = ['http://127.0.0.1:9/billing']\n\
    initiate_login_uri = 'http://127.0.0.1:9/billing'\n";

async fn stage() -> (SimulatorHandle, Program) {
    let portal = Simulator::start(SimulatorSettings::default());
    let portal = portal.await.unwrap();
    let program = Program::start(portal.url().as_str(), CLIENTS).await;
    (portal, program)
}

fn launch(portal: &SimulatorHandle, program: &Program) -> String {
    let ticket = portal.issue_ticket(CHEN_TAO);
    program.at(&format!("/launch/app?ticket={ticket}"))
}

#[tokio::test]
async fn n44_a_denied_app_shows_a_page_with_a_contact_and_other_apps() {
    let (portal, program) = stage().await;
    let browser = Chromium::open().await;
    browser.open_address(launch(&portal, &program)).await;
    browser.find("h1", "您不能使用这个应用").await;
    let text = browser.text("main > h1 + p").await;
    assert_eq!(
        text,
        "您以“陈涛”的身份登录。“泵站监控”没有对您开放。如果您需要使用它，请联系：it@water.example.cn"
    );
    let second_language = browser.text(".other").await;
    assert!(
        second_language.contains("You are signed in as “陈涛”. “泵站监控” is not open to you.")
    );
    browser
        .find(
            "li a[href='mailto:it@water.example.cn']",
            "联系 it@water.example.cn",
        )
        .await;
    browser.screenshot("closed").await;
    browser.prefer_color_scheme("dark").await;
    browser.screenshot("dark-closed").await;
    browser.emulate_phone().await;
    browser.screenshot("phone-closed").await;

    browser.click("a", "打开其他应用").await;
    browser.find("h1", "陈涛，您已登录").await;
    browser.find("li a", "水表").await;
    let apps: Vec<String> = browser
        .evaluate("[...document.querySelectorAll('li a')].map(app => app.textContent)")
        .await;
    assert_eq!(apps, ["水表"]);

    browser.open_address(program.at("/launch/billing")).await;
    browser.find("h1", "您不能使用这个应用").await;
    browser
        .find(
            "p",
            "“营收系统”里没有与您对应的账号。如果您需要使用它，请联系：信息中心 8001",
        )
        .await;
    browser.screenshot("unlinked").await;
}

#[tokio::test]
async fn n44_the_denial_page_is_in_the_language_of_the_browser() {
    let (portal, program) = stage().await;
    let browser = Chromium::open_as(Setup {
        languages: "en-GB,en",
        ..Setup::default()
    })
    .await;
    browser.open_address(launch(&portal, &program)).await;
    browser.find("h1", "You cannot use this app").await;
    let text = browser.text("main > h1 + p").await;
    assert!(
        text.ends_with("If you need it, please ask: it@water.example.cn"),
        "{text}"
    );
    browser.screenshot("english-closed").await;
    browser.click("a", "Open another app").await;
    browser.find("h1", "You are signed in, 陈涛").await;
}

#[tokio::test]
async fn a_user_who_has_left_sees_a_page_that_says_so() {
    let portal = Simulator::start(SimulatorSettings::default());
    let portal = portal.await.unwrap();
    let more = "[directory]\nsync = 'off'\nmax_removal = '50%'\n";
    let program = Program::start(portal.url().as_str(), more).await;
    portal.suspend_user(CHEN_TAO);
    let browser = Chromium::open().await;
    browser.open_address(launch(&portal, &program)).await;
    let mut command = std::process::Command::new(BINARY);
    command.args(["users", "sync", "--confirm", "--config"]);
    command.arg(program.config_file());
    let sync = tokio::task::spawn_blocking(move || command.output());
    let sync = sync.await.unwrap().unwrap();
    assert!(sync.status.success(), "{sync:?}");

    browser.open_address(launch(&portal, &program)).await;
    browser.find("h1", "您的账号已停用").await;
    let text = browser.text("main > h1 + p").await;
    assert!(text.contains("请联系管理员"), "{text}");
    let second_language = browser.text(".other").await;
    assert!(
        second_language.contains("does not name you any more"),
        "{second_language}"
    );
    browser.find("a", "打开熊猫智慧水务门户").await;
    browser.screenshot("left").await;
}

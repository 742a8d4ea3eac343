//! How the pages look: in English, in dark mode, on a phone, and with a Chinese font.

use crate::chromium::{Chromium, Setup};
use crate::demo::Demo;
use crate::portal_login::sign_in;
use crate::support::HEI_LONG_JIANG;

#[tokio::test]
async fn chinese_characters_are_rendered() {
    let browser = Chromium::open().await;
    // A font without Chinese characters draws each one as the same empty box.
    let differ: bool = browser.evaluate(TWO_CHARACTERS_DIFFER).await;
    assert!(differ, "there is no Chinese font: install fonts-noto-cjk");
}

const TWO_CHARACTERS_DIFFER: &str = "(() => { const drawn = letter => { \
    const canvas = document.createElement('canvas'); \
    const pen = canvas.getContext('2d'); pen.font = '40px sans-serif'; \
    pen.fillText(letter, 10, 60); return canvas.toDataURL() }; \
    return drawn('熊') !== drawn('猫') })()";

#[tokio::test]
async fn an_english_browser_gets_english_pages() {
    let demo = Demo::start().await;
    let browser = Chromium::open_as(Setup {
        languages: "en-GB,en",
        ..Setup::default()
    })
    .await;
    browser.open_address(&demo.app_login).await;
    browser.find("h1", "Please enter from").await;
    assert_eq!(
        browser
            .evaluate::<String>("document.documentElement.lang")
            .await,
        "en"
    );
    browser.screenshot("english-entrance").await;
    browser.open_address(&demo.portal).await;
    sign_in(&browser, "陈涛").await;
    browser
        .open_address(demo.launch_url(HEI_LONG_JIANG).await)
        .await;
    browser.find("h1", "Switch to 黑龙江?").await;
    browser.screenshot("english-switch").await;
    browser.click("button", "Switch to 黑龙江").await;
    browser
        .find("h1", "You are signed in to the demo app, 黑龙江")
        .await;
}

#[tokio::test]
async fn a_browser_that_prefers_dark_gets_dark_pages() {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;
    browser.prefer_color_scheme("dark").await;
    browser.open_address(&demo.app_login).await;
    assert_dark(&browser).await;
    browser.screenshot("dark-entrance").await;
    browser.open_address(&demo.portal).await;
    assert_dark(&browser).await;
    browser.screenshot("dark-portal").await;
    sign_in(&browser, "陈涛").await;
    assert_dark(&browser).await;
    browser.screenshot("dark-claims").await;
    browser
        .open_address(demo.launch_url(HEI_LONG_JIANG).await)
        .await;
    browser.find("h1", "切换为黑龙江").await;
    assert_dark(&browser).await;
    browser.screenshot("dark-switch").await;
    browser
        .open_address(demo.issuer.join("/logout").unwrap())
        .await;
    browser.find("h1", "退出登录？").await;
    assert_dark(&browser).await;
    browser.screenshot("dark-logout").await;
}

/// Checks that the background is dark and the text is light.
async fn assert_dark(browser: &Chromium) {
    let brightness = |property: &str| {
        format!(
            "getComputedStyle(document.body).{property}.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)"
        )
    };
    let background: u32 = browser.evaluate(&brightness("backgroundColor")).await;
    let text: u32 = browser.evaluate(&brightness("color")).await;
    assert!(background < 200 && text > 500, "{text} on {background}");
}

#[tokio::test]
async fn a_phone_shows_every_page_without_scrolling_sideways() {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;
    browser.emulate_phone().await;
    browser.open_address(&demo.app_login).await;
    browser.find("h1", "请从熊猫智慧水务门户进入").await;
    browser.screenshot("phone-entrance").await;
    browser.click("a", "打开熊猫智慧水务门户").await;
    browser.find("h1", "您想以谁的身份进入").await;
    browser.screenshot("phone-portal").await;
    sign_in(&browser, "新耀分公司").await;
    browser.screenshot("phone-claims").await;
    browser
        .open_address(demo.launch_url(HEI_LONG_JIANG).await)
        .await;
    browser.find("h1", "切换为黑龙江").await;
    browser.screenshot("phone-switch").await;
    browser
        .open_address(demo.issuer.join("/logout").unwrap())
        .await;
    browser.find("h1", "退出登录？").await;
    browser.screenshot("phone-logout").await;
}

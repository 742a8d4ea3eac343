//! How the pages look: in English, in the dark, on a phone, in Chinese letters.

use crate::chromium::{Chromium, Setup};
use crate::demo::Demo;
use crate::road::enter;
use crate::support::HEI_LONG_JIANG;

#[tokio::test]
async fn chinese_letters_are_drawn_each_as_itself() {
    let browser = Chromium::open().await;
    // A font without them draws every one as the same empty box.
    let differ: bool = browser.evaluate(TWO_LETTERS_DIFFER).await;
    assert!(differ, "there is no Chinese font: install fonts-noto-cjk");
}

const TWO_LETTERS_DIFFER: &str = "(() => { const drawn = letter => { \
    const canvas = document.createElement('canvas'); \
    const pen = canvas.getContext('2d'); pen.font = '40px sans-serif'; \
    pen.fillText(letter, 10, 60); return canvas.toDataURL() }; \
    return drawn('熊') !== drawn('猫') })()";

#[tokio::test]
async fn who_reads_english_is_answered_in_english() {
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
    browser.picture("english-entrance").await;
    browser.open_address(&demo.portal).await;
    enter(&browser, "陈涛").await;
    browser
        .open_address(demo.launch_url(HEI_LONG_JIANG).await)
        .await;
    browser.find("h1", "Switch to 黑龙江?").await;
    browser.picture("english-switch").await;
    browser.click("button", "Switch to 黑龙江").await;
    browser.find("h1", "黑龙江，您已登录演示应用").await;
}

#[tokio::test]
async fn who_prefers_the_dark_gets_dark_pages() {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;
    browser.prefer("dark").await;
    browser.open_address(&demo.app_login).await;
    is_dark(&browser).await;
    browser.picture("dark-entrance").await;
    browser.open_address(&demo.portal).await;
    is_dark(&browser).await;
    browser.picture("dark-portal").await;
    enter(&browser, "陈涛").await;
    is_dark(&browser).await;
    browser.picture("dark-claims").await;
    browser
        .open_address(demo.launch_url(HEI_LONG_JIANG).await)
        .await;
    browser.find("h1", "切换为黑龙江").await;
    is_dark(&browser).await;
    browser.picture("dark-switch").await;
    browser
        .open_address(demo.issuer.join("/logout").unwrap())
        .await;
    browser.find("h1", "退出登录？").await;
    is_dark(&browser).await;
    browser.picture("dark-logout").await;
}

/// The ground is darker than the letters on it.
async fn is_dark(browser: &Chromium) {
    let brightness = |property: &str| {
        format!(
            "getComputedStyle(document.body).{property}.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)"
        )
    };
    let ground: u32 = browser.evaluate(&brightness("backgroundColor")).await;
    let letters: u32 = browser.evaluate(&brightness("color")).await;
    assert!(ground < 200 && letters > 500, "{letters} on {ground}");
}

#[tokio::test]
async fn a_phone_shows_every_page_without_scrolling_sideways() {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;
    browser.become_a_phone().await;
    browser.open_address(&demo.app_login).await;
    browser.find("h1", "请从熊猫智慧水务门户进入").await;
    browser.picture("phone-entrance").await;
    browser.click("a", "打开熊猫智慧水务门户").await;
    browser.find("h1", "您想以谁的身份进入").await;
    browser.picture("phone-portal").await;
    enter(&browser, "新耀分公司").await;
    browser.picture("phone-claims").await;
    browser
        .open_address(demo.launch_url(HEI_LONG_JIANG).await)
        .await;
    browser.find("h1", "切换为黑龙江").await;
    browser.picture("phone-switch").await;
    browser
        .open_address(demo.issuer.join("/logout").unwrap())
        .await;
    browser.find("h1", "退出登录？").await;
    browser.picture("phone-logout").await;
}

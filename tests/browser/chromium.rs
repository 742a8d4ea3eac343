//! One headless Chromium with an empty profile, controlled by a test.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thirtyfour::extensions::query::ElementQueryable as _;
use thirtyfour::{By, ChromiumLikeCapabilities as _, DesiredCapabilities, WebDriver, WebElement};
use url::Url;

use super::chromedriver::{Chromedriver, PACKAGES};

/// How long a page may take to show what a test waits for. The machine may be busy.
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(25);

const FLAGS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,900",
];

/// The browser settings of the user.
#[derive(Clone, Copy)]
pub struct Setup {
    /// `Accept-Language`.
    pub languages: &'static str,
    /// Whether JavaScript is on.
    pub scripts: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            languages: "zh-CN,zh",
            scripts: true,
        }
    }
}

/// A browser. It closes on drop, also when the test fails.
pub struct Chromium {
    driver: WebDriver,
    _chromedriver: Chromedriver,
    _profile: tempfile::TempDir,
}

impl Chromium {
    /// Opens a browser with the usual settings of a control room: Chinese, JavaScript on.
    pub async fn open() -> Self {
        Self::open_as(Setup::default()).await
    }

    /// Opens a browser with these settings.
    pub async fn open_as(setup: Setup) -> Self {
        let chromedriver = Chromedriver::start();
        let profile = tempfile::tempdir().unwrap();
        let mut capabilities = DesiredCapabilities::chrome();
        for flag in FLAGS {
            capabilities.add_arg(flag).unwrap();
        }
        let profile_flag = format!("--user-data-dir={}", profile.path().display());
        capabilities.add_arg(&profile_flag).unwrap();
        let mut preferences = json!({ "intl.accept_languages": setup.languages });
        if !setup.scripts {
            preferences["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        capabilities
            .add_experimental_option("prefs", preferences)
            .unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_mins(1))
            .build()
            .unwrap();
        let driver = WebDriver::builder(chromedriver.url(), capabilities)
            .client(client)
            .await
            .unwrap_or_else(|error| panic!("Chromium cannot be opened ({error}): {PACKAGES}"));
        // Chromedriver closes the browser. The `Drop` of thirtyfour would block the runtime that its
        // client runs on.
        driver.clone().leak().unwrap();
        Self {
            driver,
            _chromedriver: chromedriver,
            _profile: profile,
        }
    }

    /// Opens an address as if it were typed into the address bar: without a `Referer`.
    pub async fn open_address(&self, url: impl AsRef<str>) {
        self.driver.goto(url.as_ref()).await.unwrap();
    }

    /// Waits for the one element that matches `css` and whose text contains `text`.
    pub async fn find(&self, css: &str, text: &str) -> WebElement {
        let expected = text.to_owned();
        let found = self
            .driver
            .query(By::Css(css))
            .with_filter(move |element: WebElement| {
                let expected = expected.clone();
                // The page may be unloading; its elements then have no text.
                async move {
                    Ok(element
                        .text()
                        .await
                        .is_ok_and(|text| text.contains(&expected)))
                }
            })
            .wait(PAGE_TIMEOUT, POLL_INTERVAL)
            .single()
            .await;
        match found {
            Ok(element) => element,
            Err(error) => panic!(
                "no {css} with “{text}”: {error}\n{}",
                self.page_text().await
            ),
        }
    }

    /// The text of the one element that matches `css`.
    pub async fn text(&self, css: &str) -> String {
        self.find(css, "").await.text().await.unwrap()
    }

    /// Clicks the link or button whose text contains `text`.
    pub async fn click(&self, css: &str, text: &str) {
        self.find(css, text).await.click().await.unwrap();
    }

    /// The current address and the text of the page, for a failure message.
    async fn page_text(&self) -> String {
        let body = match self.driver.find(By::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        format!("{}\n{body}", self.address().await)
    }

    /// The current address.
    pub async fn address(&self) -> Url {
        self.driver.current_url().await.unwrap()
    }

    /// Every address in the history of the tab, including the current one.
    pub async fn history(&self) -> Vec<String> {
        let history = self.devtools("Page.getNavigationHistory", json!({})).await;
        let entries = history["entries"].as_array().unwrap().iter();
        let addresses = entries.map(|entry| entry["url"].as_str().unwrap().to_owned());
        addresses.collect()
    }

    /// Evaluates a script. It runs even when JavaScript is off for the pages.
    pub async fn evaluate<T: DeserializeOwned>(&self, expression: &str) -> T {
        let parameters = json!({ "expression": expression, "returnByValue": true });
        let response = self.devtools("Runtime.evaluate", parameters).await;
        serde_json::from_value(response["result"]["value"].clone())
            .unwrap_or_else(|error| panic!("{error}: {response}"))
    }

    /// Sets `prefers-color-scheme` to `dark` or `light`.
    pub async fn prefer_color_scheme(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": [feature] }),
        )
        .await;
    }

    /// Emulates a phone of 360 by 740 pixels.
    pub async fn emulate_phone(&self) {
        let phone = json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true });
        self.devtools("Emulation.setDeviceMetricsOverride", phone)
            .await;
    }

    /// Saves the whole page as `target/screenshots/{name}.png`, and checks that no element is
    /// wider than the page.
    pub async fn screenshot(&self, name: &str) {
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let page = &metrics["cssContentSize"];
        let clip =
            json!({ "x": 0, "y": 0, "scale": 1, "width": page["width"], "height": page["height"] });
        let parameters = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let screenshot = self.devtools("Page.captureScreenshot", parameters).await;
        let png = BASE64_STANDARD
            .decode(screenshot["data"].as_str().unwrap())
            .unwrap();
        let build = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let folder = build.join("screenshots");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), png).unwrap();
        let overflowing: Vec<String> = self.evaluate(OVERFLOWING_ELEMENTS).await;
        assert!(
            overflowing.is_empty(),
            "{name}: wider than the page: {overflowing:?}"
        );
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let cdp = self.driver.cdp();
        cdp.send_raw(command, parameters).await.unwrap()
    }
}

/// A script that lists the elements that overflow the page, or whose content overflows them.
const OVERFLOWING_ELEMENTS: &str = "[...document.querySelectorAll('*')].filter(e => \
    e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 \
    || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline') \
    .map(e => e.outerHTML.slice(0, 120))";

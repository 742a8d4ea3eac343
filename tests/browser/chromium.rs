//! One headless Chromium with an empty profile, as a test steers it.

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

/// How long a page may take to show what a test waits for, on a busy machine.
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(25);

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

/// How the person has set up their browser.
#[derive(Clone, Copy)]
pub struct Setup {
    /// `Accept-Language`.
    pub languages: &'static str,
    /// Whether scripts run.
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

/// A browser. It closes when this is dropped, after a failure as well.
pub struct Chromium {
    driver: WebDriver,
    _chromedriver: Chromedriver,
    _profile: tempfile::TempDir,
}

impl Chromium {
    /// Opens a browser as it is found in a control room: Chinese, with scripts.
    pub async fn open() -> Self {
        Self::open_as(Setup::default()).await
    }

    /// Opens a browser set up otherwise.
    pub async fn open_as(setup: Setup) -> Self {
        let chromedriver = Chromedriver::start();
        let profile = tempfile::tempdir().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        for flag in FLAGS {
            wanted.add_arg(flag).unwrap();
        }
        let profile_flag = format!("--user-data-dir={}", profile.path().display());
        wanted.add_arg(&profile_flag).unwrap();
        let mut preferences = json!({ "intl.accept_languages": setup.languages });
        if !setup.scripts {
            preferences["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        wanted
            .add_experimental_option("prefs", preferences)
            .unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_mins(1))
            .build()
            .unwrap();
        let driver = WebDriver::builder(chromedriver.url(), wanted)
            .client(client)
            .await
            .unwrap_or_else(|error| panic!("Chromium cannot be opened ({error}): {PACKAGES}"));
        // Chromedriver closes it: thirtyfour's own way blocks the runtime its client runs on.
        driver.clone().leak().unwrap();
        Self {
            driver,
            _chromedriver: chromedriver,
            _profile: profile,
        }
    }

    /// Types an address into the address bar. No page has sent the browser there: no `Referer`.
    pub async fn open_address(&self, url: impl AsRef<str>) {
        self.driver.goto(url.as_ref()).await.unwrap();
    }

    /// The one element `css` selects whose text contains `text`, as soon as it is there.
    pub async fn find(&self, css: &str, text: &str) -> WebElement {
        let wanted = text.to_owned();
        let found = self
            .driver
            .query(By::Css(css))
            .with_filter(move |element: WebElement| {
                let wanted = wanted.clone();
                // An element of the page that is just being left has no text any more.
                async move {
                    Ok(element
                        .text()
                        .await
                        .is_ok_and(|text| text.contains(&wanted)))
                }
            })
            .wait(PAGE_TIMEOUT, BETWEEN_LOOKS)
            .single()
            .await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("no {css} with “{text}”: {error}\n{}", self.shown().await),
        }
    }

    /// The text of what [`Chromium::find`] finds.
    pub async fn text(&self, css: &str) -> String {
        self.find(css, "").await.text().await.unwrap()
    }

    /// Clicks the link or button that says `text`.
    pub async fn click(&self, css: &str, text: &str) {
        self.find(css, text).await.click().await.unwrap();
    }

    /// Where the browser is, and all it shows.
    async fn shown(&self) -> String {
        let body = match self.driver.find(By::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        format!("{}\n{body}", self.address().await)
    }

    /// What the address bar holds.
    pub async fn address(&self) -> Url {
        self.driver.current_url().await.unwrap()
    }

    /// Every address the back button could lead to, and the one it is at.
    pub async fn history(&self) -> Vec<String> {
        let history = self.devtools("Page.getNavigationHistory", json!({})).await;
        let entries = history["entries"].as_array().unwrap().iter();
        let addresses = entries.map(|entry| entry["url"].as_str().unwrap().to_owned());
        addresses.collect()
    }

    /// Evaluates a script of the test's, which runs even where the pages' own do not.
    pub async fn evaluate<T: DeserializeOwned>(&self, expression: &str) -> T {
        let asked = json!({ "expression": expression, "returnByValue": true });
        let answer = self.devtools("Runtime.evaluate", asked).await;
        serde_json::from_value(answer["result"]["value"].clone())
            .unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    /// Has the person prefer dark pages, or light ones.
    pub async fn prefer(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": [feature] }),
        )
        .await;
    }

    /// Makes it a phone of 360 by 740.
    pub async fn become_a_phone(&self) {
        let phone = json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true });
        self.devtools("Emulation.setDeviceMetricsOverride", phone)
            .await;
    }

    /// Keeps a picture of the whole page as `target/screenshots/{name}.png`, and checks that
    /// nothing of it sticks out at the side.
    pub async fn picture(&self, name: &str) {
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let page = &metrics["cssContentSize"];
        let clip =
            json!({ "x": 0, "y": 0, "scale": 1, "width": page["width"], "height": page["height"] });
        let asked = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = self.devtools("Page.captureScreenshot", asked).await;
        let png = BASE64_STANDARD
            .decode(taken["data"].as_str().unwrap())
            .unwrap();
        let build = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let folder = build.join("screenshots");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), png).unwrap();
        let cut_off: Vec<String> = self.evaluate(CUT_OFF).await;
        assert!(
            cut_off.is_empty(),
            "{name}: wider than the page: {cut_off:?}"
        );
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let cdp = self.driver.cdp();
        cdp.send_raw(command, parameters).await.unwrap()
    }
}

/// Elements that reach over the right edge of the page, or whose content does over theirs.
const CUT_OFF: &str = "[...document.querySelectorAll('*')].filter(e => \
    e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 \
    || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline') \
    .map(e => e.outerHTML.slice(0, 120))";

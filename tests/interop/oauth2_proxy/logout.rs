//! How long a login lasts: refresh, sign-out at oauth2-proxy, sign-out at the provider.

use std::time::{Duration, Instant};

use super::stage::{Stage, forwarded_headers, is_login_required};
use crate::support::CHEN_TAO;
use crate::support::browser::{Answer, Browser};
use crate::tools::{is_signed_in, sign_out};

/// Options that make oauth2-proxy refresh a login that is older than one second.
const REFRESH_AFTER_ONE_SECOND: [&str; 2] = ["--cookie-refresh=1s", "--pass-access-token"];

/// Opens the application repeatedly until the page fulfils `condition`.
async fn open_until(stage: &Stage, browser: &mut Browser, condition: impl Fn(&Answer) -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let responses = browser.follow(stage.at("/")).await;
        let page = responses.last().unwrap();
        if condition(page) {
            return;
        }
        assert!(Instant::now() < deadline, "{}: {}", page.url, page.body);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_login_is_refreshed_until_the_provider_session_ends() {
    let stage = Stage::start("clients.md", &REFRESH_AFTER_ONE_SECOND).await;
    let mut browser = Browser::new();
    let headers = stage.click(&mut browser, CHEN_TAO).await;
    for _ in 0..2 {
        let old = forwarded_headers(&browser.get(stage.at("/")).await)["x-forwarded-access-token"]
            .clone();
        assert!(old.is_string(), "{headers}");
        let refreshed = |page: &Answer| forwarded_headers(page)["x-forwarded-access-token"] != old;
        open_until(&stage, &mut browser, refreshed).await;
    }

    sign_out(&stage.program, &mut browser).await;
    open_until(&stage, &mut browser, is_login_required).await;
}

#[tokio::test]
async fn a_sign_out_at_oauth2_proxy_ends_the_provider_session() {
    let stage = Stage::start("clients.zh.md", &[]).await;
    let mut browser = Browser::new();
    stage.click(&mut browser, CHEN_TAO).await;
    assert!(is_signed_in(&stage.program, &mut browser).await);

    let responses = browser.follow(stage.at("/oauth2/sign_out")).await;
    assert!(
        is_login_required(responses.last().unwrap()),
        "{responses:?}"
    );
    assert!(!is_signed_in(&stage.program, &mut browser).await);
}

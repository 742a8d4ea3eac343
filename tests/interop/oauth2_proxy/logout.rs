//! How long a login lasts: refreshed, signed out there, signed out here.

use std::time::{Duration, Instant};

use super::stage::{Stage, is_asked, told};
use crate::support::CHEN_TAO;
use crate::support::browser::{Answer, Browser};
use crate::tools::{is_signed_in, sign_out};

/// Old enough to be refreshed after one second.
const EVERY_SECOND: [&str; 2] = ["--cookie-refresh=1s", "--pass-access-token"];

/// Opens the application until `seen` says yes.
async fn until(stage: &Stage, browser: &mut Browser, seen: impl Fn(&Answer) -> bool) {
    let patience = Instant::now() + Duration::from_mins(1);
    loop {
        let road = browser.walk(stage.at("/")).await;
        let page = road.last().unwrap();
        if seen(page) {
            return;
        }
        assert!(Instant::now() < patience, "{}: {}", page.url, page.body);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_login_is_refreshed_until_the_session_ends_here() {
    let stage = Stage::set("clients.md", &EVERY_SECOND).await;
    let mut browser = Browser::new();
    let headers = stage.click(&mut browser, CHEN_TAO).await;
    for _ in 0..2 {
        let old = told(&browser.get(stage.at("/")).await)["x-forwarded-access-token"].clone();
        assert!(old.is_string(), "{headers}");
        let refreshed = |page: &Answer| told(page)["x-forwarded-access-token"] != old;
        until(&stage, &mut browser, refreshed).await;
    }

    sign_out(&stage.program, &mut browser).await;
    until(&stage, &mut browser, is_asked).await;
}

#[tokio::test]
async fn a_sign_out_there_signs_out_here() {
    let stage = Stage::set("clients.zh.md", &[]).await;
    let mut browser = Browser::new();
    stage.click(&mut browser, CHEN_TAO).await;
    assert!(is_signed_in(&stage.program, &mut browser).await);

    let road = browser.walk(stage.at("/oauth2/sign_out")).await;
    assert!(is_asked(road.last().unwrap()), "{road:?}");
    assert!(!is_signed_in(&stage.program, &mut browser).await);
}

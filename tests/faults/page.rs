//! Checks of error pages: they arrive in time, in the browser's language, and reveal no internals.

use std::time::Duration;

use reqwest::Method;

use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::tools::launch_url;

/// The session cookie.
const SESSION: &str = "panda-oidc-session";

/// The longest time a page may take.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(8);

/// Words that reveal internals and must not appear on a page.
const INTERNAL: [&str; 14] = [
    "GetUserByTicket",
    "PandaOMS",
    "reqwest",
    "hyper",
    "serde",
    "sqlite",
    "SQLite",
    "panic",
    "Unreachable",
    "Unintelligible",
    "error sending",
    "os error",
    "base_url",
    ".rs",
];

/// Asserts that the response is an error page with `status` in the requested language, without a
/// session cookie, a redirect, `secret` or internals.
#[track_caller]
pub fn honest(answer: &Answer, status: u16, english: bool, secret: &str) {
    let page = &answer.body;
    assert_eq!(answer.status, status, "{page}");
    assert_eq!(answer.header("location"), "");
    assert_eq!(answer.header("cache-control"), "no-store");
    let cookies = answer.set_cookies();
    assert!(
        !cookies.iter().any(|cookie| cookie.starts_with(SESSION)),
        "{cookies:?}"
    );
    let tag = if english { "en" } else { "zh-CN" };
    assert!(page.contains(&format!("<html lang=\"{tag}\"")), "{page}");
    let title = page.split("<h1>").nth(1).expect("a title");
    let title = title.split("</h1>").next().expect("its end");
    assert_eq!(title.is_ascii(), english, "{title}");
    assert!(page.contains("门户") && page.contains("portal"), "{page}");
    for word in INTERNAL {
        assert!(!page.contains(word), "{word}: {page}");
    }
    assert!(!page.contains(secret), "{page}");
    for (name, value) in &answer.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        assert!(!value.contains(secret), "{name}: {value}");
    }
}

/// Launches with `ticket` in a new browser whose language is English or Chinese.
pub async fn asked_in(program: &Program, english: bool, ticket: &str) -> Answer {
    let language = if english {
        "en-GB,en;q=0.9"
    } else {
        "zh-CN,zh;q=0.9"
    };
    let mut browser = Browser::new();
    let request = browser.send(Method::GET, launch_url(program, ticket), |request| {
        request.header("accept-language", language)
    });
    let answer = tokio::time::timeout(MAX_ANSWER_TIME, request).await;
    answer.unwrap_or_else(|_| panic!("{ticket} is not answered"))
}

//! `/logout`: RP-Initiated Logout 1.0. The other files of this folder test posted requests and notices.

mod expired;
mod frontchannel;
mod notices;
mod post;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::kit::{registered, registration, tokens, tokens_of};
use crate::support::app::claims;
use crate::support::browser::{Answer, Browser};
use crate::support::listener::Listener;
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

const POST_LOGOUT_URI: &str = "http://127.0.0.1:9/out?x=1";
const SESSION_COOKIE: &str = "panda-oidc-session";

/// A provider with the client `app`, which has [`POST_LOGOUT_URI`] registered. `lines` are further
/// keys of that client, `other_clients` further clients.
async fn provider(lines: &str, other_clients: &str) -> TestProvider {
    let lines = format!("post_logout_redirect_uris = ['{POST_LOGOUT_URI}']\n{lines}");
    TestProvider::open_with(&(registration("app", &lines) + other_clients), "").await
}

/// Signs 陈涛 in and logs in at `app`. Returns the browser and the ID token.
async fn log_in_at_app(provider: &TestProvider) -> (Browser, String) {
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let tokens = tokens(&registered(provider, "app"), &mut browser).await;
    (browser, tokens["id_token"].as_str().unwrap().to_owned())
}

fn logout_url(provider: &TestProvider, parameters: &[(&str, &str)]) -> Url {
    Url::parse_with_params(&provider.at("/logout"), parameters).unwrap()
}

async fn is_signed_in(provider: &TestProvider, browser: &Browser) -> bool {
    let url = provider
        .client("grafana")
        .authorize_url(&[("prompt", "none")]);
    browser.clone().get(url).await.parameter("code").is_some()
}

#[track_caller]
fn assert_contains(answer: &Answer, text: &str) {
    assert!(answer.body.contains(text), "{}", answer.body);
}

async fn confirm(provider: &TestProvider, browser: &mut Browser, page: &Answer) -> Answer {
    let confirmation = page.field("confirmation");
    let url = provider.at("/logout/confirm");
    browser.post(url, &[("confirmation", &confirmation)]).await
}

#[tokio::test]
async fn an_id_token_hint_ends_its_session_and_the_browser_is_redirected_with_state() {
    let provider = provider("", "").await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    let token = tokens(&provider.client("grafana"), &mut browser).await;
    let old_browser = browser.clone();
    let parameters = [
        ("id_token_hint", &*hint),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
        ("state", "a b&c=陈"),
    ];
    let answer = browser.get(logout_url(&provider, &parameters)).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let expected = format!("{POST_LOGOUT_URI}&state=a+b%26c%3D%E9%99%88");
    assert_eq!(answer.location().as_str(), expected);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(
        !browser.cookies.contains_key(SESSION_COOKIE),
        "the cookie is removed"
    );
    assert!(
        !is_signed_in(&provider, &old_browser).await,
        "the old cookie is not accepted any more"
    );
    let token = token["access_token"].as_str().unwrap();
    let userinfo = provider.client("grafana").userinfo(token).await;
    assert_eq!(
        userinfo.status, 401,
        "a token of another client is revoked too"
    );
}

#[tokio::test]
async fn an_expired_id_token_of_any_algorithm_is_accepted_as_a_hint() {
    let ps256 = registration("ps", "id_token_signed_response_alg = 'PS256'");
    let provider = TestProvider::open_with(&ps256, "").await;
    for client in ["grafana", "keycloak", "spa", "ps"] {
        let mut browser = provider.signed_in(CHEN_TAO).await;
        let client = match client {
            "ps" => registered(&provider, "ps"),
            client_id => provider.client(client_id),
        };
        let tokens = tokens(&client, &mut browser).await;
        provider.advance(TimeDelta::hours(11));
        let hint = tokens["id_token"].as_str().unwrap();
        let answer = browser
            .get(logout_url(&provider, &[("id_token_hint", hint)]))
            .await;
        assert_eq!(answer.status, 200);
        assert_contains(&answer, "已退出登录");
        assert!(
            !is_signed_in(&provider, &browser).await,
            "{}",
            client.client_id
        );
    }
}

#[tokio::test]
async fn the_pages_are_in_the_requested_language() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let english = logout_url(&provider, &[("ui_locales", "fr en"), ("logout_hint", "1")]);
    let page = browser.get(english).await;
    assert_contains(&page, "<html lang=\"en\">");
    assert_contains(&page, "<h1>Sign out?</h1>");
    assert_contains(&page, "“陈涛” is signed in here.");
    let page = browser.get(provider.at("/logout")).await;
    assert_contains(&page, "<h1>退出登录？</h1>");
    let page = confirm(&provider, &mut browser, &page).await;
    assert_contains(&page, "<h1>已退出登录</h1>");
    assert_contains(&page, provider.portal.url().as_str());
}

#[tokio::test]
async fn without_a_hint_the_user_must_confirm_the_logout() {
    let provider = provider("", "").await;
    let (mut browser, _) = log_in_at_app(&provider).await;
    let parameters = [
        ("client_id", "app"),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
        ("state", "s"),
    ];
    let page = browser.get(logout_url(&provider, &parameters)).await;
    assert_eq!(page.status, 200);
    assert!(
        is_signed_in(&provider, &browser).await,
        "nothing has ended yet"
    );
    assert_contains(&page, &format!("href=\"{}\"", provider.at("/launch")));
    let answer = confirm(&provider, &mut browser, &page).await;
    assert_eq!(
        answer.location().as_str(),
        format!("{POST_LOGOUT_URI}&state=s")
    );
    assert!(!browser.cookies.contains_key(SESSION_COOKIE));
    // A second click on the same page gets the same redirect.
    let again = confirm(&provider, &mut browser, &page).await;
    assert_eq!(
        again.location().as_str(),
        format!("{POST_LOGOUT_URI}&state=s")
    );
}

#[tokio::test]
async fn the_confirmation_expires_after_five_minutes() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let page = browser.get(provider.at("/logout")).await;
    provider.advance(TimeDelta::minutes(5) + TimeDelta::milliseconds(1));
    let late = confirm(&provider, &mut browser, &page).await;
    assert_eq!(late.status, 410);
    assert_contains(&late, &format!("href=\"{}\"", provider.at("/logout")));
    assert!(is_signed_in(&provider, &browser).await);
}

#[tokio::test]
async fn without_a_session_no_confirmation_is_needed() {
    let provider = provider("", "").await;
    let mut browser = Browser::new();
    let page = browser.get(provider.at("/logout")).await;
    assert_eq!(page.status, 200);
    assert_contains(&page, "您没有在这里登录");
    let parameters = [
        ("client_id", "app"),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
    ];
    let answer = browser.get(logout_url(&provider, &parameters)).await;
    assert_eq!(
        answer.location().as_str(),
        POST_LOGOUT_URI,
        "no state was sent"
    );
}

#[tokio::test]
async fn a_hint_of_another_session_ends_that_one_and_the_browsers_own_must_be_confirmed() {
    let provider = provider("", "").await;
    let (other_browser, hint) = log_in_at_app(&provider).await;
    let mut browser = provider.signed_in(HEI_LONG_JIANG).await;
    let parameters = [
        ("id_token_hint", &*hint),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
    ];
    let page = browser.get(logout_url(&provider, &parameters)).await;
    assert!(
        !is_signed_in(&provider, &other_browser).await,
        "the hint names it"
    );
    assert!(
        is_signed_in(&provider, &browser).await,
        "the hint does not name it"
    );
    assert_contains(&page, "“黑龙江”");
    let answer = confirm(&provider, &mut browser, &page).await;
    assert_eq!(answer.location().as_str(), POST_LOGOUT_URI);
    assert!(!is_signed_in(&provider, &browser).await);
}

#[tokio::test]
async fn neither_head_nor_a_prefetch_logs_out() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let tokens = tokens(&provider.client("grafana"), &mut browser).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let url = logout_url(&provider, &[("id_token_hint", hint)]);
    let head = browser.send(Method::HEAD, &url, |request| request).await;
    assert_eq!(head.status, 204);
    let prefetch = browser.send(Method::GET, &url, |request| {
        request.header("sec-purpose", "prefetch;prerender")
    });
    assert_eq!(prefetch.await.status, 503);
    assert!(is_signed_in(&provider, &browser).await);
}

#[tokio::test]
async fn a_logout_that_found_no_session_does_not_say_that_it_ended_one() {
    let provider = provider("", "").await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    let url = logout_url(&provider, &[("id_token_hint", &hint)]);
    assert_contains(&browser.get(url.clone()).await, "<h1>已退出登录</h1>");
    for url in [url, logout_url(&provider, &[])] {
        let page = browser.get(url).await;
        assert_eq!(page.status, 200);
        assert_contains(&page, "<h1>您没有在这里登录</h1>");
        assert!(!page.body.contains("已退出登录"), "{}", page.body);
    }
}

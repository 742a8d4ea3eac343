//! `/logout`: RP-Initiated Logout 1.0 and Front-Channel Logout 1.0.

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

const OUT: &str = "http://127.0.0.1:9/out?x=1";
const SESSION: &str = "panda-oidc-session";

/// A provider with an app that may have browsers sent to [`OUT`]; `lines` are its other keys, `more`
/// other clients.
async fn provider(lines: &str, more: &str) -> TestProvider {
    let out = format!("post_logout_redirect_uris = ['{OUT}']\n{lines}");
    TestProvider::open_with(&(registration("app", &out) + more), "").await
}

/// 陈涛's browser, and the app's ID token.
async fn used(provider: &TestProvider) -> (Browser, String) {
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let tokens = tokens(&registered(provider, "app"), &mut browser).await;
    (browser, tokens["id_token"].as_str().unwrap().to_owned())
}

fn url(provider: &TestProvider, parameters: &[(&str, &str)]) -> Url {
    Url::parse_with_params(&provider.at("/logout"), parameters).unwrap()
}

async fn is_signed_in(provider: &TestProvider, browser: &Browser) -> bool {
    let url = provider
        .client("grafana")
        .authorize_url(&[("prompt", "none")]);
    browser.clone().get(url).await.parameter("code").is_some()
}

#[track_caller]
fn says(answer: &Answer, text: &str) {
    assert!(answer.body.contains(text), "{}", answer.body);
}

async fn says_yes(provider: &TestProvider, browser: &mut Browser, page: &Answer) -> Answer {
    let confirmation = page.field("confirmation");
    let url = provider.at("/logout/confirm");
    browser.post(url, &[("confirmation", &confirmation)]).await
}

#[tokio::test]
async fn a_hint_of_the_session_ends_it_and_the_browser_goes_back_with_its_state() {
    let provider = provider("", "").await;
    let (mut browser, hint) = used(&provider).await;
    let token = tokens(&provider.client("grafana"), &mut browser).await;
    let left = browser.clone();
    let asked = [
        ("id_token_hint", &*hint),
        ("post_logout_redirect_uri", OUT),
        ("state", "a b&c=陈"),
    ];
    let answer = browser.get(url(&provider, &asked)).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let back = format!("{OUT}&state=a+b%26c%3D%E9%99%88");
    assert_eq!(answer.location().as_str(), back);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!browser.cookies.contains_key(SESSION), "the cookie is gone");
    assert!(!is_signed_in(&provider, &left).await, "and opens nothing");
    let token = token["access_token"].as_str().unwrap();
    let userinfo = provider.client("grafana").userinfo(token).await;
    assert_eq!(userinfo.status, 401, "another client's token is dead, too");
}

#[tokio::test]
async fn an_id_token_of_every_algorithm_is_a_hint_long_after_it_expired() {
    let ps256 = registration("ps", "id_token_signed_response_alg = 'PS256'");
    let provider = TestProvider::open_with(&ps256, "").await;
    for client in ["grafana", "keycloak", "spa", "ps"] {
        let mut browser = provider.signed_in(CHEN_TAO).await;
        let client = match client {
            "ps" => registered(&provider, "ps"),
            known => provider.client(known),
        };
        let tokens = tokens(&client, &mut browser).await;
        provider.advance(TimeDelta::hours(11));
        let hint = tokens["id_token"].as_str().unwrap();
        let answer = browser
            .get(url(&provider, &[("id_token_hint", hint)]))
            .await;
        assert_eq!(answer.status, 200);
        says(&answer, "已退出登录");
        assert!(
            !is_signed_in(&provider, &browser).await,
            "{}",
            client.client_id
        );
    }
}

#[tokio::test]
async fn the_pages_are_in_the_language_that_was_asked_for() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let english = url(&provider, &[("ui_locales", "fr en"), ("logout_hint", "1")]);
    let page = browser.get(english).await;
    says(&page, "<html lang=\"en\">");
    says(&page, "<h1>Sign out?</h1>");
    says(&page, "“陈涛” is signed in here.");
    let page = browser.get(provider.at("/logout")).await;
    says(&page, "<h1>退出登录？</h1>");
    let page = says_yes(&provider, &mut browser, &page).await;
    says(&page, "<h1>已退出登录</h1>");
    says(&page, provider.portal.url().as_str());
}

#[tokio::test]
async fn without_a_hint_the_person_is_asked_and_a_yes_is_like_one() {
    let provider = provider("", "").await;
    let (mut browser, _) = used(&provider).await;
    let asked = [
        ("client_id", "app"),
        ("post_logout_redirect_uri", OUT),
        ("state", "s"),
    ];
    let page = browser.get(url(&provider, &asked)).await;
    assert_eq!(page.status, 200);
    assert!(
        is_signed_in(&provider, &browser).await,
        "nothing has ended yet"
    );
    says(&page, &format!("href=\"{}\"", provider.at("/launch")));
    let answer = says_yes(&provider, &mut browser, &page).await;
    assert_eq!(answer.location().as_str(), format!("{OUT}&state=s"));
    assert!(!browser.cookies.contains_key(SESSION));
    // A second click comes after the end.
    let again = says_yes(&provider, &mut browser, &page).await;
    assert_eq!(again.location().as_str(), format!("{OUT}&state=s"));
}

#[tokio::test]
async fn the_question_stands_for_five_minutes() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let page = browser.get(provider.at("/logout")).await;
    provider.advance(TimeDelta::minutes(5) + TimeDelta::milliseconds(1));
    let late = says_yes(&provider, &mut browser, &page).await;
    assert_eq!(late.status, 410);
    says(&late, &format!("href=\"{}\"", provider.at("/logout")));
    assert!(is_signed_in(&provider, &browser).await);
}

#[tokio::test]
async fn where_nobody_is_signed_in_there_is_nothing_to_ask() {
    let provider = provider("", "").await;
    let mut browser = Browser::new();
    let page = browser.get(provider.at("/logout")).await;
    assert_eq!(page.status, 200);
    says(&page, "已退出登录");
    let asked = [("client_id", "app"), ("post_logout_redirect_uri", OUT)];
    let answer = browser.get(url(&provider, &asked)).await;
    assert_eq!(answer.location().as_str(), OUT, "no state was sent");
}

#[tokio::test]
async fn a_hint_of_another_session_ends_that_one_and_asks_about_this() {
    let provider = provider("", "").await;
    let (elsewhere, hint) = used(&provider).await;
    let mut browser = provider.signed_in(HEI_LONG_JIANG).await;
    let asked = [("id_token_hint", &*hint), ("post_logout_redirect_uri", OUT)];
    let page = browser.get(url(&provider, &asked)).await;
    assert!(!is_signed_in(&provider, &elsewhere).await, "it was named");
    assert!(is_signed_in(&provider, &browser).await, "it was not");
    says(&page, "“黑龙江”");
    let answer = says_yes(&provider, &mut browser, &page).await;
    assert_eq!(answer.location().as_str(), OUT);
    assert!(!is_signed_in(&provider, &browser).await);
}

#[tokio::test]
async fn a_session_that_ran_out_is_ended_for_its_clients() {
    let told = Listener::open().await;
    let provider = provider("", &registration("told", &told.line())).await;
    let (mut browser, hint) = used(&provider).await;
    tokens(&registered(&provider, "told"), &mut browser).await;
    provider.advance(TimeDelta::hours(13));
    browser
        .get(url(&provider, &[("id_token_hint", &hint)]))
        .await;
    assert_eq!(told.told().len(), 1);
}

/// A form that a page at `origin` posts.
async fn posts(
    provider: &TestProvider,
    browser: &mut Browser,
    origin: &str,
    form: &[(&str, &str)],
) -> Answer {
    let form = |request: reqwest::RequestBuilder| request.header("origin", origin).form(form);
    browser
        .send(Method::POST, provider.at("/logout"), form)
        .await
}

/// A form of another site brings no cookies.
#[tokio::test]
async fn a_posted_request_is_posted_again_from_here_where_the_cookies_are() {
    let provider = provider("", "").await;
    let (mut browser, hint) = used(&provider).await;
    let form = [
        ("id_token_hint", &*hint),
        ("client_id", "app"),
        ("post_logout_redirect_uri", OUT),
        ("state", "s&\"t"),
        ("ui_locales", "en"),
    ];
    let page = posts(
        &provider,
        &mut Browser::new(),
        "http://other.example",
        &form,
    )
    .await;
    assert_eq!(page.status, 200, "{}", page.body);
    says(&page, "正在退出登录");
    let action = format!(
        "<form method=\"post\" action=\"{}\">",
        provider.at("/logout")
    );
    says(&page, &action);
    says(&page, "<button");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.set_cookies().is_empty());
    assert!(!page.body.contains(&format!("={hint}")), "in no address");
    assert_eq!(page.field("state"), "s&#38;&#34;t");
    let again = page.field("again");
    let mut form = form.to_vec();
    for (name, value) in form.iter().filter(|(name, _)| *name != "state") {
        assert_eq!(page.field(name), *value);
    }
    assert!(is_signed_in(&provider, &browser).await, "not yet");
    form.push(("again", &again));
    let answer = posts(&provider, &mut browser, "null", &form).await;
    assert_eq!(answer.location().as_str(), format!("{OUT}&state=s%26%22t"));
    assert!(!is_signed_in(&provider, &browser).await);
}

/// A browser that has no cookies here is not sent round in circles.
#[tokio::test]
async fn a_browser_without_cookies_is_asked_once() {
    let provider = provider("", "").await;
    let (browser, hint) = used(&provider).await;
    let mut stranger = Browser::new();
    for form in [&[][..], &[("client_id", "app")]] {
        let page = posts(&provider, &mut stranger, "null", form).await;
        let mut form = form.to_vec();
        let again = page.field("again");
        form.push(("again", &again));
        let answer = posts(&provider, &mut stranger, "null", &form).await;
        says(&answer, "已退出登录");
        assert!(answer.set_cookies().is_empty());
    }
    assert!(is_signed_in(&provider, &browser).await);
    let hinted = [("id_token_hint", &*hint), ("again", "1")];
    let answer = posts(&provider, &mut stranger, "null", &hinted).await;
    says(&answer, "已退出登录");
    assert!(
        !is_signed_in(&provider, &browser).await,
        "the hint's session"
    );
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused() {
    let provider = provider("", "").await;
    let (mut browser, hint) = used(&provider).await;
    for kind in ["text/plain", "application/json", "multipart/form-data", ""] {
        let body = format!("id_token_hint={hint}");
        let build = |request: reqwest::RequestBuilder| {
            let request = request.header("origin", "null").body(body);
            if kind.is_empty() {
                return request;
            }
            request.header("content-type", kind)
        };
        let answer = browser
            .send(Method::POST, provider.at("/logout"), build)
            .await;
        assert_eq!(answer.status, 400, "{kind}");
        says(&answer, "the body is not application/x-www-form-urlencoded");
        assert!(is_signed_in(&provider, &browser).await, "{kind}");
    }
}

/// Keycloak's "backchannel logout" is a GET of its own with a hint and a state; others post one.
#[tokio::test]
async fn a_client_that_calls_by_itself_ends_the_session_and_is_answered() {
    let provider = provider("", "").await;
    for (more, status) in [(None, 200), (Some(("post_logout_redirect_uri", OUT)), 303)] {
        let (browser, hint) = used(&provider).await;
        let asked = [("state", "x"), ("id_token_hint", &hint)];
        let asked: Vec<_> = asked.into_iter().chain(more).collect();
        let answer = Browser::new().get(url(&provider, &asked)).await;
        assert_eq!(answer.status, status);
        assert!(!is_signed_in(&provider, &browser).await);
    }
}

#[tokio::test]
async fn neither_head_nor_a_browser_ahead_of_a_click_logs_out() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let tokens = tokens(&provider.client("grafana"), &mut browser).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let url = url(&provider, &[("id_token_hint", hint)]);
    let head = browser.send(Method::HEAD, &url, |request| request).await;
    assert_eq!(head.status, 204);
    let ahead = browser.send(Method::GET, &url, |request| {
        request.header("sec-purpose", "prefetch;prerender")
    });
    assert_eq!(ahead.await.status, 503);
    assert!(is_signed_in(&provider, &browser).await);
}

/// keycloak/keycloak#45547: told before its browser is back, it loses the way.
#[tokio::test]
async fn the_client_that_asks_is_told_once_its_browser_can_be_back_and_the_others_at_once() {
    let (asks, other) = (Listener::open().await, Listener::open().await);
    let provider = provider(&asks.line(), &registration("other", &other.line())).await;
    let (mut browser, hint) = used(&provider).await;
    tokens(&registered(&provider, "other"), &mut browser).await;
    let asked = [("id_token_hint", &*hint), ("post_logout_redirect_uri", OUT)];
    browser.get(url(&provider, &asked)).await;
    assert_eq!(other.told().len(), 1, "before the browser was answered");
    assert!(asks.told().is_empty());
    provider.advance(TimeDelta::seconds(10));
    let told = asks.next_notice().await;
    let (token, hint) = (claims(told.token()), claims(&hint));
    assert_eq!((&token["sid"], &token["sub"]), (&hint["sid"], &hint["sub"]));
    assert_eq!(token["iat"], 1_800_000_010);
}

#[tokio::test]
async fn the_client_that_asks_and_gets_no_browser_back_is_told_at_once() {
    let asks = Listener::open().await;
    let provider = provider(&asks.line(), "").await;
    let (mut browser, hint) = used(&provider).await;
    browser
        .get(url(&provider, &[("id_token_hint", &hint)]))
        .await;
    assert_eq!(asks.told().len(), 1);
}

#[tokio::test]
async fn the_client_that_calls_by_itself_is_not_called_meanwhile() {
    let asks = Listener::open().await;
    let provider = provider(&asks.line(), "").await;
    let (_, hint) = used(&provider).await;
    let alone = url(&provider, &[("id_token_hint", &hint)]);
    Browser::new().get(alone).await;
    assert!(asks.told().is_empty());
    provider.advance(TimeDelta::seconds(10));
    asks.next_notice().await;
}

#[tokio::test]
async fn apps_with_a_page_for_it_are_opened_in_frames_before_the_browser_goes_on() {
    let framed = "frontchannel_logout_uri = 'http://127.0.0.1:9/bye?a=1'\n";
    let provider = provider("", &registration("framed", framed)).await;
    let (mut browser, hint) = used(&provider).await;
    tokens(&registered(&provider, "framed"), &mut browser).await;
    let asked = [
        ("id_token_hint", &*hint),
        ("post_logout_redirect_uri", OUT),
        ("state", "\"><s>"),
    ];
    let page = browser.get(url(&provider, &asked)).await;
    assert_eq!(page.status, 200);
    let issuer = provider.issuer.replace(':', "%3A").replace('/', "%2F");
    let sid = claims(&hint)["sid"].as_str().unwrap().to_owned();
    let frame =
        format!("<iframe src=\"http://127.0.0.1:9/bye?a=1&#38;iss={issuer}&#38;sid={sid}\"");
    says(&page, &frame);
    assert_eq!(page.body.matches("<iframe").count(), 1);
    let onward = format!("{OUT}&#38;state=%22%3E%3Cs%3E");
    says(&page, &format!("data-onward=\"{onward}\""));
    says(&page, &format!("href=\"{onward}\""));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("; frame-src http://127.0.0.1:9"),
        "{policy}"
    );
    assert!(policy.contains("; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!browser.cookies.contains_key(SESSION));
}

#[tokio::test]
async fn a_page_opens_twenty_frames_at_most() {
    let clients: String = (0..25)
        .map(|number| {
            let line = format!("frontchannel_logout_uri = 'http://127.0.0.1:9/bye/{number}'");
            registration(&format!("framed-{number:02}"), &line)
        })
        .collect();
    let provider = TestProvider::open_with(&clients, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let mut hint = Value::Null;
    for number in 0..25 {
        let client = registered(&provider, &format!("framed-{number:02}"));
        hint = tokens(&client, &mut browser).await["id_token"].clone();
    }
    let hint = hint.as_str().unwrap();
    let page = browser
        .get(url(&provider, &[("id_token_hint", hint)]))
        .await;
    assert_eq!(page.body.matches("<iframe").count(), 20);
    assert!(!page.body.contains("<script"), "there is nowhere to go on");
}

#[tokio::test]
async fn the_token_response_names_the_session_for_older_keycloaks() {
    let provider = TestProvider::open().await;
    let tokens = tokens_of(&provider, "keycloak").await;
    let sid = &claims(tokens["id_token"].as_str().unwrap())["sid"];
    assert_eq!(&tokens["session_state"], sid);
}

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
    assert_contains(&page, "已退出登录");
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
async fn clients_are_notified_when_a_hint_names_an_expired_session() {
    let listener = Listener::open().await;
    let provider = provider("", &registration("told", &listener.line())).await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    tokens(&registered(&provider, "told"), &mut browser).await;
    provider.advance(TimeDelta::hours(13));
    browser
        .get(logout_url(&provider, &[("id_token_hint", &hint)]))
        .await;
    assert_eq!(listener.told().len(), 1);
}

/// Posts `form` to `/logout` as a page at `origin` does.
async fn post_logout(
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

/// The browser sends no `SameSite=Lax` cookies with a form that another site posts. The provider
/// therefore answers with a page that posts the same form again from its own origin.
#[tokio::test]
async fn a_cross_site_post_is_posted_again_from_the_providers_own_page() {
    let provider = provider("", "").await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    let form = [
        ("id_token_hint", &*hint),
        ("client_id", "app"),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
        ("state", "s&\"t"),
        ("ui_locales", "en"),
    ];
    let page = post_logout(
        &provider,
        &mut Browser::new(),
        "http://other.example",
        &form,
    )
    .await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_contains(&page, "正在退出登录");
    let action = format!(
        "<form method=\"post\" action=\"{}\">",
        provider.at("/logout")
    );
    assert_contains(&page, &action);
    assert_contains(&page, "<button");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.set_cookies().is_empty());
    assert!(
        !page.body.contains(&format!("={hint}")),
        "the hint is in no URL"
    );
    assert_eq!(page.field("state"), "s&#38;&#34;t");
    let again = page.field("again");
    let mut form = form.to_vec();
    for (name, value) in form.iter().filter(|(name, _)| *name != "state") {
        assert_eq!(page.field(name), *value);
    }
    assert!(is_signed_in(&provider, &browser).await, "not yet");
    form.push(("again", &again));
    let answer = post_logout(&provider, &mut browser, "null", &form).await;
    assert_eq!(
        answer.location().as_str(),
        format!("{POST_LOGOUT_URI}&state=s%26%22t")
    );
    assert!(!is_signed_in(&provider, &browser).await);
}

/// The second post carries `again`, so that a browser without cookies does not loop.
#[tokio::test]
async fn a_browser_without_cookies_gets_the_repost_page_once() {
    let provider = provider("", "").await;
    let (browser, hint) = log_in_at_app(&provider).await;
    let mut without_cookies = Browser::new();
    for form in [&[][..], &[("client_id", "app")]] {
        let page = post_logout(&provider, &mut without_cookies, "null", form).await;
        let mut form = form.to_vec();
        let again = page.field("again");
        form.push(("again", &again));
        let answer = post_logout(&provider, &mut without_cookies, "null", &form).await;
        assert_contains(&answer, "已退出登录");
        assert!(answer.set_cookies().is_empty());
    }
    assert!(is_signed_in(&provider, &browser).await);
    let hinted = [("id_token_hint", &*hint), ("again", "1")];
    let answer = post_logout(&provider, &mut without_cookies, "null", &hinted).await;
    assert_contains(&answer, "已退出登录");
    assert!(
        !is_signed_in(&provider, &browser).await,
        "the hint's session"
    );
}

#[tokio::test]
async fn a_body_that_is_not_a_form_is_refused() {
    let provider = provider("", "").await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    for content_type in ["text/plain", "application/json", "multipart/form-data", ""] {
        let body = format!("id_token_hint={hint}");
        let build = |request: reqwest::RequestBuilder| {
            let request = request.header("origin", "null").body(body);
            if content_type.is_empty() {
                return request;
            }
            request.header("content-type", content_type)
        };
        let answer = browser
            .send(Method::POST, provider.at("/logout"), build)
            .await;
        assert_eq!(answer.status, 400, "{content_type}");
        assert_contains(&answer, "the body is not application/x-www-form-urlencoded");
        assert!(is_signed_in(&provider, &browser).await, "{content_type}");
    }
}

/// Keycloak's identity provider setting "Backchannel logout" sends such a GET, with a hint and a state.
#[tokio::test]
async fn a_server_to_server_request_with_a_hint_ends_the_session() {
    let provider = provider("", "").await;
    for (more, status) in [
        (None, 200),
        (Some(("post_logout_redirect_uri", POST_LOGOUT_URI)), 303),
    ] {
        let (browser, hint) = log_in_at_app(&provider).await;
        let parameters = [("state", "x"), ("id_token_hint", &hint)];
        let parameters: Vec<_> = parameters.into_iter().chain(more).collect();
        let answer = Browser::new().get(logout_url(&provider, &parameters)).await;
        assert_eq!(answer.status, status);
        assert!(!is_signed_in(&provider, &browser).await);
    }
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

/// keycloak/keycloak#45547: Keycloak shows an error if it is notified before the browser is back.
#[tokio::test]
async fn the_initiating_client_is_notified_after_a_delay_and_the_others_at_once() {
    let (initiator, other) = (Listener::open().await, Listener::open().await);
    let provider = provider(&initiator.line(), &registration("other", &other.line())).await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    tokens(&registered(&provider, "other"), &mut browser).await;
    let parameters = [
        ("id_token_hint", &*hint),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
    ];
    browser.get(logout_url(&provider, &parameters)).await;
    assert_eq!(
        other.told().len(),
        1,
        "notified before the browser got its response"
    );
    assert!(initiator.told().is_empty());
    provider.advance(TimeDelta::seconds(10));
    let notice = initiator.next_notice().await;
    let (token, hint) = (claims(notice.token()), claims(&hint));
    assert_eq!((&token["sid"], &token["sub"]), (&hint["sid"], &hint["sub"]));
    assert_eq!(token["iat"], 1_800_000_010);
}

#[tokio::test]
async fn the_initiating_client_is_notified_at_once_if_the_browser_does_not_return_to_it() {
    let initiator = Listener::open().await;
    let provider = provider(&initiator.line(), "").await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    browser
        .get(logout_url(&provider, &[("id_token_hint", &hint)]))
        .await;
    assert_eq!(initiator.told().len(), 1);
}

#[tokio::test]
async fn a_client_that_calls_server_to_server_is_notified_after_its_request() {
    let initiator = Listener::open().await;
    let provider = provider(&initiator.line(), "").await;
    let (_, hint) = log_in_at_app(&provider).await;
    let url = logout_url(&provider, &[("id_token_hint", &hint)]);
    Browser::new().get(url).await;
    assert!(initiator.told().is_empty());
    provider.advance(TimeDelta::seconds(10));
    initiator.next_notice().await;
}

#[tokio::test]
async fn frontchannel_logout_uris_are_loaded_in_frames_before_the_redirect() {
    let framed = "frontchannel_logout_uri = 'http://127.0.0.1:9/bye?a=1'\n";
    let provider = provider("", &registration("framed", framed)).await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    tokens(&registered(&provider, "framed"), &mut browser).await;
    let parameters = [
        ("id_token_hint", &*hint),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
        ("state", "\"><s>"),
    ];
    let page = browser.get(logout_url(&provider, &parameters)).await;
    assert_eq!(page.status, 200);
    let issuer = provider.issuer.replace(':', "%3A").replace('/', "%2F");
    let sid = claims(&hint)["sid"].as_str().unwrap().to_owned();
    let frame =
        format!("<iframe src=\"http://127.0.0.1:9/bye?a=1&#38;iss={issuer}&#38;sid={sid}\"");
    assert_contains(&page, &frame);
    assert_eq!(page.body.matches("<iframe").count(), 1);
    let redirect = format!("{POST_LOGOUT_URI}&#38;state=%22%3E%3Cs%3E");
    assert_contains(&page, &format!("data-onward=\"{redirect}\""));
    assert_contains(&page, &format!("href=\"{redirect}\""));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("; frame-src http://127.0.0.1:9"),
        "{policy}"
    );
    assert!(policy.contains("; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!browser.cookies.contains_key(SESSION_COOKIE));
}

#[tokio::test]
async fn a_page_loads_twenty_frames_at_most() {
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
        .get(logout_url(&provider, &[("id_token_hint", hint)]))
        .await;
    assert_eq!(page.body.matches("<iframe").count(), 20);
    assert!(
        !page.body.contains("<script"),
        "there is no redirect to follow"
    );
}

#[tokio::test]
async fn the_token_response_has_session_state_for_older_keycloaks() {
    let provider = TestProvider::open().await;
    let tokens = tokens_of(&provider, "keycloak").await;
    let sid = &claims(tokens["id_token"].as_str().unwrap())["sid"];
    assert_eq!(&tokens["session_state"], sid);
}

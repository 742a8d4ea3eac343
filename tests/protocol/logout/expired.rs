//! A logout after the session has expired, or after the browser was closed: what outlived it ends too.

use super::*;
use crate::support::app::RelyingParty;

/// Logs in at `client` with a refresh token that outlives the session.
async fn offline_tokens(client: &RelyingParty, browser: &mut Browser) -> Value {
    let url = client.authorize_url(&[("scope", "openid offline_access")]);
    let code = RelyingParty::code(&browser.get(url).await);
    client.redeem(&code).await.json()
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

async fn log_out(provider: &TestProvider, browser: &mut Browser) -> Answer {
    let page = browser.get(logout_url(provider, &[])).await;
    confirm(provider, browser, &page).await
}

#[tokio::test]
async fn a_logout_ends_what_outlived_an_expired_session() {
    let listener = Listener::open().await;
    let provider = provider(&listener.registration_line(), "").await;
    let app = registered(&provider, "app");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let tokens = offline_tokens(&app, &mut browser).await;
    provider.advance(TimeDelta::hours(13));
    let page = browser.get(logout_url(&provider, &[])).await;
    assert_contains(&page, "退出登录？");
    assert!(!page.body.contains("陈涛"), "somebody else may sit there");
    let answer = confirm(&provider, &mut browser, &page).await;
    assert_contains(&answer, "已退出登录");
    let refreshed = app.refresh(text(&tokens, "refresh_token")).await;
    assert_eq!(refreshed.json()["error"], "invalid_grant");
    assert_eq!(listener.notices().len(), 1);
    let again = browser.get(logout_url(&provider, &[])).await;
    assert_contains(&again, "您没有在这里登录");
}

#[tokio::test]
async fn a_logout_ends_the_expired_sessions_of_the_person_in_the_browser_too() {
    let listener = Listener::open().await;
    let provider = provider(&listener.registration_line(), "").await;
    let app = registered(&provider, "app");
    let mut browser = Browser::new();
    let launch = |ticket: &str| provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let first_launch = launch(&provider.portal.issue_ticket(CHEN_TAO));
    browser.get(&first_launch).await;
    let first = offline_tokens(&app, &mut browser).await;
    let elsewhere = offline_tokens(&app, &mut provider.signed_in(CHEN_TAO).await).await;
    provider.advance(TimeDelta::hours(13));
    let second_launch = launch(&provider.portal.issue_ticket(CHEN_TAO));
    browser.get(second_launch).await;
    let second = offline_tokens(&app, &mut browser).await;
    assert_contains(&log_out(&provider, &mut browser).await, "已退出登录");
    let notices = listener.notices().into_iter();
    let told: Vec<_> = notices
        .map(|notice| claims(notice.token())["sid"].clone())
        .collect();
    for tokens in [&first, &second] {
        let refreshed = app.refresh(text(tokens, "refresh_token")).await;
        assert_eq!(refreshed.json()["error"], "invalid_grant");
        let sid = claims(text(tokens, "id_token"))["sid"].clone();
        assert!(told.contains(&sid), "{sid} {told:?}");
    }
    let again = browser.get(&first_launch).await;
    assert_eq!(again.status, 403, "the ticket in the history");
    let other = app.refresh(text(&elsewhere, "refresh_token")).await;
    assert_eq!(other.status, 200, "another browser");
}

#[tokio::test]
async fn a_logout_after_the_browser_was_closed_ends_the_session() {
    let provider = provider("", "").await;
    let app = registered(&provider, "app");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let tokens = offline_tokens(&app, &mut browser).await;
    let open_before = browser.clone();
    browser.cookies.remove(SESSION_COOKIE);
    let from_app = [
        ("client_id", "app"),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
    ];
    let page = browser.get(logout_url(&provider, &from_app)).await;
    assert_contains(&page, "退出登录？");
    assert!(!page.body.contains("陈涛"), "somebody else may sit there");
    let answer = confirm(&provider, &mut browser, &page).await;
    assert_eq!(answer.location().as_str(), POST_LOGOUT_URI);
    let refreshed = app.refresh(text(&tokens, "refresh_token")).await;
    assert_eq!(refreshed.json()["error"], "invalid_grant");
    assert!(!is_signed_in(&provider, &open_before).await);
}

#[tokio::test]
async fn a_hint_for_an_expired_session_leaves_the_live_one_until_the_person_confirms() {
    let provider = provider("", "").await;
    let app = registered(&provider, "app");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let first = offline_tokens(&app, &mut browser).await;
    provider.advance(TimeDelta::hours(13));
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let second = offline_tokens(&app, &mut browser).await;
    let hint = [("id_token_hint", text(&first, "id_token"))];
    let page = browser.get(logout_url(&provider, &hint)).await;
    assert_contains(&page, "“陈涛”");
    let refreshed = app.refresh(text(&first, "refresh_token")).await;
    assert_eq!(refreshed.json()["error"], "invalid_grant");
    assert!(is_signed_in(&provider, &browser).await);
    let refreshed = app.refresh(text(&second, "refresh_token")).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
}

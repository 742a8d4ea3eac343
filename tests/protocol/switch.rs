//! Another person's ticket in somebody's browser: a question, unless the portal sent the click, and
//! the end of the session that was there (F5, F6, Back-Channel Logout 1.0).

use chrono::TimeDelta;
use serde_json::json;

use crate::kit::{registered, registration, tokens, verified};
use crate::support::app::{RelyingParty, claims, header};
use crate::support::browser::{Answer, Browser};
use crate::support::listener::Listener;
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

/// Launches grafana for `user` from the portal's own page.
async fn from_portal(provider: &TestProvider, browser: &mut Browser, user: u64) -> Answer {
    let ticket = provider.portal.issue_ticket(user);
    let url = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let referer = format!("{}menu", provider.portal.url());
    browser.get_from(url, &referer).await
}

async fn sub(provider: &TestProvider, browser: &mut Browser) -> Option<String> {
    let grafana = provider.client("grafana");
    let url = grafana.authorize_url(&[("prompt", "none")]);
    let code = browser.get(url).await.parameter("code")?;
    let tokens = grafana.redeem(&code).await.json();
    let claims = claims(tokens["id_token"].as_str().unwrap());
    claims["sub"].as_str().map(str::to_owned)
}

async fn says_yes(provider: &TestProvider, browser: &mut Browser) -> Answer {
    let page = browser.get(provider.at("/switch")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let confirmation = page.field("confirmation");
    browser
        .post(provider.at("/switch"), &[("confirmation", &confirmation)])
        .await
}

#[tokio::test]
async fn a_click_in_the_portal_switches_at_once() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let before = browser.cookies["panda-oidc-session"].clone();
    let answer = from_portal(&provider, &mut browser, HEI_LONG_JIANG).await;
    assert_eq!(answer.location().path(), "/login/generic_oauth");
    assert_ne!(browser.cookies["panda-oidc-session"], before);
    assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn f5_a_click_from_anywhere_else_is_asked_about_and_changes_nothing_yet() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    assert_eq!(answer.header("location"), provider.at("/switch"));
    let page = browser.get(answer.location()).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("切换为黑龙江？"), "{}", page.body);
    assert!(page.body.contains("“陈涛”"), "{}", page.body);
    assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_yes_switches_and_goes_where_the_click_led() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider
        .launch(&mut browser, "keycloak", HEI_LONG_JIANG)
        .await;
    let answer = says_yes(&provider, &mut browser).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location().path(), "/realms/broker/account");
    assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("2"));
    assert_eq!(provider.portal.calls().user_by_ticket, 2, "asked once each");
    let again = browser.get(provider.at("/switch")).await;
    assert_eq!(again.status, 410, "the question is answered");
}

#[tokio::test]
async fn a_no_leads_back_to_the_apps_of_whoever_is_there() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    let page = browser.get(provider.at("/switch")).await;
    let no = format!("href=\"{}\"", provider.at("/launch"));
    assert!(page.body.contains(&no), "{}", page.body);
    let apps = browser.get(provider.at("/launch")).await;
    assert!(apps.body.contains("陈涛，您已登录"), "{}", apps.body);
}

#[tokio::test]
async fn a_yes_counts_only_from_the_page_that_asked() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    for form in [
        vec![],
        vec![("confirmation", "")],
        vec![("confirmation", "x")],
    ] {
        let answer = browser.post(provider.at("/switch"), &form).await;
        assert_eq!(answer.status, 410);
    }
    assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn the_question_stands_for_five_minutes() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    let page = browser.get(provider.at("/switch")).await;
    let confirmation = page.field("confirmation");
    provider.advance(TimeDelta::minutes(5) + TimeDelta::milliseconds(1));
    let answer = browser
        .post(provider.at("/switch"), &[("confirmation", &confirmation)])
        .await;
    assert_eq!(answer.status, 410);
    assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn the_question_names_nobody_who_is_no_longer_signed_in() {
    let provider = TestProvider::open_with("[session]\nlifetime = '1m'\n", "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    provider.advance(TimeDelta::minutes(1));
    let page = browser.get(provider.at("/switch")).await;
    assert!(page.body.contains("之前的用户"), "{}", page.body);
    assert!(!page.body.contains("“”"), "{}", page.body);
    says_yes(&provider, &mut browser).await;
    assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn the_question_is_asked_in_the_language_of_the_request() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let url = provider
        .client("grafana")
        .authorize_url(&[("ticket", &ticket), ("ui_locales", "en")]);
    let asked = browser.get(url).await;
    let page = browser.get(asked.location()).await;
    assert!(
        page.body.contains("<h1>Switch to 黑龙江?</h1>"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn the_question_stays_out_of_frames() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    let page = browser.get(provider.at("/switch")).await;
    assert_eq!(page.header("x-frame-options"), "DENY");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[tokio::test]
async fn the_same_person_from_anywhere_is_not_asked() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_eq!(answer.location().path(), "/login/generic_oauth");
}

#[tokio::test]
async fn a_waiting_request_is_resumed_after_the_yes() {
    let provider = TestProvider::open().await;
    let keycloak = provider.client("keycloak");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::seconds(1));
    browser
        .get(keycloak.authorize_url(&[("prompt", "login")]))
        .await;
    provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    let answer = says_yes(&provider, &mut browser).await;
    let resumed = browser.get(answer.location()).await;
    let tokens = keycloak.redeem(&RelyingParty::code(&resumed)).await.json();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["sub"], "2");
}

#[tokio::test]
async fn a_ticket_on_an_authorization_request_is_asked_about_too() {
    let provider = TestProvider::open().await;
    let keycloak = provider.client("keycloak");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let url = keycloak.authorize_url(&[("ticket", &ticket)]);
    let asked = browser.get(url).await;
    assert_eq!(asked.header("location"), provider.at("/switch"));
    let answer = says_yes(&provider, &mut browser).await;
    let resumed = browser.get(answer.location()).await;
    let tokens = keycloak.redeem(&RelyingParty::code(&resumed)).await.json();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["sub"], "2");
    let silent = keycloak.authorize_url(&[
        ("ticket", &provider.portal.issue_ticket(CHEN_TAO)),
        ("prompt", "none"),
    ]);
    let refused = browser.get(silent).await;
    let error = refused.parameter("error");
    assert_eq!(error.as_deref(), Some("login_required"));
}

#[tokio::test]
async fn f6_the_apps_of_the_old_session_are_told_by_a_logout_token() {
    let app = Listener::open().await;
    let provider = TestProvider::open_with(&registration("app", &app.line()), "").await;
    let client = registered(&provider, "app");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let old = tokens(&client, &mut browser).await;
    let sid = claims(old["id_token"].as_str().unwrap())["sid"].clone();
    from_portal(&provider, &mut browser, HEI_LONG_JIANG).await;
    let told = app.told();
    assert_eq!(told.len(), 1, "before the browser was answered");
    let media_type = "application/x-www-form-urlencoded";
    assert_eq!(told[0].content_type, media_type, "§2.5");
    let token = told[0].token();
    assert_eq!(header(token)["typ"], "logout+jwt");
    let mut logout = verified(&provider, token).await;
    let jti = logout.as_object_mut().unwrap().remove("jti").unwrap();
    assert!(jti.as_str().unwrap().len() >= 22, "{jti}");
    // §2.4: all of these, and never a nonce.
    let expected = json!({
        "iss": provider.issuer, "sub": "1", "aud": "app", "sid": sid,
        "iat": 1_800_000_000, "exp": 1_800_000_120,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    assert_eq!(logout, expected);
}

#[tokio::test]
async fn n50_the_old_session_is_dead_before_the_new_one_is_seen() {
    let app = Listener::open().await;
    let provider = TestProvider::open_with(&registration("app", &app.line()), "").await;
    let client = registered(&provider, "app");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let old = tokens(&client, &mut browser).await;
    let unspent = client.login(&mut browser).await;
    let mut old_cookies = browser.clone();
    app.watch(&client, &old);
    from_portal(&provider, &mut browser, HEI_LONG_JIANG).await;
    assert_eq!(app.told()[0].old_token, Some(401), "dead while it is told");
    let redeemed = client.redeem(&unspent).await;
    assert_eq!(redeemed.json()["error"], "invalid_grant");
    assert_eq!(sub(&provider, &mut old_cookies).await, None);
    assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn the_logout_token_is_signed_as_the_clients_id_tokens_are() {
    let app = Listener::open().await;
    let registration = registration("app", &app.line()).replace(
        "backchannel",
        "id_token_signed_response_alg = 'ES256'\nbackchannel",
    );
    let provider = TestProvider::open_with(&registration, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    tokens(&registered(&provider, "app"), &mut browser).await;
    from_portal(&provider, &mut browser, HEI_LONG_JIANG).await;
    let told = app.told();
    assert_eq!(header(told[0].token())["alg"], "ES256");
    verified(&provider, told[0].token()).await;
}

#[tokio::test]
async fn an_app_that_was_not_in_the_session_hears_nothing_of_its_end() {
    let (app, other) = (Listener::open().await, Listener::open().await);
    let clients = registration("app", &app.line()) + &registration("other", &other.line());
    let provider = TestProvider::open_with(&clients, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    tokens(&registered(&provider, "app"), &mut browser).await;
    let mut elsewhere = provider.signed_in(CHEN_TAO).await;
    tokens(&registered(&provider, "other"), &mut elsewhere).await;
    from_portal(&provider, &mut browser, HEI_LONG_JIANG).await;
    assert_eq!((app.told().len(), other.told().len()), (1, 0));
    assert_eq!(sub(&provider, &mut elsewhere).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn an_app_that_is_gone_does_not_keep_the_next_person_out() {
    let gone = Listener::open().await;
    let provider = TestProvider::open_with(&registration("app", &gone.line()), "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    tokens(&registered(&provider, "app"), &mut browser).await;
    drop(gone);
    let answer = from_portal(&provider, &mut browser, HEI_LONG_JIANG).await;
    assert_eq!(answer.status, 303);
    assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("2"));
}

//! A ticket of another user in a browser with a session. The user must confirm the switch, unless the
//! click came from the portal: a link from elsewhere may be a login CSRF. The switch ends the old
//! session and notifies its clients (Back-Channel Logout 1.0).

use chrono::TimeDelta;
use serde_json::json;

use crate::kit::{registered, registration, tokens, verified};
use crate::support::app::{RelyingParty, claims, header};
use crate::support::browser::{Answer, Browser};
use crate::support::listener::Listener;
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

/// Launches grafana for `user` from the portal's own page.
pub async fn launch_from_portal(
    provider: &TestProvider,
    browser: &mut Browser,
    user: u64,
) -> Answer {
    let ticket = provider.portal.issue_ticket(user);
    let url = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let referer = format!("{}menu", provider.portal.url());
    browser.get_from(url, &referer).await
}

/// The user whom the browser's session names to Grafana.
pub async fn sub(provider: &TestProvider, browser: &mut Browser) -> Option<String> {
    let grafana = provider.client("grafana");
    let url = grafana.authorize_url(&[("prompt", "none")]);
    let code = browser.get(url).await.parameter("code")?;
    let tokens = grafana.redeem(&code).await.json();
    let claims = claims(tokens["id_token"].as_str().unwrap());
    claims["sub"].as_str().map(str::to_owned)
}

/// Opens the question and says yes.
pub async fn confirm_switch(provider: &TestProvider, browser: &mut Browser) -> Answer {
    let page = browser.get(provider.at("/switch")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let confirmation = page.field("confirmation");
    browser
        .post(provider.at("/switch"), &[("confirmation", &confirmation)])
        .await
}

/// 陈涛's browser, in which 黑龙江 has launched Grafana: the switch waits for a confirmation.
async fn pending_switch(provider: &TestProvider) -> Browser {
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    browser
}

/// People reach the portal under its IP address, a name, a VPN.
#[tokio::test]
async fn a_click_in_the_portal_under_any_of_its_origins_switches_at_once() {
    let origins = "portal_origins = ['http://portal.local', 'https://10.8.0.1:8443']";
    let provider = TestProvider::open_with("", origins).await;
    for (referer, status) in [
        ("http://portal.local/menu", "http://127.0.0.1:3000"),
        ("https://10.8.0.1:8443/", "http://127.0.0.1:3000"),
        ("https://portal.local/", "switch"),
        ("https://10.8.0.1/", "switch"),
    ] {
        let mut browser = Browser::new();
        provider.launch(&mut browser, "grafana", CHEN_TAO).await;
        let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
        let url = provider.at(&format!("/launch/grafana?ticket={ticket}"));
        let answer = browser.get_from(url, referer).await;
        let location = answer.location().to_string();
        assert!(location.contains(status), "{referer}: {location}");
    }
    let page = Browser::new().get(provider.at("/launch")).await;
    let policy = page.header("content-security-policy");
    for origin in ["http://portal.local", "https://10.8.0.1:8443"] {
        assert!(policy.contains(origin), "{policy}");
    }
}

#[tokio::test]
async fn a_click_in_the_portal_switches_at_once() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let before = browser.cookies["panda-oidc-session"].clone();
    let answer = launch_from_portal(&provider, &mut browser, HEI_LONG_JIANG).await;
    assert_eq!(answer.location().path(), "/login/generic_oauth");
    assert_ne!(browser.cookies["panda-oidc-session"], before);
    assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn f5_a_click_from_elsewhere_must_be_confirmed_and_changes_nothing_yet() {
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
async fn a_confirmed_switch_continues_to_the_launched_client() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider
        .launch(&mut browser, "keycloak", HEI_LONG_JIANG)
        .await;
    let answer = confirm_switch(&provider, &mut browser).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location().path(), "/realms/broker/account");
    assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("2"));
    assert_eq!(
        provider.portal.calls().user_by_ticket,
        2,
        "each ticket was validated once"
    );
    let again = browser.get(provider.at("/switch")).await;
    assert_eq!(again.status, 410, "the switch is done already");
}

#[tokio::test]
async fn declining_leads_back_to_the_apps_of_the_current_user() {
    let provider = TestProvider::open().await;
    let mut browser = pending_switch(&provider).await;
    let page = browser.get(provider.at("/switch")).await;
    let no = format!("href=\"{}\"", provider.at("/launch"));
    assert!(page.body.contains(&no), "{}", page.body);
    let apps = browser.get(provider.at("/launch")).await;
    assert!(apps.body.contains("陈涛，您已登录"), "{}", apps.body);
}

#[tokio::test]
async fn a_switch_needs_the_confirmation_value_of_the_page() {
    let provider = TestProvider::open().await;
    let mut browser = pending_switch(&provider).await;
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
async fn the_confirmation_expires_after_five_minutes() {
    let provider = TestProvider::open().await;
    let mut browser = pending_switch(&provider).await;
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
async fn the_confirmation_does_not_name_a_user_whose_session_expired() {
    let provider = TestProvider::open_with("[session]\nlifetime = '1m'\n", "").await;
    let mut browser = pending_switch(&provider).await;
    provider.advance(TimeDelta::minutes(1));
    let page = browser.get(provider.at("/switch")).await;
    assert!(page.body.contains("之前的用户"), "{}", page.body);
    assert!(!page.body.contains("“”"), "{}", page.body);
    confirm_switch(&provider, &mut browser).await;
    assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn the_confirmation_uses_the_ui_locales_of_the_request() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let url = provider
        .client("grafana")
        .authorize_url(&[("ticket", &ticket), ("ui_locales", "en")]);
    let redirect = browser.get(url).await;
    let page = browser.get(redirect.location()).await;
    assert!(
        page.body.contains("<h1>Switch to 黑龙江?</h1>"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn the_confirmation_cannot_be_framed() {
    let provider = TestProvider::open().await;
    let mut browser = pending_switch(&provider).await;
    let page = browser.get(provider.at("/switch")).await;
    assert_eq!(page.header("x-frame-options"), "DENY");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[tokio::test]
async fn a_ticket_of_the_same_user_needs_no_confirmation() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_eq!(answer.location().path(), "/login/generic_oauth");
}

#[tokio::test]
async fn a_pending_request_is_resumed_after_the_confirmation() {
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
    let answer = confirm_switch(&provider, &mut browser).await;
    let resumed = browser.get(answer.location()).await;
    let tokens = keycloak.redeem(&RelyingParty::code(&resumed)).await.json();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["sub"], "2");
}

#[tokio::test]
async fn a_ticket_on_an_authorization_request_must_be_confirmed_too() {
    let provider = TestProvider::open().await;
    let keycloak = provider.client("keycloak");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let url = keycloak.authorize_url(&[("ticket", &ticket)]);
    let redirect = browser.get(url).await;
    assert_eq!(redirect.header("location"), provider.at("/switch"));
    let answer = confirm_switch(&provider, &mut browser).await;
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
async fn f6_the_clients_of_the_old_session_get_a_logout_token() {
    let app = Listener::open().await;
    let provider =
        TestProvider::open_with(&registration("app", &app.registration_line()), "").await;
    let client = registered(&provider, "app");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let old = tokens(&client, &mut browser).await;
    let sid = claims(old["id_token"].as_str().unwrap())["sid"].clone();
    launch_from_portal(&provider, &mut browser, HEI_LONG_JIANG).await;
    let notices = app.notices();
    assert_eq!(
        notices.len(),
        1,
        "notified before the browser got its response"
    );
    let media_type = "application/x-www-form-urlencoded";
    assert_eq!(notices[0].content_type, media_type, "§2.5");
    let token = notices[0].token();
    assert_eq!(header(token)["typ"], "logout+jwt");
    let mut logout = verified(&provider, token).await;
    let jti = logout.as_object_mut().unwrap().remove("jti").unwrap();
    assert!(jti.as_str().unwrap().len() >= 22, "{jti}");
    // Back-Channel Logout §2.4: all of these claims, and never a nonce.
    let expected = json!({
        "iss": provider.issuer, "sub": "1", "aud": "app", "sid": sid,
        "iat": 1_800_000_000, "exp": 1_800_000_120,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    assert_eq!(logout, expected);
}

#[tokio::test]
async fn n50_the_old_session_ends_before_the_browser_gets_the_new_one() {
    let app = Listener::open().await;
    let provider =
        TestProvider::open_with(&registration("app", &app.registration_line()), "").await;
    let client = registered(&provider, "app");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let old = tokens(&client, &mut browser).await;
    let unspent = client.login(&mut browser).await;
    let mut old_cookies = browser.clone();
    app.watch(&client, &old);
    launch_from_portal(&provider, &mut browser, HEI_LONG_JIANG).await;
    assert_eq!(
        app.notices()[0].old_token,
        Some(401),
        "the old token is dead when the notice arrives"
    );
    let redeemed = client.redeem(&unspent).await;
    assert_eq!(redeemed.json()["error"], "invalid_grant");
    assert_eq!(sub(&provider, &mut old_cookies).await, None);
    assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn the_logout_token_has_the_algorithm_of_the_clients_id_tokens() {
    let app = Listener::open().await;
    let registration = registration("app", &app.registration_line()).replace(
        "backchannel",
        "id_token_signed_response_alg = 'ES256'\nbackchannel",
    );
    let provider = TestProvider::open_with(&registration, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    tokens(&registered(&provider, "app"), &mut browser).await;
    launch_from_portal(&provider, &mut browser, HEI_LONG_JIANG).await;
    let notices = app.notices();
    assert_eq!(header(notices[0].token())["alg"], "ES256");
    verified(&provider, notices[0].token()).await;
}

#[tokio::test]
async fn a_client_without_tokens_of_the_session_is_not_notified() {
    let (app, other) = (Listener::open().await, Listener::open().await);
    let clients = registration("app", &app.registration_line())
        + &registration("other", &other.registration_line());
    let provider = TestProvider::open_with(&clients, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    tokens(&registered(&provider, "app"), &mut browser).await;
    let mut other_browser = provider.signed_in(CHEN_TAO).await;
    tokens(&registered(&provider, "other"), &mut other_browser).await;
    launch_from_portal(&provider, &mut browser, HEI_LONG_JIANG).await;
    assert_eq!((app.notices().len(), other.notices().len()), (1, 0));
    assert_eq!(
        sub(&provider, &mut other_browser).await.as_deref(),
        Some("1")
    );
}

#[tokio::test]
async fn an_unreachable_client_does_not_prevent_the_switch() {
    let listener = Listener::open().await;
    let provider =
        TestProvider::open_with(&registration("app", &listener.registration_line()), "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    tokens(&registered(&provider, "app"), &mut browser).await;
    drop(listener);
    let answer = launch_from_portal(&provider, &mut browser, HEI_LONG_JIANG).await;
    assert_eq!(answer.status, 303);
    assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_silent_request_makes_its_browser_the_owner_of_another_users_ticket() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    // Without its own cookie the browser gets a new identifier, under which it owns the ticket.
    browser.cookies.remove("panda-oidc-browser");
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let silent = provider
        .client("grafana")
        .authorize_url(&[("ticket", &ticket), ("prompt", "none")]);
    let refused = browser.get(silent).await;
    let error = refused.parameter("error");
    assert_eq!(error.as_deref(), Some("login_required"));
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    assert_eq!(Browser::new().get(&launch).await.status, 403);
    let launched = browser.get(launch).await;
    assert_eq!(launched.location().path(), "/switch");
}

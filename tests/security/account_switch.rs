//! The confirmation before another user takes over a browser (N62, N63, docs/security.md), and the
//! logout notices to the previous user's clients.

use chrono::TimeDelta;
use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::app::claims;
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{BROWSER, SESSION, SWITCH, access_token, assert_error_page, user_of};

/// 陈涛's browser after a link from outside the portal brought a ticket of 黑龙江, and the page that
/// asks for confirmation.
async fn open_confirmation(provider: &TestProvider) -> (Browser, Answer) {
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    assert_eq!(answer.location().as_str(), provider.at("/switch"));
    let page = browser.get(provider.at("/switch")).await;
    assert_eq!(page.status, 200);
    (browser, page)
}

#[tokio::test]
async fn n63_a_link_with_another_users_ticket_changes_nothing_before_confirmation() {
    let provider = TestProvider::open().await;
    let (mut browser, page) = open_confirmation(&provider).await;
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
    assert!(page.body.contains("陈涛") && page.body.contains("黑龙江"));
    assert_eq!(page.header("x-frame-options"), "DENY");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");

    let old_handle = browser.cookies[SESSION].clone();
    let confirmation = [("confirmation", page.field("confirmation"))];
    let form = [(confirmation[0].0, confirmation[0].1.as_str())];
    let answer = browser.post(provider.at("/switch"), &form).await;
    assert_eq!(answer.location().port(), Some(3000));
    assert_ne!(browser.cookies[SESSION], old_handle);
    assert!(!browser.cookies.contains_key(SWITCH));
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn n63_an_operator_may_let_no_click_skip_the_confirmation() {
    let always = "[session]\nconfirm_account_switch = 'always'\n";
    let provider = TestProvider::open_with(always, "").await;
    let portal = provider.portal.url().to_string();
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let answer = browser.get_from(launch, &portal).await;
    assert_eq!(answer.location().as_str(), provider.at("/switch"));
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn n63_only_a_click_in_the_portal_skips_the_confirmation() {
    let provider = TestProvider::open().await;
    let portal = provider.portal.url().to_string();
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let host = portal
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    for referer in [
        "http://evil.com/".to_owned(),
        format!("http://evil.com/?{portal}"),
        format!("http://evil.com/#{portal}"),
        format!("http://{host}.evil.com/"),
        format!("http://{host}@evil.com/"),
        format!("https://{host}/"),
        format!("http://127.0.0.1:1/{host}"),
        provider.at("/"),
        "null".to_owned(),
        String::new(),
    ] {
        let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
        let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
        let answer = browser.get_from(launch, &referer).await;
        assert_eq!(
            answer.location().as_str(),
            provider.at("/switch"),
            "{referer}"
        );
    }
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let origin = browser
        .send(Method::GET, launch, |request| {
            request.header("origin", &portal)
        })
        .await;
    assert_eq!(origin.location().as_str(), provider.at("/switch"));
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn n63_a_confirmation_that_is_not_from_our_page_is_refused() {
    let provider = TestProvider::open().await;
    let (mut browser, page) = open_confirmation(&provider).await;
    let valid = page.field("confirmation");
    for confirmation in ["", "x", &valid[1..], &valid.to_uppercase(), &"A".repeat(43)] {
        let forged = [("confirmation", confirmation)];
        let answer = browser.post(provider.at("/switch"), &forged).await;
        assert_error_page(&answer, 410, confirmation);
    }
    let query = format!("{}?confirmation={valid}", provider.at("/switch"));
    assert_error_page(&browser.post(&query, &[]).await, 410, "in the query");
    let got = browser.get(&query).await;
    assert_eq!(got.status, 200, "a GET only shows the confirmation page");
    let json = browser
        .send(Method::POST, provider.at("/switch"), |request| {
            let body = format!("{{\"confirmation\":\"{valid}\"}}");
            request
                .header("content-type", "application/json")
                .body(body)
        })
        .await;
    assert_error_page(&json, 410, "JSON");
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn n63_a_confirmation_is_bound_to_its_browser() {
    let provider = TestProvider::open().await;
    let (attacker, page) = open_confirmation(&provider).await;
    let valid = page.field("confirmation");
    let form = [("confirmation", valid.as_str())];

    let mut without_cookies = Browser::new();
    assert_error_page(
        &without_cookies.post(provider.at("/switch"), &form).await,
        410,
        "no cookie",
    );
    let mut victim = provider.signed_in(3).await;
    let sealed = attacker.cookies[SWITCH].clone();
    victim.cookies.insert(SWITCH.to_owned(), sealed.clone());
    assert_error_page(
        &victim.post(provider.at("/switch"), &form).await,
        410,
        "another browser's",
    );
    victim.cookies.remove(BROWSER);
    assert_error_page(
        &victim.post(provider.at("/switch"), &form).await,
        410,
        "no browser at all",
    );
    assert_eq!(user_of(&provider, &mut victim).await.as_deref(), Some("3"));

    let mut browser = attacker.clone();
    for altered in [&sealed[1..], &sealed[..sealed.len() - 2], &sealed[..20], ""] {
        browser
            .cookies
            .insert(SWITCH.to_owned(), altered.to_owned());
        assert_error_page(
            &browser.post(provider.at("/switch"), &form).await,
            410,
            altered,
        );
    }
    let sealed_switch = attacker.cookies[SWITCH].clone();
    browser
        .cookies
        .insert("panda-oidc-parked-switch".to_owned(), sealed_switch);
    assert_error_page(
        &browser.get(provider.at("/resume/switch")).await,
        410,
        "as a parked request",
    );
}

#[tokio::test]
async fn n63_a_confirmation_page_expires_after_five_minutes() {
    let provider = TestProvider::open().await;
    let (mut browser, page) = open_confirmation(&provider).await;
    let valid = page.field("confirmation");
    provider.advance(TimeDelta::minutes(5) + TimeDelta::seconds(1));
    let late = browser
        .post(provider.at("/switch"), &[("confirmation", &valid)])
        .await;
    assert_error_page(&late, 410, "late");
}

#[tokio::test]
async fn n62_n63_a_saved_confirmation_cannot_be_replayed() {
    let provider = TestProvider::open().await;
    let (mut browser, page) = open_confirmation(&provider).await;
    let valid = page.field("confirmation");
    let saved_cookie = browser.cookies[SWITCH].clone();
    browser
        .post(provider.at("/switch"), &[("confirmation", &valid)])
        .await;
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("2"));

    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    browser
        .get_from(launch, provider.portal.url().as_str())
        .await;
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
    browser.cookies.insert(SWITCH.to_owned(), saved_cookie);
    let replayed = browser
        .post(provider.at("/switch"), &[("confirmation", &valid)])
        .await;
    assert_error_page(&replayed, 403, "replayed");
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
}

/// A form posted by another site carries no `SameSite=Lax` cookies, but the browser keeps the cookies
/// of the response. A ticket in such a form must not sign anybody in: the provider does not see the
/// user's session and so cannot ask for confirmation.
#[tokio::test]
async fn n63_a_cross_site_form_cannot_bypass_the_confirmation() {
    let provider = TestProvider::open().await;
    let mut victim = provider.signed_in(CHEN_TAO).await;
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let url = provider.client("grafana").authorize_url(&[]);
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut form: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    form.push(("ticket", &ticket));
    let mut cross_site = Browser::new();
    let answer = cross_site.post(provider.at("/authorize"), &form).await;
    assert!(!answer.location().as_str().contains(&ticket));
    victim.cookies.extend(cross_site.cookies);
    assert_eq!(user_of(&provider, &mut victim).await.as_deref(), Some("1"));
    assert_eq!(
        provider.portal.calls().user_by_ticket,
        1,
        "the victim's own launch"
    );
}

#[tokio::test]
async fn f6_clients_of_the_previous_user_are_notified_before_the_next_is_signed_in() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let app = format!(
        "[[clients]]\nclient_id = 'told'\nclient_secret = 'told-secret-0123456789'\n\
         redirect_uris = ['http://127.0.0.1:9/cb']\nbackchannel_logout_uri = 'http://{at}/logout'\n"
    );
    let provider = TestProvider::open_with(&app, "").await;
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !is_complete(&request) {
            stream.read_buf(&mut request).await.unwrap();
        }
        sender.send(String::from_utf8(request).unwrap()).unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
    });
    let mut client = provider.client("grafana");
    client.client_id = "told".to_owned();
    client.client_secret = Some("told-secret-0123456789".to_owned());
    client.redirect_uri = "http://127.0.0.1:9/cb".to_owned();
    let mut browser = provider.signed_in(CHEN_TAO).await;
    access_token(&client, &mut browser).await;

    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    browser
        .get_from(launch, provider.portal.url().as_str())
        .await;
    let request = receiver
        .try_recv()
        .expect("the client was notified before the browser got its response");
    let token = request.split("logout_token=").nth(1).unwrap();
    let logout = claims(token);
    assert_eq!(
        (&logout["sub"], &logout["aud"]),
        (&"1".into(), &"told".into())
    );
    assert!(logout["nonce"].is_null());
}

/// Whether `request` is a complete HTTP request.
fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.split("content-length: ").nth(1).unwrap();
    body.len() >= length.lines().next().unwrap().parse().unwrap()
}

//! The barrier before another user takes over a browser: F5, F6, N63.

use chrono::TimeDelta;
use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::app::claims;
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{BROWSER, SESSION, SWITCH, access_token, refused, who};

/// 陈涛's browser, in which a ticket of 黑龙江's was brought by a link nobody vouches for.
async fn asked(provider: &TestProvider) -> (Browser, Answer) {
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
async fn n63_a_link_with_a_ticket_of_another_user_changes_nothing_before_the_yes() {
    let provider = TestProvider::open().await;
    let (mut browser, page) = asked(&provider).await;
    assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("1"));
    assert!(page.body.contains("陈涛") && page.body.contains("黑龙江"));
    assert_eq!(page.header("x-frame-options"), "DENY");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");

    let before = browser.cookies[SESSION].clone();
    let confirmation = [("confirmation", page.field("confirmation"))];
    let yes = [(confirmation[0].0, confirmation[0].1.as_str())];
    let answer = browser.post(provider.at("/switch"), &yes).await;
    assert_eq!(answer.location().port(), Some(3000));
    assert_ne!(browser.cookies[SESSION], before);
    assert!(!browser.cookies.contains_key(SWITCH));
    assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn n63_only_the_portals_own_page_makes_the_question_needless() {
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
    assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn n63_a_yes_that_does_not_come_from_our_page_is_none() {
    let provider = TestProvider::open().await;
    let (mut browser, page) = asked(&provider).await;
    let good = page.field("confirmation");
    for confirmation in ["", "x", &good[1..], &good.to_uppercase(), &"A".repeat(43)] {
        let forged = [("confirmation", confirmation)];
        let answer = browser.post(provider.at("/switch"), &forged).await;
        refused(&answer, 410, confirmation);
    }
    let query = format!("{}?confirmation={good}", provider.at("/switch"));
    refused(&browser.post(&query, &[]).await, 410, "in the query");
    let got = browser.get(&query).await;
    assert_eq!(got.status, 200, "a GET only asks");
    let json = browser
        .send(Method::POST, provider.at("/switch"), |request| {
            let body = format!("{{\"confirmation\":\"{good}\"}}");
            request
                .header("content-type", "application/json")
                .body(body)
        })
        .await;
    refused(&json, 410, "JSON");
    assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn n63_a_question_belongs_to_the_browser_it_was_asked_in() {
    let provider = TestProvider::open().await;
    let (attacker, page) = asked(&provider).await;
    let good = page.field("confirmation");
    let yes = [("confirmation", good.as_str())];

    let mut bare = Browser::new();
    refused(
        &bare.post(provider.at("/switch"), &yes).await,
        410,
        "no cookie",
    );
    let mut victim = provider.signed_in(3).await;
    let sealed = attacker.cookies[SWITCH].clone();
    victim.cookies.insert(SWITCH.to_owned(), sealed.clone());
    refused(
        &victim.post(provider.at("/switch"), &yes).await,
        410,
        "another browser's",
    );
    victim.cookies.remove(BROWSER);
    refused(
        &victim.post(provider.at("/switch"), &yes).await,
        410,
        "no browser at all",
    );
    assert_eq!(who(&provider, &mut victim).await.as_deref(), Some("3"));

    let mut browser = attacker.clone();
    for spoilt in [&sealed[1..], &sealed[..sealed.len() - 2], &sealed[..20], ""] {
        browser.cookies.insert(SWITCH.to_owned(), spoilt.to_owned());
        refused(
            &browser.post(provider.at("/switch"), &yes).await,
            410,
            spoilt,
        );
    }
    let parked = attacker.cookies[SWITCH].clone();
    browser
        .cookies
        .insert("panda-oidc-parked-switch".to_owned(), parked);
    refused(
        &browser.get(provider.at("/resume/switch")).await,
        410,
        "as a parked request",
    );
}

#[tokio::test]
async fn n63_a_question_stands_five_minutes() {
    let provider = TestProvider::open().await;
    let (mut browser, page) = asked(&provider).await;
    let good = page.field("confirmation");
    provider.advance(TimeDelta::minutes(5) + TimeDelta::seconds(1));
    let late = browser
        .post(provider.at("/switch"), &[("confirmation", &good)])
        .await;
    refused(&late, 410, "late");
}

#[tokio::test]
async fn n62_n63_a_yes_that_is_kept_for_later_brings_nobody_back() {
    let provider = TestProvider::open().await;
    let (mut browser, page) = asked(&provider).await;
    let good = page.field("confirmation");
    let kept = browser.cookies[SWITCH].clone();
    browser
        .post(provider.at("/switch"), &[("confirmation", &good)])
        .await;
    assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("2"));

    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    browser
        .get_from(launch, provider.portal.url().as_str())
        .await;
    assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("1"));
    browser.cookies.insert(SWITCH.to_owned(), kept);
    let replayed = browser
        .post(provider.at("/switch"), &[("confirmation", &good)])
        .await;
    refused(&replayed, 403, "replayed");
    assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("1"));
}

/// A form on another site brings no `SameSite=Lax` cookies, yet what it is answered with is kept:
/// the ticket in it must not sign anybody in, since nobody could be asked.
#[tokio::test]
async fn n63_a_form_of_another_site_slips_no_ticket_past_the_question() {
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
    assert_eq!(who(&provider, &mut victim).await.as_deref(), Some("1"));
    assert_eq!(
        provider.portal.calls().user_by_ticket,
        1,
        "the victim's own launch"
    );
}

#[tokio::test]
async fn f6_the_clients_of_the_last_user_are_told_before_the_next_is_let_in() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let app = format!(
        "[[clients]]\nclient_id = 'told'\nclient_secret = 'told-secret-0123456789'\n\
         redirect_uris = ['http://127.0.0.1:9/cb']\nbackchannel_logout_uri = 'http://{at}/logout'\n"
    );
    let provider = TestProvider::open_with(&app, "").await;
    let (told, mut hears) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !is_whole(&request) {
            stream.read_buf(&mut request).await.unwrap();
        }
        told.send(String::from_utf8(request).unwrap()).unwrap();
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
    let request = hears
        .try_recv()
        .expect("it was told before the browser was answered");
    let token = request.split("logout_token=").nth(1).unwrap();
    let logout = claims(token);
    assert_eq!(
        (&logout["sub"], &logout["aud"]),
        (&"1".into(), &"told".into())
    );
    assert!(logout["nonce"].is_null());
}

/// Whether an HTTP request has arrived up to its last byte.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.split("content-length: ").nth(1).unwrap();
    body.len() >= length.lines().next().unwrap().parse().unwrap()
}

//! No page is shown at a URL that holds a ticket: it would stay in the address bar, the history and the
//! `Referer`, and might still be valid.

use chrono::TimeDelta;
use panda_oidc_panda::simulator::Fault;
use reqwest::Method;
use url::Url;

use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

/// Opens `path` as a browser does, following the redirects of the provider. Panics if a page is shown at a
/// URL that holds `ticket`, or if a redirect or a page holds it.
async fn open(provider: &TestProvider, browser: &mut Browser, path: &str, ticket: &str) -> Answer {
    let mut url = Url::parse(&provider.at(&path.replace("TICKET", ticket))).unwrap();
    for _ in 0..5 {
        let answer = browser
            .send_once(Method::GET, &url, |request| request)
            .await;
        assert!(!answer.body.contains(ticket), "{path}: {}", answer.body);
        for (name, value) in &answer.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            assert!(!value.contains(ticket), "{path}: {name}: {value}");
        }
        if !answer.status.is_redirection() {
            assert!(!url.as_str().contains(ticket), "{path} is shown at {url}");
            return answer;
        }
        url = answer.location();
        if !url.as_str().starts_with(&provider.issuer) {
            return answer;
        }
    }
    panic!("{path} goes round at {url}");
}

#[tokio::test]
async fn a_page_is_shown_at_a_url_without_the_ticket() {
    let provider = TestProvider::open().await;
    let authorize = provider.client("grafana").authorize_url(&[]).to_string();
    let authorize = authorize.strip_prefix(&provider.issuer).unwrap();
    let refused = provider
        .client("grafana")
        .authorize_url(&[("redirect_uri", "http://127.0.0.1:3000/other")])
        .to_string();
    let refused = refused.strip_prefix(&provider.issuer).unwrap();
    for (path, status) in [
        ("/launch/grafana?ticket=TICKET".to_owned(), 403),
        ("/launch/grafana/d/x?kiosk&ticket=TICKET".to_owned(), 403),
        ("/launch?ticket=TICKET".to_owned(), 403),
        ("/launch/grafana?ticket=TICKET&ticket=other".to_owned(), 400),
        ("/launch/nobody?ticket=TICKET".to_owned(), 404),
        ("/launch/keycloak/x?ticket=TICKET".to_owned(), 404),
        ("/launch/grafana/../x?ticket=TICKET".to_owned(), 404),
        (format!("{authorize}&ticket=TICKET"), 403),
        (format!("{refused}&ticket=TICKET"), 400),
        ("/logout?ticket=TICKET".to_owned(), 200),
        ("/logout?client_id=nobody&ticket=TICKET".to_owned(), 400),
        ("/launch/grafana?Ticket=TICKET".to_owned(), 200),
        ("/launch?ticket[]=TICKET&kiosk".to_owned(), 200),
        (format!("{authorize}&Ticket=TICKET"), 200),
        ("/switch?ticket=TICKET".to_owned(), 410),
        ("/resume/x?ticket=TICKET".to_owned(), 410),
        ("/resume/x&ticket=TICKET".to_owned(), 410),
        ("/nowhere?ticket=TICKET".to_owned(), 404),
        ("/nowhere;ticket=TICKET".to_owned(), 404),
    ] {
        let answer = open(&provider, &mut Browser::new(), &path, "unknown-ticket-1").await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn a_code_is_posted_from_a_url_without_the_ticket() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let parameters = [("response_mode", "form_post"), ("ticket", ticket.as_str())];
    let url = provider.client("grafana").authorize_url(&parameters);
    let mut browser = Browser::new();
    let answer = browser.get(url).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = browser.get(answer.location()).await;
    assert_eq!(page.status, 200);
    assert!(!page.url.as_str().contains(&ticket));
    assert!(!page.field("code").is_empty() && !page.body.contains(&ticket));
}

#[tokio::test]
async fn a_form_that_is_posted_to_a_menu_url_leads_to_it_without_the_ticket() {
    let provider = TestProvider::open().await;
    for (path, clean) in [
        ("/launch/grafana?ticket=T-1", "/launch/grafana"),
        ("/launch?a=1&ticket=T-1", "/launch?a=1"),
    ] {
        let url = provider.at(path);
        let answer = Browser::new()
            .send_once(Method::POST, &url, |request| request)
            .await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        assert_eq!(answer.location().as_str(), provider.at(clean));
    }
    let url = provider.at("/launch/grafana");
    let answer = Browser::new()
        .send_once(Method::POST, &url, |request| request)
        .await;
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn a_form_that_is_posted_with_a_ticket_in_the_url_is_sent_again_without_it() {
    let provider = TestProvider::open().await;
    for (path, status) in [
        ("/authorize", 303),
        ("/logout", 200),
        ("/logout/confirm", 410),
        ("/switch", 410),
    ] {
        let mut browser = Browser::new();
        let form = [("client_id", "nobody"), ("ui_locales", "en")];
        let url = provider.at(&format!("{path}?ticket=T-1&a=1"));
        let answer = browser
            .send_once(Method::POST, &url, |request| request.form(&form))
            .await;
        assert_eq!(answer.status, 307, "{path}: {}", answer.body);
        let clean = answer.location();
        assert_eq!(clean.as_str(), provider.at(&format!("{path}?a=1")));
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        let answer = browser
            .send_once(Method::POST, &clean, |request| request.form(&form))
            .await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn the_page_after_a_failed_launch_names_the_reason_in_the_language_of_the_launch() {
    let provider = TestProvider::open().await;
    let page = open(
        &provider,
        &mut Browser::new(),
        "/launch/grafana?ui_locales=en&ticket=TICKET",
        "unknown-ticket-1",
    )
    .await;
    assert!(
        page.body.contains("Your login has expired"),
        "{}",
        page.body
    );
    assert!(page.body.contains("<html lang=\"en\""), "{}", page.body);
    assert!(!page.body.contains("/retry"), "the portal has refused it");
}

#[tokio::test]
async fn after_an_outage_the_person_tries_again_without_the_ticket_in_the_url() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    provider.portal.set_fault(Fault::Dead).await;
    let launch = "/launch/grafana/d/x?kiosk&ticket=TICKET";
    let page = open(&provider, &mut browser, launch, &ticket).await;
    assert_eq!(page.status, 503);
    assert_eq!(page.header("retry-after"), "10");
    let retry = provider.at("/retry");
    assert!(page.body.contains(&retry), "{}", page.body);
    for (name, value) in &browser.cookies {
        assert!(!value.contains(&ticket), "{name}");
    }
    // Still down: the person can try once more.
    let page = open(&provider, &mut browser, "/retry", &ticket).await;
    assert_eq!(page.status, 503);
    provider.portal.set_fault(Fault::Healthy).await;
    provider.advance(TimeDelta::minutes(1));
    let answer = open(&provider, &mut browser, "/retry", &ticket).await;
    assert_eq!(
        answer.location().path(),
        "/login/generic_oauth",
        "{}",
        answer.body
    );
    assert_eq!(
        answer.parameter("target_link_uri").as_deref(),
        Some("http://127.0.0.1:3000/d/x?kiosk")
    );
    assert!(browser.cookies.contains_key("panda-oidc-session"));
    assert!(!browser.cookies.keys().any(|name| name.contains("retry")));
    let spent = open(&provider, &mut browser, "/retry", &ticket).await;
    assert_eq!(spent.status, 410);
}

/// The next person at a shared computer must not be signed in as the previous one.
#[tokio::test]
async fn a_sign_in_and_a_logout_forget_the_launch_that_failed_before() {
    let provider = TestProvider::open().await;
    let has_retry = |browser: &Browser| browser.cookies.keys().any(|name| name.contains("retry"));
    let mut browser = Browser::new();
    let failed = provider.portal.issue_ticket(CHEN_TAO);
    provider.portal.set_fault(Fault::Dead).await;
    open(
        &provider,
        &mut browser,
        "/launch/grafana?ticket=TICKET",
        &failed,
    )
    .await;
    assert!(has_retry(&browser));
    let mut without_sign_in = browser.clone();
    provider.portal.set_fault(Fault::Healthy).await;
    provider.advance(TimeDelta::minutes(1));
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    open(
        &provider,
        &mut browser,
        "/launch/grafana?ticket=TICKET",
        &ticket,
    )
    .await;
    assert!(!has_retry(&browser), "a sign-in");
    open(&provider, &mut without_sign_in, "/logout", &failed).await;
    assert!(!has_retry(&without_sign_in), "a logout");
}

#[tokio::test]
async fn an_authorization_request_with_a_ticket_can_be_tried_again_after_an_outage() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    provider.portal.set_fault(Fault::Dead).await;
    let url = provider.client("grafana").authorize_url(&[]).to_string();
    let path = format!(
        "{}&ticket=TICKET",
        url.strip_prefix(&provider.issuer).unwrap()
    );
    assert_eq!(
        open(&provider, &mut browser, &path, &ticket).await.status,
        503
    );
    provider.portal.set_fault(Fault::Healthy).await;
    provider.advance(TimeDelta::minutes(1));
    let answer = open(&provider, &mut browser, "/retry", &ticket).await;
    assert!(answer.parameter("code").is_some(), "{}", answer.location());
    assert_eq!(answer.parameter("state").as_deref(), Some("the-state"));
}

/// The cookie is no way around the question of a change of user.
#[tokio::test]
async fn trying_again_asks_before_it_replaces_another_user() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    provider.portal.set_fault(Fault::Dead).await;
    let launch = "/launch/grafana?ticket=TICKET";
    open(&provider, &mut browser, launch, &ticket).await;
    provider.portal.set_fault(Fault::Healthy).await;
    provider.advance(TimeDelta::minutes(1));
    let page = open(&provider, &mut browser, "/retry", &ticket).await;
    assert!(page.body.contains("黑龙江"), "{}", page.body);
    assert!(page.body.contains("name=\"confirmation\""), "{}", page.body);
}

#[tokio::test]
async fn a_retry_is_over_after_ten_minutes_and_a_forged_reason_shows_nothing() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    provider.portal.set_fault(Fault::Dead).await;
    let launch = "/launch/grafana?ticket=TICKET";
    open(&provider, &mut browser, launch, &ticket).await;
    provider.portal.set_fault(Fault::Healthy).await;
    provider.advance(TimeDelta::minutes(11));
    let late = open(&provider, &mut browser, "/retry", &ticket).await;
    assert_eq!(late.status, 410, "{}", late.body);
    for path in ["/problem", "/problem?reason=portal_unreachable"] {
        let page = Browser::new().get(provider.at(path)).await;
        assert_eq!(page.status, 410, "{path}: {}", page.body);
    }
}

/// A browser without cookies, as in a frame of the portal on another site, sees the reason too.
#[tokio::test]
async fn the_reason_is_shown_without_cookies() {
    let provider = TestProvider::open().await;
    let url = provider.at("/launch/grafana?ticket=unknown-ticket-1");
    let url = Url::parse(&url).unwrap();
    let redirect = Browser::new()
        .send_once(Method::GET, &url, |request| request)
        .await;
    let page = Browser::new().get(redirect.location()).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("请重新从门户进入"), "{}", page.body);
}

//! Sessions and their cookies: N50, N52, N57 and N70, docs/security.md.

use base64::Engine as _;
use chrono::TimeDelta;
use panda_oidc::config;
use reqwest::Method;

use crate::support::app::claims;
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{BROWSER, SESSION, SWITCH, access_token, user_of};

#[tokio::test]
async fn n50_f6_nothing_of_the_previous_user_works_after_a_switch() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let token = access_token(&grafana, &mut browser).await;
    let code = grafana.login(&mut browser).await;
    let mut previous = browser.clone();

    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let launched = browser
        .get_from(launch, provider.portal.url().as_str())
        .await;
    assert_eq!(launched.location().port(), Some(3000));

    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("2"));
    assert_eq!(grafana.userinfo(&token).await.status, 401);
    assert_eq!(grafana.redeem(&code).await.status, 400);
    assert_eq!(
        user_of(&provider, &mut previous).await,
        None,
        "the old handle is invalid at once"
    );
}

#[tokio::test]
async fn n50_two_users_of_one_browser_never_share_a_session_id() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let grafana = provider.client("grafana");
    let mut sids = Vec::new();
    for user in [CHEN_TAO, HEI_LONG_JIANG, CHEN_TAO] {
        let ticket = provider.portal.issue_ticket(user);
        let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
        browser
            .get_from(launch, provider.portal.url().as_str())
            .await;
        let tokens = grafana
            .redeem(&grafana.login(&mut browser).await)
            .await
            .json();
        let id_token = claims(tokens["id_token"].as_str().unwrap());
        assert_eq!(id_token["sub"], user.to_string());
        sids.push(id_token["sid"].as_str().unwrap().to_owned());
    }
    sids.sort();
    sids.dedup();
    assert_eq!(sids.len(), 3);
}

#[tokio::test]
async fn an_expired_session_invalidates_its_tokens() {
    let lifetime = "[session]\nlifetime = '10m'\n";
    let provider = TestProvider::open_with(lifetime, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let token = access_token(&grafana, &mut browser).await;
    provider.advance(TimeDelta::seconds(599));
    assert_eq!(grafana.userinfo(&token).await.status, 200);
    provider.advance(TimeDelta::seconds(1));
    assert_eq!(grafana.userinfo(&token).await.status, 401);
    assert_eq!(user_of(&provider, &mut browser).await, None);
}

#[tokio::test]
async fn n52_untrusted_forwarding_headers_are_ignored() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let spoofed_headers = |request: reqwest::RequestBuilder| {
        request
            .header("host", "evil.com")
            .header("forwarded", "for=1.2.3.4;host=evil.com;proto=https")
            .header("x-forwarded-host", "evil.com")
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-port", "444")
            .header("x-forwarded-prefix", "/evil")
            .header("x-original-url", "/userinfo")
            .header("x-rewrite-url", "/userinfo")
            .header("x-forwarded-uri", "/userinfo")
            .header("x_forwarded_host", "evil.com")
    };
    let discovery = provider.at("/.well-known/openid-configuration");
    let expected = Browser::new().get(&discovery).await.body;
    let spoofed = Browser::new()
        .send(Method::GET, discovery, spoofed_headers)
        .await
        .body;
    assert_eq!(expected, spoofed);

    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let answer = browser.send(Method::GET, launch, spoofed_headers).await;
    assert_eq!(answer.location().as_str(), provider.at("/switch"));
    let page = browser
        .send(Method::GET, provider.at("/switch"), spoofed_headers)
        .await;
    assert!(!page.body.contains("evil"), "{}", page.body);
    let secure = answer.set_cookies().into_iter();
    assert!(secure.filter(|cookie| cookie.contains("Secure")).count() == 0);
    let url = provider.client("grafana").authorize_url(&[]);
    let answer = browser.send(Method::GET, url, spoofed_headers).await;
    assert_eq!(answer.parameter("iss"), Some(provider.issuer.clone()));
}

#[tokio::test]
async fn n57_the_same_request_is_encrypted_differently_each_time() {
    let provider = TestProvider::open().await;
    let url = provider.client("grafana").authorize_url(&[]);
    let mut ciphertexts = Vec::new();
    for _ in 0..2 {
        let mut browser = Browser::new();
        browser.get(&url).await;
        let (_, sealed) = browser.cookies.pop_first().unwrap();
        let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD
            .decode(&sealed)
            .unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("the-state") && !text.contains("grafana"));
        ciphertexts.push(bytes);
    }
    assert_eq!(ciphertexts[0].len(), ciphertexts[1].len());
    let equal_bytes = ciphertexts[0]
        .iter()
        .zip(&ciphertexts[1])
        .filter(|(a, b)| a == b)
        .count();
    assert!(
        equal_bytes < ciphertexts[0].len() / 8,
        "{equal_bytes} of {} bytes are the same",
        ciphertexts[0].len()
    );
}

#[tokio::test]
async fn f17_every_cookie_is_prefixed_http_only_and_same_site_lax() {
    let provider = TestProvider::open_with_issuer_path("/sso", "", "").await;
    let mut browser = Browser::new();
    let pending = browser
        .get(provider.client("grafana").authorize_url(&[]))
        .await;
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let again = browser.get(provider.at("/launch/grafana")).await;
    let switch = provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    let answers = [pending, launched, again, switch];
    let cookies: Vec<&str> = answers
        .iter()
        .flat_map(|answer| answer.set_cookies())
        .collect();
    assert!(cookies.len() >= 5, "{cookies:?}");
    for cookie in cookies {
        assert!(cookie.starts_with("panda-oidc.sso-"), "{cookie}");
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
        assert!(cookie.contains("Path=/sso"), "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}

#[tokio::test]
async fn a_session_cookie_that_is_renamed_or_altered_opens_nothing() {
    let provider = TestProvider::open().await;
    let good = provider.signed_in(CHEN_TAO).await;
    let (session, browser) = (good.cookies[SESSION].clone(), good.cookies[BROWSER].clone());
    for value in [
        browser.clone(),
        session[..42].to_owned(),
        session[1..].to_owned(),
        format!("{session}="),
        format!("\"{session}\""),
        session.to_lowercase(),
        session.to_uppercase(),
        "A".repeat(43),
        String::new(),
        "' OR 1=1 --".to_owned(),
    ] {
        let mut thief = good.clone();
        thief.cookies.insert(SESSION.to_owned(), value.clone());
        assert_eq!(user_of(&provider, &mut thief).await, None, "{value}");
    }
    for name in [
        BROWSER,
        SWITCH,
        "Panda-Oidc-Session",
        "__Host-panda-oidc-session",
    ] {
        let mut thief = Browser::new();
        thief.cookies.insert(name.to_owned(), session.clone());
        assert_eq!(user_of(&provider, &mut thief).await, None, "{name}");
    }
    let mut owner = good.clone();
    assert_eq!(user_of(&provider, &mut owner).await.as_deref(), Some("1"));
}

#[test]
fn n70_a_client_id_cannot_look_like_a_user_id() {
    for id in ["1", "42", "18446744073709551617"] {
        let toml = format!(
            "issuer = 'http://127.0.0.1:9400'\n\
             [provider]\nkind = 'panda'\nbase_url = 'http://127.0.0.1:1'\n\
             [[clients]]\nclient_id = '{id}'\nclient_secret = '0123456789abcdef'\n\
             redirect_uris = ['https://app.example.com/cb']\n"
        );
        let problems = format!("{:?}", config::parse(&toml).expect_err(id));
        assert!(problems.contains("client_id"), "{problems}");
    }
}

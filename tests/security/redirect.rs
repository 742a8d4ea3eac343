//! Where an authorization response or a launch may be sent: N01 to N11 and N73, docs/security.md.

use panda_oidc::config;
use url::Url;

use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::tools::assert_error_page;

/// Sends an authorization request with this `redirect_uri`.
async fn authorize(client: &RelyingParty, browser: &mut Browser, redirect_uri: &str) -> Answer {
    browser
        .get(client.authorize_url(&[("redirect_uri", redirect_uri)]))
        .await
}

#[tokio::test]
async fn n01_to_n09_only_the_registered_redirect_uri_is_accepted() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for uri in [
        "http://127.0.0.1:3000.evil.com/login/generic_oauth",
        "http://127.0.0.1:3000/login/generic_oauth.evil.com",
        "http://127.0.0.1:3000/login/generic_oauth/",
        "http://127.0.0.1:3000/login/generic_oauth/../x",
        "http://127.0.0.1:3000/login/x/../generic_oauth",
        "http://127.0.0.1:3000/login/..%2flogin/generic_oauth",
        "http://127.0.0.1:3000/login/..;/generic_oauth",
        "http://127.0.0.1:3000/login%2fgeneric_oauth",
        "http://127.0.0.1:3000/login%252fgeneric_oauth",
        "http://127.0.0.1:3000@evil.com/login/generic_oauth",
        "http://evil.com:80@127.0.0.1:3000/login/generic_oauth",
        "http://127.0.0.1:3000/login/*",
        "http://127x0.0.1:3000/login/generic_oauth",
        "HTTP://127.0.0.1:3000/login/generic_oauth",
        "http://127.0.0.1:3000/LOGIN/generic_oauth",
        "https://127.0.0.1:3000/login/generic_oauth",
        "http://localhost:3000/login/generic_oauth",
        "http://127.0.0.1:3001/login/generic_oauth",
        "http://127.1:3000/login/generic_oauth",
        "http://127.0.0.1:3000/login/generic_oauth?x=1",
        "http://127.0.0.1:3000/login/generic_oauth?",
        "http://127.0.0.1:3000/login/generic_oauth#",
        "http://127.0.0.1:3000/login/generic_oauth#x",
        "http://127.0.0.1:3000/login/generic_oauth\r\nX-Evil: 1",
        "http://127.0.0.1:3000/login/generic_oauth\0",
        " http://127.0.0.1:3000/login/generic_oauth",
        "http://127.0.0.1:3000/login/generic_oauth ",
        "http://127.0.0.1:3000/login/generic_oauth\u{200b}",
        "http://１２７.0.0.1:3000/login/generic_oauth",
        "http:/\\127.0.0.1:3000/login/generic_oauth",
        "//127.0.0.1:3000/login/generic_oauth",
        "/login/generic_oauth",
        "javascript:alert(1)//http://127.0.0.1:3000/login/generic_oauth",
        "data:text/html,<script>alert(1)</script>",
        "http://127.0.0.1:8180/realms/broker/broker/panda/endpoint",
    ] {
        let answer = authorize(&grafana, &mut browser, uri).await;
        assert_error_page(&answer, 400, uri);
        let prompt_none = grafana.authorize_url(&[("redirect_uri", uri), ("prompt", "none")]);
        assert_error_page(&browser.get(prompt_none).await, 400, uri);
    }
    let accepted = authorize(&grafana, &mut browser, &grafana.redirect_uri).await;
    assert!(accepted.parameter("code").is_some());
}

#[tokio::test]
async fn n04_n08_a_public_client_may_vary_only_the_loopback_port() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let spa = provider.client("spa");
    let answer = authorize(&spa, &mut browser, "http://127.0.0.1:51004/callback").await;
    assert!(answer.parameter("code").is_some());
    for uri in [
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/callback/",
        "http://127.0.0.1:51004/callback?x=1",
        "http://127.0.0.1:51004@evil.com/callback",
        "http://127.0.0.1:80:90/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:+80/callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:８０/callback",
        "http://127.0.0.1.evil.com/callback",
        "http://127.0.0.1\\@evil.com/callback",
        "http://127.0.0.2:51004/callback",
        "http://localhost:51004/callback",
        "http://[::1]:51004/callback",
        "https://127.0.0.1:51004/callback",
    ] {
        assert_error_page(&authorize(&spa, &mut browser, uri).await, 400, uri);
    }
}

#[test]
fn n05_n06_n09_neither_patterns_nor_script_urls_can_be_registered() {
    for uri in [
        "https://*.example.com/cb",
        "https://app.example.com/*",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example.com/cb#x",
        "https://user:pass@app.example.com/cb",
        "/cb",
    ] {
        let toml = format!(
            "issuer = 'http://127.0.0.1:9400'\n\
             [provider]\nkind = 'panda'\nbase_url = 'http://127.0.0.1:1'\n\
             [[clients]]\nclient_id = 'app'\nclient_secret = '0123456789abcdef'\n\
             redirect_uris = ['https://app.example.com/cb', '{uri}']\n"
        );
        let problems = config::parse(&toml).err();
        let problems = format!("{:?}", problems.expect(uri));
        assert!(problems.contains("redirect_uris"), "{uri}: {problems}");
    }
}

#[tokio::test]
async fn n10_n73_a_deep_link_stays_within_the_client() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for deep_link in [
        "/evil.com",
        "//evil.com",
        "%2fevil.com",
        "%2F%2Fevil.com",
        "%5cevil.com",
        "%5C%5Cevil.com",
        "%09/evil.com",
        "a/%2e%2e/%2e%2e/x",
        "..%2f..%2fx",
        "a/..;/x",
        "..;x/y",
        "a%3Fb",
        "a%23b",
        "a%00b",
        "%0d%0aX-Evil:1",
        "a//b",
        "%252e%252e/x",
    ] {
        for client in ["grafana", "spa"] {
            let url = provider.at(&format!("/launch/{client}/{deep_link}"));
            assert_error_page(&browser.get(url).await, 404, deep_link);
        }
    }
    for (deep_link, path) in [
        ("@evil.com", "/@evil.com"),
        ("d/abc", "/d/abc"),
        ("泵站", "/%E6%B3%B5%E7%AB%99"),
    ] {
        let answer = browser
            .get(provider.at(&format!("/launch/spa/{deep_link}")))
            .await;
        let location = answer.location();
        assert_eq!(location.as_str(), format!("http://127.0.0.1:3001{path}"));
    }
}

#[tokio::test]
async fn n10_no_launch_parameter_sets_the_redirect_target() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let url = provider.at(
        "/launch/spa?target_link_uri=http://evil.com&redirect_uri=http://evil.com\
         &next=//evil.com&iss=http://evil.com&onward=http://evil.com",
    );
    let location = browser.get(url).await.location();
    assert_eq!(location.as_str(), "http://127.0.0.1:3001/");
}

#[tokio::test]
async fn n11_error_pages_escape_request_parameters() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let evil = "\"><script>alert(1)</script>";
    let grafana = provider.client("grafana");
    for changes in [
        [("client_id", evil), ("state", evil)],
        [("redirect_uri", evil), ("error_description", evil)],
        [("client_id", ""), ("ui_locales", evil)],
    ] {
        let answer = browser.get(grafana.authorize_url(&changes)).await;
        assert_error_page(&answer, 400, evil);
        assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(!policy.contains("script-src"), "{policy}");
    }
    let launch = provider.at("/launch/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E?ticket=x");
    let answer = browser.get(launch).await;
    assert_error_page(&answer, 404, evil);
    assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
}

#[tokio::test]
async fn n09_state_is_returned_unchanged_and_injects_nothing() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for state in [
        "a\r\nSet-Cookie: evil=1\r\n\r\n<script>",
        "x&code=evil&iss=http://evil.com",
        "x#code=evil",
        "陈涛\u{202e}\u{0}",
        "%0d%0a",
    ] {
        let answer = browser
            .get(grafana.authorize_url(&[("state", state)]))
            .await;
        let location: Url = answer.location();
        let single_value = |name: &str| {
            let pairs = location.query_pairs().into_owned();
            let values: Vec<_> = pairs.filter(|(key, _)| key == name).collect();
            assert_eq!(values.len(), 1, "{name} in {location}");
            values[0].1.clone()
        };
        assert_eq!(single_value("state"), state);
        assert_eq!(single_value("iss"), provider.issuer);
        assert_ne!(single_value("code"), "evil");
        assert_eq!(location.fragment(), None);
        assert!(answer.set_cookies().iter().all(|set| !set.contains("evil")));
    }
}

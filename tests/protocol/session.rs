//! The session behind the cookie: how long it lives, and what of it stays the same.

use chrono::TimeDelta;

use crate::kit::{tokens, verified};
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

const SESSION: &str = "panda-oidc-session";

fn cookie<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let cookies = answer.set_cookies();
    let start = format!("{name}=");
    cookies
        .into_iter()
        .find(|cookie| cookie.starts_with(&start))
        .expect("the cookie")
}

async fn sid(provider: &TestProvider, browser: &mut Browser) -> String {
    let tokens = tokens(&provider.client("grafana"), browser).await;
    let claims = verified(provider, tokens["id_token"].as_str().unwrap()).await;
    claims["sid"].as_str().unwrap().to_owned()
}

async fn is_signed_in(provider: &TestProvider, browser: &mut Browser) -> bool {
    let url = provider
        .client("grafana")
        .authorize_url(&[("prompt", "none")]);
    browser.get(url).await.parameter("code").is_some()
}

#[tokio::test]
async fn the_cookie_holds_a_handle_and_is_for_this_site_alone() {
    let provider = TestProvider::open().await;
    let answer = provider
        .launch(&mut Browser::new(), "grafana", CHEN_TAO)
        .await;
    let session = cookie(&answer, SESSION);
    let (value, attributes) = session.split_once("; ").unwrap();
    assert_eq!(value.len(), SESSION.len() + 1 + 43, "256 bits of chance");
    // Over http there can be no Secure and no __Host-; the browser forgets it when it closes.
    assert_eq!(attributes, "HttpOnly; SameSite=Lax; Path=/");
}

#[tokio::test]
async fn the_cookie_that_owns_tickets_outlives_the_browsers_close() {
    let provider = TestProvider::open().await;
    let answer = provider
        .launch(&mut Browser::new(), "grafana", CHEN_TAO)
        .await;
    let browser = cookie(&answer, "panda-oidc-browser");
    let attributes = browser.split_once("; ").unwrap().1;
    assert_eq!(attributes, "HttpOnly; SameSite=Lax; Path=/; Max-Age=604800");
}

#[tokio::test]
async fn an_https_issuer_binds_its_cookies_to_the_host() {
    let provider = TestProvider::open().await;
    // The provider does not see TLS, which a proxy ends; its name says that there is some.
    let toml = format!(
        "issuer = 'https://sso.example.com/sso'\n[provider]\nkind = 'panda'\nbase_url = '{}'\n\
         [store]\nkind = 'memory'\n[keys]\nmaster_key_file = '{}/other.key'\n\
         [[clients]]\nclient_id = 'app'\nclient_secret = '0123456789abcdef'\n\
         redirect_uris = ['https://app.example.com/cb']\ninitiate_login_uri = 'https://app.example.com/in'\n",
        provider.portal.url(),
        provider.folder().display(),
    );
    let config = panda_oidc::config::parse(&toml).unwrap();
    let bounds = panda_oidc::http::server::ConnectionLimits::from(&config.limits);
    let host = panda_oidc_sdk::Host::new(provider.clock.clone()).unwrap();
    let app = panda_oidc::app::App::open(config, host).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let router = panda_oidc::http::router(app.shared());
    let stop = async {
        let _ = stopped.await;
    };
    tokio::spawn(panda_oidc::http::server::serve(
        listener, router, bounds, stop,
    ));
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let answer = Browser::new()
        .get(format!("http://{address}/sso/launch/app?ticket={ticket}"))
        .await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    for cookie in answer.set_cookies() {
        assert!(cookie.starts_with("__Host-panda-oidc-"), "{cookie}");
        assert!(
            cookie.contains("HttpOnly; SameSite=Lax; Secure; Path=/"),
            "{cookie}"
        );
        assert!(!cookie.contains("Path=/sso"), "{cookie}");
    }
}

#[tokio::test]
async fn it_lives_as_long_as_the_operator_says_from_the_last_ticket_on() {
    let provider = TestProvider::open_with("[session]\nlifetime = '1h'", "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::minutes(59));
    assert!(is_signed_in(&provider, &mut browser).await);
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    provider.advance(TimeDelta::minutes(59));
    assert!(is_signed_in(&provider, &mut browser).await, "prolonged");
    provider.advance(TimeDelta::minutes(1));
    assert!(!is_signed_in(&provider, &mut browser).await);
}

#[tokio::test]
async fn using_it_does_not_prolong_it() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for _ in 0..12 {
        assert!(is_signed_in(&provider, &mut browser).await);
        provider.advance(TimeDelta::hours(1));
    }
    assert!(!is_signed_in(&provider, &mut browser).await);
    assert_eq!(
        provider.portal.calls().user_by_ticket,
        1,
        "never polled (F3)"
    );
}

#[tokio::test]
async fn a_second_ticket_of_the_same_person_continues_it_under_another_handle() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let before = (
        sid(&provider, &mut browser).await,
        browser.cookies[SESSION].clone(),
    );
    provider.advance(TimeDelta::minutes(5));
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_eq!(sid(&provider, &mut browser).await, before.0);
    assert_ne!(browser.cookies[SESSION], before.1, "N17");
}

#[tokio::test]
async fn a_second_ticket_leaves_the_tokens_of_the_first_alone() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let tokens = tokens(&grafana, &mut browser).await;
    provider.launch(&mut browser, "keycloak", CHEN_TAO).await;
    let userinfo = grafana.userinfo(tokens["access_token"].as_str().unwrap());
    assert_eq!(userinfo.await.status, 200);
}

#[tokio::test]
async fn a_second_ticket_moves_auth_time() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let auth_time = |tokens: serde_json::Value| {
        let claims = claims(tokens["id_token"].as_str().unwrap());
        claims["auth_time"].as_i64().unwrap()
    };
    let before = auth_time(tokens(&grafana, &mut browser).await);
    provider.advance(TimeDelta::minutes(5));
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let after = auth_time(tokens(&grafana, &mut browser).await);
    assert_eq!(after, before + 300);
}

#[tokio::test]
async fn f28_the_handle_of_a_tab_that_was_late_opens_the_session_a_moment_longer() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let mut late = browser.clone();
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert!(is_signed_in(&provider, &mut late).await);
    provider.advance(TimeDelta::seconds(61));
    assert!(!is_signed_in(&provider, &mut late).await);
    assert!(is_signed_in(&provider, &mut browser).await);
}

#[tokio::test]
async fn each_browser_has_a_session_of_its_own() {
    let provider = TestProvider::open().await;
    let mut one = provider.signed_in(CHEN_TAO).await;
    let mut other = provider.signed_in(CHEN_TAO).await;
    assert_ne!(
        sid(&provider, &mut one).await,
        sid(&provider, &mut other).await
    );
    let mut third = provider.signed_in(HEI_LONG_JIANG).await;
    assert!(is_signed_in(&provider, &mut one).await);
    assert!(is_signed_in(&provider, &mut third).await);
}

#[tokio::test]
async fn sessions_go_on_while_the_portal_is_down() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider
        .portal
        .set_fault(panda_oidc_panda::simulator::Fault::Dead)
        .await;
    let keycloak = provider.client("keycloak");
    let answer = browser.get(keycloak.authorize_url(&[])).await;
    let redeemed = keycloak.redeem(&RelyingParty::code(&answer)).await;
    let tokens = redeemed.json();
    let userinfo = keycloak.userinfo(tokens["access_token"].as_str().unwrap());
    assert_eq!(userinfo.await.json()["name"], "陈涛");
}

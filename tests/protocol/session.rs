//! The session: its cookies, its lifetime, and what a second ticket of the same user changes.

use chrono::TimeDelta;

use crate::kit::{tokens, verified};
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

const SESSION_COOKIE: &str = "panda-oidc-session";

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
async fn the_session_cookie_holds_a_random_handle() {
    let provider = TestProvider::open().await;
    let answer = provider
        .launch(&mut Browser::new(), "grafana", CHEN_TAO)
        .await;
    let session = cookie(&answer, SESSION_COOKIE);
    let (value, attributes) = session.split_once("; ").unwrap();
    assert_eq!(
        value.len(),
        SESSION_COOKIE.len() + 1 + 43,
        "256 random bits"
    );
    // Secure and __Host- need https. Without Max-Age the cookie ends with the browser.
    assert_eq!(attributes, "HttpOnly; SameSite=Lax; Path=/");
}

#[tokio::test]
async fn the_browser_cookie_survives_a_restart_of_the_browser() {
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
    // A proxy terminates TLS: the provider knows of it only from the scheme of its issuer.
    let toml = format!(
        "issuer = 'https://sso.example.com/sso'\n[provider]\nkind = 'panda'\nbase_url = '{}'\n\
         [store]\nkind = 'memory'\n[keys]\nmaster_key_file = '{}/other.key'\n\
         [[clients]]\nclient_id = 'app'\nclient_secret = '0123456789abcdef'\n\
         redirect_uris = ['https://app.example.com/cb']\ninitiate_login_uri = 'https://app.example.com/in'\n",
        provider.portal.url(),
        provider.folder().display(),
    );
    let config = panda_oidc::config::parse(&toml).unwrap();
    let limits = panda_oidc::http::server::ConnectionLimits::from(&config);
    let host = panda_oidc_sdk::Host::new(provider.clock.clone()).unwrap();
    let app = panda_oidc::app::App::open(config, host, panda_oidc::store::WriteTimeout::Request)
        .await
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let router = panda_oidc::http::router(app.shared());
    let stop = async {
        let _ = stopped.await;
    };
    tokio::spawn(panda_oidc::http::server::serve(
        listener, router, limits, stop,
    ));
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let answer = Browser::new()
        .get(format!("http://{address}/sso/launch/app?ticket={ticket}"))
        .await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    for cookie in answer.set_cookies() {
        assert!(cookie.starts_with("__Host-panda-oidc.sso-"), "{cookie}");
        assert!(
            cookie.contains("HttpOnly; SameSite=Lax; Secure; Path=/"),
            "{cookie}"
        );
        assert!(!cookie.contains("Path=/sso"), "{cookie}");
    }
}

#[tokio::test]
async fn the_configured_lifetime_starts_again_with_each_ticket() {
    let provider = TestProvider::open_with("[session]\nlifetime = '1h'", "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(TimeDelta::minutes(59));
    assert!(is_signed_in(&provider, &mut browser).await);
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    provider.advance(TimeDelta::minutes(59));
    assert!(
        is_signed_in(&provider, &mut browser).await,
        "the second ticket extended it"
    );
    provider.advance(TimeDelta::minutes(1));
    assert!(!is_signed_in(&provider, &mut browser).await);
}

#[tokio::test]
async fn using_a_session_does_not_extend_it() {
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
        "a session never validates its ticket again, as each check would extend the ticket"
    );
}

#[tokio::test]
async fn a_second_ticket_of_the_same_user_keeps_the_sid_and_changes_the_handle() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let before = (
        sid(&provider, &mut browser).await,
        browser.cookies[SESSION_COOKIE].clone(),
    );
    provider.advance(TimeDelta::minutes(5));
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_eq!(sid(&provider, &mut browser).await, before.0);
    assert_ne!(
        browser.cookies[SESSION_COOKIE], before.1,
        "a planted handle does not survive a login (N17, docs/security.md)"
    );
}

#[tokio::test]
async fn a_second_ticket_does_not_revoke_tokens() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let tokens = tokens(&grafana, &mut browser).await;
    provider.launch(&mut browser, "keycloak", CHEN_TAO).await;
    let userinfo = grafana.userinfo(tokens["access_token"].as_str().unwrap());
    assert_eq!(userinfo.await.status, 200);
}

#[tokio::test]
async fn a_second_ticket_updates_auth_time() {
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

/// A second tab may still send the old cookie while the first tab gets the new one.
#[tokio::test]
async fn f28_a_replaced_handle_is_accepted_for_another_minute() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let mut other_tab = browser.clone();
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert!(is_signed_in(&provider, &mut other_tab).await);
    provider.advance(TimeDelta::seconds(61));
    assert!(!is_signed_in(&provider, &mut other_tab).await);
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
async fn sessions_keep_working_while_the_portal_is_down() {
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

/// Any service on the same host or parent domain can set such a cookie, and browsers send it as it is.
#[tokio::test]
async fn cookies_of_other_services_hide_none_of_ours_whatever_their_bytes() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = Browser::new();
    let foreign = [("a", "深"), ("userName", "张三"), ("p", "\u{b7}; =;;")];
    for (name, value) in foreign {
        browser.cookies.insert(name.to_owned(), value.to_owned());
    }
    let waiting = browser.get(grafana.authorize_url(&[])).await;
    assert_eq!(waiting.status, 200);
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let resumed = browser.get(launched.location()).await;
    assert!(
        resumed.parameter("code").is_some(),
        "{}",
        resumed.location()
    );
    grafana.login(&mut browser).await;

    let switch = provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    assert_eq!(switch.location().path(), "/switch");
    let page = browser.get(provider.at("/switch")).await;
    assert!(page.body.contains("陈涛"), "{}", page.body);
    let page = browser.get(provider.at("/logout")).await;
    let confirmation = page.field("confirmation");
    let form = [("confirmation", confirmation.as_str())];
    let ended = browser.post(provider.at("/logout/confirm"), &form).await;
    assert_eq!(ended.status, 200);
    let silent = grafana.authorize_url(&[("prompt", "none")]);
    let silent = browser.get(silent).await;
    assert_eq!(silent.parameter("error").as_deref(), Some("login_required"));
}

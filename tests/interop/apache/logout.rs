//! How long a login lasts: refreshed, logged out there, logged out here, taken over.

use url::Url;

use super::stage::Stage;
use crate::support::browser::Browser;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{is_signed_in, sign_out};

/// Longer than an access token lives: each request finds it too old.
const EVERY_TIME: &str = "<Location />\n\
    OIDCRefreshAccessTokenBeforeExpiry 7200 logout_on_error\n\
    </Location>\n";

#[tokio::test]
async fn a_login_is_refreshed_with_every_new_refresh_token() {
    let stage = Stage::set("clients.md", EVERY_TIME).await;
    let mut browser = Browser::new();
    let mut told = stage.click(&mut browser, CHEN_TAO).await;
    for _ in 0..3 {
        let again = stage.told(&browser.walk(stage.at("/")).await);
        let (old, new) = (&told["headers"], &again["headers"]);
        assert_eq!(new["x-remote-user"], "1");
        assert!(new["oidc_access_token"].is_string(), "{new}");
        assert_ne!(new["oidc_access_token"], old["oidc_access_token"]);
        told = again;
    }
}

#[tokio::test]
async fn a_logout_here_ends_apaches_session_before_the_page_is_there() {
    let stage = Stage::set("clients.md", "").await;
    let (mut browser, mut elsewhere) = (Browser::new(), Browser::new());
    stage.click(&mut browser, CHEN_TAO).await;
    stage.click(&mut elsewhere, CHEN_TAO).await;
    assert!(stage.lets_in(&mut browser).await);

    sign_out(&stage.program, &mut browser).await;
    assert!(!stage.lets_in(&mut browser).await, "{}", stage.apache.log());
    assert!(stage.lets_in(&mut elsewhere).await);
}

#[tokio::test]
async fn f6_a_switch_of_users_ends_the_last_ones_apache_session() {
    let stage = Stage::set("clients.zh.md", "").await;
    let mut browser = Browser::new();
    stage.click(&mut browser, CHEN_TAO).await;
    assert!(stage.lets_in(&mut browser).await);

    // The browser does not go where it is sent, to Apache's own login.
    let entry = stage.menu_entry("", HEI_LONG_JIANG);
    let launched = browser.get_from(entry, stage.portal.url().as_str()).await;
    assert_eq!(launched.location().path(), "/oidc");
    assert!(!stage.lets_in(&mut browser).await, "{}", stage.apache.log());
}

#[tokio::test]
async fn a_logout_there_comes_here_and_goes_back() {
    let stage = Stage::set("clients.zh.md", "").await;
    let mut browser = Browser::new();
    stage.click(&mut browser, CHEN_TAO).await;
    assert!(is_signed_in(&stage.program, &mut browser).await);

    let bye = stage.at("/bye");
    let logout = Url::parse_with_params(&stage.at("/oidc"), [("logout", &bye)]).unwrap();
    let road = browser.walk(logout).await;
    let here = road.iter().find(|answer| answer.url.path() == "/logout");
    let here = here.unwrap_or_else(|| panic!("not here: {road:?}"));
    assert!(here.url.as_str().contains("id_token_hint="), "{}", here.url);
    assert_eq!(road.last().unwrap().url.as_str(), bye);
    assert!(!is_signed_in(&stage.program, &mut browser).await);
    assert!(!stage.lets_in(&mut browser).await);
}

//! How long a login lasts: refresh, logout at Apache, logout at the provider, change of user.

use url::Url;

use super::stage::Stage;
use crate::support::browser::Browser;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{is_signed_in, sign_out};

/// Refreshes any token with less than two hours to live. No access token lives that long, so every
/// request refreshes.
const REFRESH_ON_EVERY_REQUEST: &str = "<Location />\n\
    OIDCRefreshAccessTokenBeforeExpiry 7200 logout_on_error\n\
    </Location>\n";

#[tokio::test]
async fn a_login_is_refreshed_with_every_new_refresh_token() {
    let stage = Stage::start("clients.md", REFRESH_ON_EVERY_REQUEST).await;
    let mut browser = Browser::new();
    let mut request = stage.click(&mut browser, CHEN_TAO).await;
    for _ in 0..3 {
        let next_request = stage.received_request(&browser.follow(stage.at("/")).await);
        let (old, new) = (&request["headers"], &next_request["headers"]);
        assert_eq!(new["x-remote-user"], "1");
        assert!(new["oidc_access_token"].is_string(), "{new}");
        assert_ne!(new["oidc_access_token"], old["oidc_access_token"]);
        request = next_request;
    }
}

#[tokio::test]
async fn a_logout_at_the_provider_ends_the_apache_session_before_the_page_appears() {
    let stage = Stage::start("clients.md", "").await;
    let (mut browser, mut other_browser) = (Browser::new(), Browser::new());
    stage.click(&mut browser, CHEN_TAO).await;
    stage.click(&mut other_browser, CHEN_TAO).await;
    assert!(stage.has_session(&mut browser).await);

    sign_out(&stage.program, &mut browser).await;
    assert!(
        !stage.has_session(&mut browser).await,
        "{}",
        stage.apache.log()
    );
    assert!(stage.has_session(&mut other_browser).await);
}

#[tokio::test]
async fn f6_a_switch_of_users_ends_the_apache_session_of_the_previous_user() {
    let stage = Stage::start("clients.zh.md", "").await;
    let mut browser = Browser::new();
    stage.click(&mut browser, CHEN_TAO).await;
    assert!(stage.has_session(&mut browser).await);

    // The browser does not follow the redirect to the login of Apache.
    let entry = stage.menu_entry("", HEI_LONG_JIANG);
    let launched = browser.get_from(entry, stage.portal.url().as_str()).await;
    assert_eq!(launched.location().path(), "/oidc");
    assert!(
        !stage.has_session(&mut browser).await,
        "{}",
        stage.apache.log()
    );
}

#[tokio::test]
async fn a_logout_at_apache_ends_the_provider_session_and_returns() {
    let stage = Stage::start("clients.zh.md", "").await;
    let mut browser = Browser::new();
    stage.click(&mut browser, CHEN_TAO).await;
    assert!(is_signed_in(&stage.program, &mut browser).await);

    let bye = stage.at("/bye");
    let logout = Url::parse_with_params(&stage.at("/oidc"), [("logout", &bye)]).unwrap();
    let responses = browser.follow(logout).await;
    let logout_request = responses
        .iter()
        .find(|response| response.url.path() == "/logout");
    let logout_request = logout_request.unwrap_or_else(|| panic!("not here: {responses:?}"));
    assert!(
        logout_request.url.as_str().contains("id_token_hint="),
        "{}",
        logout_request.url
    );
    assert_eq!(responses.last().unwrap().url.as_str(), bye);
    assert!(!is_signed_in(&stage.program, &mut browser).await);
    assert!(!stage.has_session(&mut browser).await);
}

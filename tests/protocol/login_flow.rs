//! The main flow: a click in the portal leads to tokens.

use crate::support::app::{RelyingParty, claims, header};
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

#[tokio::test]
async fn a_click_in_the_portal_becomes_tokens() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_eq!(launched.status, 303);
    assert!(
        launched
            .location()
            .as_str()
            .starts_with("http://127.0.0.1:3000/login/generic_oauth")
    );
    let grafana = provider.client("grafana");
    let answer = grafana.redeem(&grafana.login(&mut browser).await).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = answer.json();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id_token["sub"], "1");
    assert_eq!(id_token["name"], "陈涛");
    assert_eq!(id_token["nonce"], "the-nonce");
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(header(access_token)["typ"], "at+jwt");
    let userinfo = grafana.userinfo(access_token).await.json();
    assert_eq!(userinfo["sub"], "1");
    assert_eq!(provider.portal.calls().user_by_ticket, 1);
}

#[tokio::test]
async fn a_pending_request_is_resumed_by_any_launch() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let keycloak = provider.client("keycloak");
    let login_page = browser.get(keycloak.authorize_url(&[])).await;
    assert_eq!(login_page.status, 200);
    assert!(login_page.body.contains("请从熊猫智慧水务门户进入"));
    let launched = provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    let resumed = browser.get(launched.location()).await;
    let answer = keycloak.redeem(&RelyingParty::code(&resumed)).await;
    let id_token = claims(answer.json()["id_token"].as_str().unwrap());
    assert_eq!(id_token["sub"], "2");
}

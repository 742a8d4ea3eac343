//! Logins that Keycloak brokers, begun in the menu and begun in the application.

use panda_oidc_panda::simulator::Person;

use super::stage::{ES256, OTHER_ENTRY, RS256, Stage};
use crate::support::app::claims;
use crate::support::browser::Browser;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

const OUYANG_JING: u64 = 9_007_199_254_740_993;

#[tokio::test]
async fn a_new_and_a_returning_user_see_no_page_of_keycloak() {
    let stage = Stage::start("menu", ES256).await;
    let provider = stage.admin.identity_provider().await;
    for switched_on in ["validateSignature", "useJwksUrl", "pkceEnabled"] {
        assert_eq!(provider["config"][switched_on], "true", "{switched_on}");
    }
    stage
        .portal
        .add_user(Person::new(OUYANG_JING, "欧阳静", "138 0013 8000"));

    let responses = stage.click(&mut Browser::new(), OUYANG_JING).await;
    let authorization_request = responses
        .iter()
        .find(|response| response.url.path() == "/authorize")
        .expect("Keycloak asks the provider");
    assert!(
        authorization_request
            .url
            .as_str()
            .contains("code_challenge_method=S256")
    );
    let new = claims(
        stage.app.tokens(&responses).await["id_token"]
            .as_str()
            .unwrap(),
    );
    assert_eq!(new["preferred_username"], "9007199254740993");
    assert_eq!(new["given_name"], "静");
    assert_eq!(new["family_name"], "欧阳");
    let users = stage.admin.users().await;
    assert_eq!(users.len(), 1, "{users:?}");
    assert_eq!(users[0]["username"], "9007199254740993");
    assert_eq!(users[0]["firstName"], "静");
    assert_eq!(users[0]["lastName"], "欧阳");
    assert_eq!(users[0]["email"], "9007199254740993@panda.invalid");
    assert_eq!(users[0]["emailVerified"], false);
    assert_eq!(users[0]["attributes"]["phoneNumber"][0], "+8613800138000");

    stage.portal.rename_user(OUYANG_JING, "欧阳婧");
    let responses = stage.click(&mut Browser::new(), OUYANG_JING).await;
    let returning = claims(
        stage.app.tokens(&responses).await["id_token"]
            .as_str()
            .unwrap(),
    );
    assert_eq!(returning["sub"], new["sub"]);
    assert_eq!(returning["given_name"], "婧");
    assert_eq!(returning["family_name"], "欧阳");
    assert_eq!(stage.admin.users().await.len(), 1);
    assert_eq!(stage.portal.calls().user_by_ticket, 2);
}

#[tokio::test]
async fn an_account_without_a_personal_name_sees_no_page_either() {
    let stage = Stage::start("no-person", ES256).await;
    let company = "新耀分公司(测试/一组)";
    stage.portal.add_user(Person::new(88, company, ""));
    let responses = stage.click(&mut Browser::new(), 88).await;
    let id_token = claims(
        stage.app.tokens(&responses).await["id_token"]
            .as_str()
            .unwrap(),
    );
    assert_eq!(id_token["preferred_username"], "88");
    let users = stage.admin.users().await;
    assert_eq!(users[0]["firstName"], "新耀分公司（测试／一组）");
    assert_eq!(users[0]["lastName"], "-");
}

#[tokio::test]
async fn f10_a_login_that_began_in_the_application_resumes_at_the_launch() {
    let stage = Stage::start("app-first", RS256).await;
    let mut browser = Browser::new();
    // Without kc_idp_hint, Keycloak uses the default provider of the realm.
    let responses = browser.follow(stage.app.authorize_url(&[])).await;
    let page = responses.last().unwrap();
    assert_eq!(page.url.path(), "/authorize");
    assert!(page.body.contains("请从熊猫智慧水务门户进入"));

    let responses = stage.click(&mut browser, CHEN_TAO).await;
    let resumed = &responses[1].url;
    assert!(resumed.path().starts_with("/resume/"), "{resumed}");
    assert_eq!(
        stage.app.returned(&responses, "state").as_deref(),
        Some("the-state")
    );
    let id_token = claims(
        stage.app.tokens(&responses).await["id_token"]
            .as_str()
            .unwrap(),
    );
    assert_eq!(id_token["preferred_username"], "1");
    assert_eq!(id_token["given_name"], "涛");
    assert_eq!(id_token["nonce"], "the-nonce");

    let ticket = stage.portal.issue_ticket(HEI_LONG_JIANG);
    let entry = format!("/launch/{OTHER_ENTRY}?ticket={ticket}");
    let responses = Browser::new().follow(stage.program.at(&entry)).await;
    let id_token = claims(
        stage.app.tokens(&responses).await["id_token"]
            .as_str()
            .unwrap(),
    );
    assert_eq!(id_token["preferred_username"], "2");
}

//! A login of one client asks for a token for another, a service that is not open to the person: N44,
//! docs/security.md. Such a service may check no more than the signature of a token and its `aud`.

use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::client;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const TICKET: &str = "urn:panda-oidc:token-type:ticket";
const PAYROLL: &str = "https://payroll";

/// `payroll` is open to Chen Tao alone. `wiki` may ask for tokens for it, and those of `clerk` are for
/// it unless they are asked for otherwise.
const CLIENTS: &str = "\
    [[clients]]\nclient_id = 'payroll'\nclient_secret = 'payroll-secret-0123456789'\n\
    redirect_uris = ['http://127.0.0.1:9/payroll']\nallow = { ids = ['1'] }\n\
    resources = ['https://payroll']\n\
    [[clients]]\nclient_id = 'wiki'\nclient_secret = 'wiki-secret-0123456789'\n\
    redirect_uris = ['http://127.0.0.1:9/wiki']\n\
    allowed_resources = ['https://payroll', 'https://plain']\n\
    [[clients]]\nclient_id = 'clerk'\nclient_secret = 'clerk-secret-0123456789'\n\
    redirect_uris = ['http://127.0.0.1:9/clerk']\naccess_token_audience = ['payroll']\n\
    grant_types = ['authorization_code', 'urn:ietf:params:oauth:grant-type:token-exchange']\n\
    subject_token_types = ['urn:panda-oidc:token-type:ticket']\n\
    allowed_resources = ['https://plain']\n\
    [[clients]]\nclient_id = 'strict'\nclient_secret = 'strict-secret-0123456789'\n\
    redirect_uris = ['http://127.0.0.1:9/strict']\naccess_token_audience = ['payroll']\n";

async fn provider() -> TestProvider {
    TestProvider::open_with(CLIENTS, "").await
}

async fn code(client: &RelyingParty, browser: &mut Browser) -> String {
    let url = client.authorize_url(&[("scope", "openid offline_access")]);
    RelyingParty::code(&browser.get(url).await)
}

#[track_caller]
fn assert_invalid_target(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    let error = answer.json();
    assert_eq!(error["error"], "invalid_target", "{}", answer.body);
    let description = error["error_description"].as_str().unwrap();
    assert_eq!(description, "the service is not open to the person");
}

#[track_caller]
fn assert_audience(answer: &Answer, audience: &str) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let access_token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(claims(&access_token)["aud"], audience);
}

/// `resource` stands in the address bar of the person, who can write any that the client may ask for.
#[tokio::test]
async fn n44_a_login_may_not_ask_for_a_service_that_is_closed() {
    let provider = provider().await;
    let wiki = client(&provider, "wiki");
    let resource = ("resource", PAYROLL);
    let mut browser = provider.signed_in(HEI_LONG_JIANG).await;
    for changes in [&[resource][..], &[resource, ("prompt", "none")]] {
        let answer = browser.get(wiki.authorize_url(changes)).await;
        assert_eq!(answer.parameter("code"), None);
        assert_eq!(answer.parameter("error").unwrap(), "invalid_target");
        assert_eq!(answer.parameter("state").unwrap(), "the-state");
    }
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let url = wiki.authorize_url(&[resource]);
    let code = RelyingParty::code(&browser.get(url).await);
    assert_audience(&wiki.redeem(&code).await, PAYROLL);
}

#[tokio::test]
async fn n44_a_code_and_a_refresh_token_give_no_token_for_a_service_that_is_closed() {
    let provider = provider().await;
    let wiki = client(&provider, "wiki");
    let resource = [("resource", PAYROLL)];
    let mut browser = provider.signed_in(HEI_LONG_JIANG).await;
    let spent = code(&wiki, &mut browser).await;
    assert_invalid_target(&wiki.redeem_with(&spent, &resource).await);
    assert_eq!(wiki.redeem(&spent).await.json()["error"], "invalid_grant");

    let good = code(&wiki, &mut browser).await;
    let tokens = wiki.redeem(&good).await.json();
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    assert_invalid_target(&wiki.refresh_with(refresh_token, &resource).await);
    let plain = [("resource", "https://plain")];
    let answer = wiki.refresh_with(refresh_token, &plain).await;
    assert_audience(&answer, "https://plain");
}

#[tokio::test]
async fn n44_the_configured_audience_of_a_client_opens_no_service_that_is_closed() {
    let provider = provider().await;
    let (clerk, strict) = (client(&provider, "clerk"), client(&provider, "strict"));
    let mut browser = provider.signed_in(HEI_LONG_JIANG).await;
    // The token request may still ask for another service.
    let first = clerk.login(&mut browser).await;
    assert_invalid_target(&clerk.redeem(&first).await);
    let second = clerk.login(&mut browser).await;
    let plain = [("resource", "https://plain")];
    assert_audience(&clerk.redeem_with(&second, &plain).await, "https://plain");
    // There is no other service here, so the login is refused at once.
    let answer = browser.get(strict.authorize_url(&[])).await;
    assert_eq!(answer.parameter("error").unwrap(), "invalid_target");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for client in [clerk, strict] {
        let code = client.login(&mut browser).await;
        assert_audience(&client.redeem(&code).await, "payroll");
    }
}

#[tokio::test]
async fn n44_a_ticket_exchange_checks_the_configured_audience_too() {
    let provider = provider().await;
    let clerk = client(&provider, "clerk");
    let exchange = async |user, target: &[(&str, &str)]| {
        let ticket = provider.portal.issue_ticket(user);
        let mut form = vec![("grant_type", EXCHANGE), ("subject_token_type", TICKET)];
        form.push(("subject_token", &ticket));
        form.extend(target);
        clerk.token(&form).await
    };
    assert_invalid_target(&exchange(HEI_LONG_JIANG, &[]).await);
    let plain = [("resource", "https://plain")];
    assert_audience(&exchange(HEI_LONG_JIANG, &plain).await, "https://plain");
    assert_audience(&exchange(CHEN_TAO, &[]).await, "payroll");
}

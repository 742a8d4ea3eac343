//! Tickets and tokens exchanged by whoever should not: N37, N40, N61, N62.

use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

const TICKET: &str = "urn:panda-oidc:token-type:ticket";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

const CLIENTS: &str = "\
    [[clients]]\nclient_id = 'gateway'\nclient_secret = 'gateway-secret-0123456789'\n\
    redirect_uris = ['http://127.0.0.1:9/gateway']\n\
    grant_types = ['urn:ietf:params:oauth:grant-type:token-exchange', 'client_credentials']\n\
    subject_token_types = ['urn:panda-oidc:token-type:ticket', \
        'urn:ietf:params:oauth:token-type:access_token']\n\
    allowed_resources = ['https://billing']\n\
    [[clients]]\nclient_id = 'rival'\nclient_secret = 'rival-secret-0123456789'\n\
    redirect_uris = ['http://127.0.0.1:9/rival']\n\
    grant_types = ['urn:ietf:params:oauth:grant-type:token-exchange']\n\
    subject_token_types = ['urn:panda-oidc:token-type:ticket']\n\
    [[clients]]\nclient_id = 'app'\nclient_secret = 'app-secret-0123456789'\n\
    redirect_uris = ['http://127.0.0.1:9/app']\naccess_token_audience = ['gateway']\n";

async fn provider() -> TestProvider {
    TestProvider::open_with(CLIENTS, "").await
}

fn client(provider: &TestProvider, client_id: &str) -> RelyingParty {
    RelyingParty {
        issuer: provider.issuer.clone(),
        client_id: client_id.to_owned(),
        client_secret: Some(format!("{client_id}-secret-0123456789")),
        redirect_uri: format!("http://127.0.0.1:9/{client_id}"),
    }
}

async fn exchange(
    provider: &TestProvider,
    client_id: &str,
    token: (&str, &str),
    more: &[(&str, &str)],
) -> Answer {
    let mut form = vec![
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("subject_token_type", token.0),
        ("subject_token", token.1),
    ];
    form.extend(more);
    client(provider, client_id).token(&form).await
}

async fn login(provider: &TestProvider, client_id: &str, browser: &mut Browser) -> String {
    let client = client(provider, client_id);
    let code = client.login(browser).await;
    let tokens = client.redeem(&code).await.json();
    tokens["access_token"].as_str().unwrap().to_owned()
}

#[track_caller]
fn refused(answer: &Answer, error: &str) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json()["error"], error, "{}", answer.body);
    assert_eq!(answer.json().get("access_token"), None);
}

#[tokio::test]
async fn n61_a_ticket_has_one_owner_be_it_a_browser_or_a_client() {
    let provider = provider().await;
    let of_a_browser = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={of_a_browser}"));
    assert_eq!(Browser::new().get(launch).await.status, 303);
    let of_a_client = provider.portal.issue_ticket(CHEN_TAO);
    let taken = exchange(&provider, "gateway", (TICKET, &of_a_client), &[]).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    provider.portal.forget_calls();

    for (client_id, ticket) in [
        ("gateway", &of_a_browser),
        ("rival", &of_a_browser),
        ("rival", &of_a_client),
    ] {
        let answer = exchange(&provider, client_id, (TICKET, ticket), &[]).await;
        refused(&answer, "invalid_request");
    }
    let launch = provider.at(&format!("/launch/grafana?ticket={of_a_client}"));
    assert_eq!(Browser::new().get(&launch).await.status, 403);
    // Not even a browser that calls itself what the client is remembered by.
    let mut posing = Browser::new();
    posing
        .cookies
        .insert("panda-oidc-browser".to_owned(), "client gateway".to_owned());
    assert_eq!(posing.get(&launch).await.status, 403);
    assert_eq!(
        provider.portal.calls().user_by_ticket,
        0,
        "the portal is not even asked"
    );
}

#[tokio::test]
async fn n50_a_client_that_serves_many_replaces_nobody() {
    let provider = provider().await;
    let mut tokens = Vec::new();
    for user in [CHEN_TAO, HEI_LONG_JIANG] {
        let ticket = provider.portal.issue_ticket(user);
        let more = [("scope", "openid")];
        let answer = exchange(&provider, "gateway", (TICKET, &ticket), &more).await;
        tokens.push(answer.json()["access_token"].as_str().unwrap().to_owned());
    }
    for (token, sub) in tokens.iter().zip(["1", "2"]) {
        let userinfo = client(&provider, "gateway").userinfo(token).await;
        assert_eq!(userinfo.json()["sub"], sub);
    }
}

#[tokio::test]
async fn n40_a_token_that_is_over_or_for_somebody_else_is_exchanged_for_nothing() {
    let provider = provider().await;
    let target = [("resource", "https://billing")];
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut browser).await;
    let tokens = grafana.redeem(&code).await.json();
    let of_grafana = tokens["access_token"].as_str().unwrap().to_owned();
    let id_token = tokens["id_token"].as_str().unwrap().to_owned();
    let own = client(&provider, "gateway")
        .token(&[("grant_type", "client_credentials")])
        .await
        .json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let revoked = login(&provider, "app", &mut browser).await;
    client(&provider, "app")
        .post_token("/revoke", &revoked)
        .await;
    let mut leaving = provider.signed_in(CHEN_TAO).await;
    let ended = login(&provider, "app", &mut leaving).await;
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    leaving
        .get_from(launch, provider.portal.url().as_str())
        .await;
    for token in [of_grafana, id_token, own, revoked, ended] {
        let answer = exchange(&provider, "gateway", (ACCESS_TOKEN, &token), &target).await;
        refused(&answer, "invalid_request");
    }
    let good = login(&provider, "app", &mut browser).await;
    provider.advance(chrono::TimeDelta::hours(1));
    let late = exchange(&provider, "gateway", (ACCESS_TOKEN, &good), &target).await;
    refused(&late, "invalid_request");
}

#[tokio::test]
async fn n40_no_audience_is_given_that_is_not_allowed_and_none_by_default() {
    let provider = provider().await;
    let held = login(&provider, "app", &mut provider.signed_in(CHEN_TAO).await).await;
    let it = (ACCESS_TOKEN, held.as_str());
    for more in [
        &[][..],
        &[("resource", "https://elsewhere")],
        &[("audience", "grafana")],
        &[("resource", "https://billing"), ("audience", "grafana")],
    ] {
        refused(
            &exchange(&provider, "gateway", it, more).await,
            "invalid_target",
        );
    }
    let target = ("resource", "https://billing");
    let answer = exchange(&provider, "gateway", it, &[target]).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(claims(&token)["aud"], "https://billing");
    // What was narrowed once is no way back to the whole.
    let again = exchange(
        &provider,
        "gateway",
        (ACCESS_TOKEN, &token),
        &[target, ("scope", "openid")],
    )
    .await;
    refused(&again, "invalid_scope");
}

#[tokio::test]
async fn n37_nobody_gets_the_scopes_of_a_person_without_one() {
    let provider = provider().await;
    for scope in ["openid", "profile", "x phone", "offline_access"] {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        refused(
            &client(&provider, "gateway").token(&form).await,
            "invalid_scope",
        );
    }
    let held = login(&provider, "app", &mut provider.signed_in(CHEN_TAO).await).await;
    let more = [
        ("resource", "https://billing"),
        ("scope", "openid offline_access"),
    ];
    let answer = exchange(&provider, "gateway", (ACCESS_TOKEN, &held), &more).await;
    refused(&answer, "invalid_scope");
}

#[tokio::test]
async fn n62_a_ticket_is_spent_once_its_session_was_ended() {
    let provider = provider().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let more = [("scope", "openid")];
    let answer = exchange(&provider, "gateway", (TICKET, &ticket), &more).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let introspected = client(&provider, "gateway")
        .post_token("/introspect", &token)
        .await;
    let sid = introspected.json()["sid"].as_str().unwrap().to_owned();
    let farewell = provider
        .app
        .logout_notifier
        .notice(None, provider.app.host.clock.now());
    provider
        .app
        .store
        .end(&sid.into(), &farewell)
        .await
        .unwrap()
        .unwrap();
    refused(
        &exchange(&provider, "gateway", (TICKET, &ticket), &more).await,
        "invalid_request",
    );
    assert_eq!(
        client(&provider, "gateway").userinfo(&token).await.status,
        401
    );
}

/// What a service gives up is its own; the login it was called with goes on.
#[tokio::test]
async fn n42_giving_up_an_exchanged_token_ends_nobody_elses_login() {
    let provider = provider().await;
    let held = login(&provider, "app", &mut provider.signed_in(CHEN_TAO).await).await;
    let target = [("resource", "https://billing")];
    let answer = exchange(&provider, "gateway", (ACCESS_TOKEN, &held), &target).await;
    let exchanged = answer.json()["access_token"].as_str().unwrap().to_owned();
    let gateway = client(&provider, "gateway");
    assert_eq!(gateway.post_token("/revoke", &exchanged).await.status, 200);
    let told = gateway.post_token("/introspect", &exchanged).await;
    assert_eq!(told.json()["active"], false);
    assert_eq!(client(&provider, "app").userinfo(&held).await.status, 200);
}

#[tokio::test]
async fn n40_a_ticket_brings_no_audience_that_is_not_allowed() {
    let provider = provider().await;
    for target in [
        ("audience", "https://elsewhere"),
        ("resource", "https://elsewhere"),
    ] {
        let ticket = provider.portal.issue_ticket(CHEN_TAO);
        let answer = exchange(&provider, "gateway", (TICKET, &ticket), &[target]).await;
        refused(&answer, "invalid_target");
    }
    assert_eq!(provider.portal.calls().user_by_ticket, 0);
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let target = [("audience", "https://billing")];
    let answer = exchange(&provider, "gateway", (TICKET, &ticket), &target).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(claims(&token)["aud"], "https://billing");
}

/// F3: each question to the portal lengthens the life of the ticket.
#[tokio::test]
async fn f3_the_portal_is_asked_once_however_often_a_ticket_is_exchanged() {
    let provider = provider().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let mut sids = Vec::new();
    for _ in 0..3 {
        let answer = exchange(&provider, "gateway", (TICKET, &ticket), &[]).await;
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        let gateway = client(&provider, "gateway");
        let told = gateway.post_token("/introspect", &token).await;
        sids.push(told.json()["sid"].clone());
    }
    assert!(
        sids[0].is_string() && sids.iter().all(|sid| *sid == sids[0]),
        "{sids:?}"
    );
    assert_eq!(provider.portal.calls().user_by_ticket, 1);
}

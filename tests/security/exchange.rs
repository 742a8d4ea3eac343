//! Token exchange (RFC 8693) of tickets and tokens that a client may not exchange: N37, N40, N42, N50,
//! N61 and N62, docs/security.md.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::support::app::claims;
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{BROWSER, client};

const TICKET: &str = "urn:panda-oidc:token-type:ticket";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

const CLIENTS: &str = "\
    [[clients]]\nclient_id = 'gateway'\nclient_secret = 'gateway-secret-0123456789'\n\
    redirect_uris = ['http://127.0.0.1:9/gateway']\n\
    grant_types = ['urn:ietf:params:oauth:grant-type:token-exchange', 'client_credentials', \
        'refresh_token']\n\
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

async fn exchange(
    provider: &TestProvider,
    client_id: &str,
    token: (&str, &str),
    extra: &[(&str, &str)],
) -> Answer {
    let mut form = vec![
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("subject_token_type", token.0),
        ("subject_token", token.1),
    ];
    form.extend(extra);
    client(provider, client_id).token(&form).await
}

async fn login(provider: &TestProvider, client_id: &str, browser: &mut Browser) -> String {
    let client = client(provider, client_id);
    let code = client.login(browser).await;
    let tokens = client.redeem(&code).await.json();
    tokens["access_token"].as_str().unwrap().to_owned()
}

#[track_caller]
fn assert_token_error(answer: &Answer, error: &str) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json()["error"], error, "{}", answer.body);
    assert_eq!(answer.json().get("access_token"), None);
}

#[tokio::test]
async fn n61_a_ticket_has_one_owner_a_browser_or_a_client() {
    let provider = provider().await;
    let of_a_browser = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={of_a_browser}"));
    assert_eq!(Browser::new().get(launch).await.status, 303);
    let of_a_client = provider.portal.issue_ticket(CHEN_TAO);
    let exchanged = exchange(&provider, "gateway", (TICKET, &of_a_client), &[]).await;
    assert_eq!(exchanged.status, 200, "{}", exchanged.body);
    provider.portal.forget_calls();

    for (client_id, ticket) in [
        ("gateway", &of_a_browser),
        ("rival", &of_a_browser),
        ("rival", &of_a_client),
    ] {
        let answer = exchange(&provider, client_id, (TICKET, ticket), &[]).await;
        assert_token_error(&answer, "invalid_request");
    }
    let launch = provider.at(&format!("/launch/grafana?ticket={of_a_client}"));
    assert_eq!(Browser::new().get(&launch).await.status, 403);
    // A browser cookie that imitates the client's identifier does not make the browser the owner.
    let mut impostor = Browser::new();
    impostor
        .cookies
        .insert("panda-oidc-browser".to_owned(), "client gateway".to_owned());
    assert_eq!(impostor.get(&launch).await.status, 403);
    assert_eq!(
        provider.portal.calls().user_by_ticket,
        0,
        "the portal is not asked"
    );
}

#[tokio::test]
async fn n50_a_client_that_exchanges_tickets_of_several_users_ends_no_session() {
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

/// A browser names its user agent in its cookie. None that it can work out is that of a person at a client.
#[tokio::test]
async fn n50_a_browser_cannot_name_the_user_agent_of_a_person_at_a_client() {
    let provider = provider().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let more = [("scope", "openid")];
    let answer = exchange(&provider, "gateway", (TICKET, &ticket), &more).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let user_agent =
        BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, b"client gateway 1"));
    let cookie = format!("{user_agent}.{}", "A".repeat(43));
    let mut browser = Browser::new();
    browser.cookies.insert(BROWSER.to_owned(), cookie);
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    browser
        .get(provider.at(&format!("/launch/grafana?ticket={ticket}")))
        .await;
    let userinfo = client(&provider, "gateway").userinfo(&token).await;
    assert_eq!(userinfo.status, 200, "the session goes on");
}

#[tokio::test]
async fn n40_a_token_that_is_invalid_or_for_another_client_is_not_exchanged() {
    let provider = provider().await;
    let target = [("resource", "https://billing")];
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut browser).await;
    let tokens = grafana.redeem(&code).await.json();
    let of_grafana = tokens["access_token"].as_str().unwrap().to_owned();
    let id_token = tokens["id_token"].as_str().unwrap().to_owned();
    let without_user = client(&provider, "gateway")
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
    let mut switching = provider.signed_in(CHEN_TAO).await;
    let of_ended_session = login(&provider, "app", &mut switching).await;
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    switching
        .get_from(launch, provider.portal.url().as_str())
        .await;
    for token in [
        of_grafana,
        id_token,
        without_user,
        revoked,
        of_ended_session,
    ] {
        let answer = exchange(&provider, "gateway", (ACCESS_TOKEN, &token), &target).await;
        assert_token_error(&answer, "invalid_request");
    }
    let expired = login(&provider, "app", &mut browser).await;
    provider.advance(chrono::TimeDelta::hours(1));
    let answer = exchange(&provider, "gateway", (ACCESS_TOKEN, &expired), &target).await;
    assert_token_error(&answer, "invalid_request");
}

#[tokio::test]
async fn n40_a_token_exchange_grants_only_allowed_audiences_and_none_by_default() {
    let provider = provider().await;
    let access_token = login(&provider, "app", &mut provider.signed_in(CHEN_TAO).await).await;
    let subject = (ACCESS_TOKEN, access_token.as_str());
    for parameters in [
        &[][..],
        &[("resource", "https://elsewhere")],
        &[("audience", "grafana")],
        &[("resource", "https://billing"), ("audience", "grafana")],
    ] {
        assert_token_error(
            &exchange(&provider, "gateway", subject, parameters).await,
            "invalid_target",
        );
    }
    let target = ("resource", "https://billing");
    let answer = exchange(&provider, "gateway", subject, &[target]).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(claims(&token)["aud"], "https://billing");
    // A token of narrower scope cannot be exchanged for one of wider scope.
    let again = exchange(
        &provider,
        "gateway",
        (ACCESS_TOKEN, &token),
        &[target, ("scope", "openid")],
    )
    .await;
    assert_token_error(&again, "invalid_scope");
}

#[tokio::test]
async fn n37_user_scopes_are_issued_only_if_a_login_granted_them() {
    let provider = provider().await;
    for scope in ["openid", "profile", "x phone", "offline_access"] {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        assert_token_error(
            &client(&provider, "gateway").token(&form).await,
            "invalid_scope",
        );
    }
    let access_token = login(&provider, "app", &mut provider.signed_in(CHEN_TAO).await).await;
    let more = [
        ("resource", "https://billing"),
        ("scope", "openid offline_access"),
    ];
    let answer = exchange(&provider, "gateway", (ACCESS_TOKEN, &access_token), &more).await;
    assert_token_error(&answer, "invalid_scope");
}

#[tokio::test]
async fn n62_a_ticket_cannot_be_used_after_its_session_ended() {
    let provider = provider().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let more = [("scope", "openid")];
    let answer = exchange(&provider, "gateway", (TICKET, &ticket), &more).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let introspected = client(&provider, "gateway")
        .post_token("/introspect", &token)
        .await;
    let sid = introspected.json()["sid"].as_str().unwrap().to_owned();
    let notice = provider
        .app
        .logout_notifier
        .notice(None, provider.app.host.clock.now());
    let ended = provider.app.store.end(&sid.into(), &notice).await.unwrap();
    assert_eq!(ended.len(), 1);
    assert_token_error(
        &exchange(&provider, "gateway", (TICKET, &ticket), &more).await,
        "invalid_request",
    );
    assert_eq!(
        client(&provider, "gateway").userinfo(&token).await.status,
        401
    );
}

/// A service may revoke the token that it got by exchange. The login behind it goes on.
#[tokio::test]
async fn n42_revoking_an_exchanged_token_does_not_end_the_login() {
    let provider = provider().await;
    let access_token = login(&provider, "app", &mut provider.signed_in(CHEN_TAO).await).await;
    let target = [("resource", "https://billing")];
    let answer = exchange(&provider, "gateway", (ACCESS_TOKEN, &access_token), &target).await;
    let exchanged = answer.json()["access_token"].as_str().unwrap().to_owned();
    let gateway = client(&provider, "gateway");
    assert_eq!(gateway.post_token("/revoke", &exchanged).await.status, 200);
    let introspected = gateway.post_token("/introspect", &exchanged).await;
    assert_eq!(introspected.json()["active"], false);
    assert_eq!(
        client(&provider, "app")
            .userinfo(&access_token)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn n40_a_ticket_exchange_grants_only_allowed_audiences() {
    let provider = provider().await;
    for target in [
        ("audience", "https://elsewhere"),
        ("resource", "https://elsewhere"),
    ] {
        let ticket = provider.portal.issue_ticket(CHEN_TAO);
        let answer = exchange(&provider, "gateway", (TICKET, &ticket), &[target]).await;
        assert_token_error(&answer, "invalid_target");
    }
    assert_eq!(provider.portal.calls().user_by_ticket, 0);
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let target = [("audience", "https://billing")];
    let answer = exchange(&provider, "gateway", (TICKET, &ticket), &target).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(claims(&token)["aud"], "https://billing");
}

/// Each validation at the portal extends the ticket, so there must be only one.
#[tokio::test]
async fn f3_a_ticket_that_is_exchanged_repeatedly_is_validated_once() {
    let provider = provider().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let mut sids = Vec::new();
    for _ in 0..3 {
        let answer = exchange(&provider, "gateway", (TICKET, &ticket), &[]).await;
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        let gateway = client(&provider, "gateway");
        let introspected = gateway.post_token("/introspect", &token).await;
        sids.push(introspected.json()["sid"].clone());
    }
    assert!(
        sids[0].is_string() && sids.iter().all(|sid| *sid == sids[0]),
        "{sids:?}"
    );
    assert_eq!(provider.portal.calls().user_by_ticket, 1);
}

/// A person whom an app identifies by tickets has no logout page. The app signs them out by revoking
/// what it got.
#[tokio::test]
async fn n62_a_client_that_revokes_its_exchange_has_spent_the_ticket() {
    let provider = provider().await;
    let gateway = client(&provider, "gateway");
    for revoked in ["access_token", "refresh_token"] {
        let ticket = provider.portal.issue_ticket(CHEN_TAO);
        let scope = [("scope", "openid offline_access")];
        let answer = exchange(&provider, "gateway", (TICKET, &ticket), &scope).await;
        let tokens = answer.json();
        let other = exchange(&provider, "gateway", (TICKET, &ticket), &scope).await;
        let other = other.json()["access_token"].as_str().unwrap().to_owned();
        let token = tokens[revoked].as_str().unwrap();
        assert_eq!(gateway.post_token("/revoke", token).await.status, 200);
        assert_eq!(gateway.userinfo(&other).await.status, 401, "{revoked}");
        provider.portal.forget_calls();
        let again = exchange(&provider, "gateway", (TICKET, &ticket), &scope).await;
        assert_token_error(&again, "invalid_request");
        assert_eq!(provider.portal.calls().user_by_ticket, 0, "{revoked}");
    }
    // Another ticket of the same person goes on.
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let answer = exchange(&provider, "gateway", (TICKET, &ticket), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn n61_a_ticket_that_counts_once_is_exchanged_once() {
    let clients = format!("[session]\nticket_replay = 'once'\n{CLIENTS}");
    let provider = TestProvider::open_with(&clients, "").await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let first = exchange(&provider, "gateway", (TICKET, &ticket), &[]).await;
    assert_eq!(first.status, 200, "{}", first.body);
    provider.portal.forget_calls();
    for spelling in [ticket.clone(), ticket.to_uppercase()] {
        let again = exchange(&provider, "gateway", (TICKET, &spelling), &[]).await;
        assert_token_error(&again, "invalid_request");
    }
    assert_eq!(provider.portal.calls().user_by_ticket, 0);
    let token = first.json()["access_token"].as_str().unwrap().to_owned();
    let introspected = client(&provider, "gateway")
        .post_token("/introspect", &token)
        .await;
    assert_eq!(introspected.json()["active"], true, "the first goes on");
}

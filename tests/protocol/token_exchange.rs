//! Token exchange: RFC 8693.

use chrono::TimeDelta;
use serde_json::Value;

use crate::kit::{registered, registration, tokens, verified};
use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;

const EXCHANGE: (&str, &str) = (
    "grant_type",
    "urn:ietf:params:oauth:grant-type:token-exchange",
);
const TICKET: &str = "urn:panda-oidc:token-type:ticket";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

const BACKEND: &str = "\
    grant_types = ['urn:ietf:params:oauth:grant-type:token-exchange', 'refresh_token']\n\
    subject_token_types = ['urn:panda-oidc:token-type:ticket', \
        'urn:ietf:params:oauth:token-type:access_token']\n\
    resources = ['https://gateway']\n\
    allowed_resources = ['https://billing', 'stock']";

/// A provider and two clients. `gateway` may exchange tokens. The access tokens of `app` have the
/// audience `https://gateway`, the resource of `gateway`.
async fn provider() -> (TestProvider, RelyingParty, RelyingParty) {
    let clients = registration("gateway", BACKEND)
        + &registration("app", "access_token_audience = ['https://gateway']");
    let provider = TestProvider::open_with(&clients, "").await;
    let (gateway, app) = (
        registered(&provider, "gateway"),
        registered(&provider, "app"),
    );
    (provider, gateway, app)
}

async fn exchange(client: &RelyingParty, token: (&str, &str), more: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        EXCHANGE,
        ("subject_token_type", token.0),
        ("subject_token", token.1),
    ];
    form.extend(more);
    client.token(&form).await
}

#[track_caller]
fn assert_error(answer: &Answer, error: &str) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json()["error"], error, "{}", answer.body);
}

fn access_token(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

#[tokio::test]
async fn a_ticket_is_exchanged_for_an_access_token_of_its_user() {
    let (provider, gateway, _) = provider().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let more = [("scope", "openid profile"), ("resource", "https://billing")];
    let answer = exchange(&gateway, (TICKET, &ticket), &more).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = answer.json();
    assert_eq!(tokens["issued_token_type"], ACCESS_TOKEN, "§2.2.1");
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["scope"], "openid profile");
    assert_eq!(tokens.get("id_token"), None);
    assert_eq!(tokens.get("refresh_token"), None);
    let claims = verified(&provider, access_token(&tokens)).await;
    assert_eq!(
        (&claims["sub"], &claims["aud"]),
        (&"1".into(), &"https://billing".into())
    );
    let userinfo = gateway.userinfo(access_token(&tokens)).await.json();
    assert_eq!(userinfo["name"], "陈涛");
    assert_eq!(provider.portal.calls().user_by_ticket, 1);
}

#[tokio::test]
async fn offline_access_adds_a_refresh_token_that_works() {
    let (provider, gateway, _) = provider().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let more = [("scope", "openid offline_access")];
    let tokens = exchange(&gateway, (TICKET, &ticket), &more).await.json();
    provider.advance(TimeDelta::days(2));
    let answer = gateway
        .refresh(tokens["refresh_token"].as_str().unwrap())
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let userinfo = gateway.userinfo(access_token(&answer.json())).await;
    assert_eq!(userinfo.json()["sub"], "1");
}

#[tokio::test]
async fn a_client_that_always_gets_refresh_tokens_gets_one_for_a_ticket() {
    let client = registration("gateway", &format!("{BACKEND}\nrefresh_token = 'always'"))
        + &registration("app", "access_token_audience = ['https://gateway']");
    let provider =
        TestProvider::open_with(&format!("[session]\nlifetime = '1h'\n{client}"), "").await;
    let (gateway, app) = (
        registered(&provider, "gateway"),
        registered(&provider, "app"),
    );
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let tokens = exchange(&gateway, (TICKET, &ticket), &[]).await.json();
    let refresh = async |tokens: &Value| {
        let token = tokens["refresh_token"].as_str().expect("a refresh token");
        gateway.refresh(token).await
    };
    provider.advance(TimeDelta::minutes(59));
    let again = refresh(&tokens).await;
    assert_eq!(again.status, 200, "{}", again.body);
    provider.advance(TimeDelta::minutes(2));
    // The refresh token expires with the session of the ticket.
    assert_error(&refresh(&again.json()).await, "invalid_grant");
    // The exchange of an access token adds no refresh token: the original grant has its own.
    let subject_tokens = crate::kit::tokens(&app, &mut provider.signed_in(CHEN_TAO).await).await;
    let more = [("audience", "stock")];
    let answer = exchange(
        &gateway,
        (ACCESS_TOKEN, access_token(&subject_tokens)),
        &more,
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json().get("refresh_token"), None);
}

#[tokio::test]
async fn an_access_token_is_exchanged_for_one_with_less_access() {
    let (provider, gateway, app) = provider().await;
    let subject_tokens = tokens(&app, &mut provider.signed_in(CHEN_TAO).await).await;
    provider.advance(TimeDelta::minutes(50));
    let more = [("audience", "stock"), ("scope", "profile")];
    let answer = exchange(
        &gateway,
        (ACCESS_TOKEN, access_token(&subject_tokens)),
        &more,
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = answer.json();
    assert_eq!(
        tokens["expires_in"], 600,
        "it expires with the subject token"
    );
    assert_eq!(tokens["scope"], "profile");
    let new = verified(&provider, access_token(&tokens)).await;
    assert_eq!(new["aud"], "stock");
    assert_eq!(new["client_id"], "gateway");
    assert_eq!(new["sub"], "1");
    assert_eq!(new["exp"], claims(access_token(&subject_tokens))["exp"]);
    assert_eq!(gateway.userinfo(access_token(&tokens)).await.status, 403);
    // Revoking the subject token revokes the exchanged token too.
    app.post_token("/revoke", access_token(&subject_tokens))
        .await;
    let introspection = gateway
        .post_token("/introspect", access_token(&tokens))
        .await;
    assert_eq!(introspection.json()["active"], false);
}

#[tokio::test]
async fn what_the_login_ignored_is_ignored_at_the_exchange() {
    let (provider, gateway, app) = provider().await;
    let subject = tokens(&app, &mut provider.signed_in(CHEN_TAO).await).await;
    let subject = (ACCESS_TOKEN, access_token(&subject));
    let more = [("audience", "stock"), ("scope", "openid profile email")];
    let answer = exchange(&gateway, subject, &more).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["scope"], "profile");
    let wider = [("audience", "stock"), ("scope", "openid offline_access")];
    assert_error(&exchange(&gateway, subject, &wider).await, "invalid_scope");
    // A ticket yields what a login yields, and its refresh accepts the same scope.
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let more = [("scope", "openid email offline_access")];
    let answer = exchange(&gateway, (TICKET, &ticket), &more).await;
    assert_eq!(answer.json()["scope"], "openid offline_access");
    let refresh_token = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    let refreshed = gateway.refresh_with(&refresh_token, &more).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
}

#[tokio::test]
async fn an_invalid_request_gets_its_error_and_does_not_use_the_ticket() {
    let (provider, gateway, _) = provider().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let valid_ticket = (TICKET, ticket.as_str());
    for (token, more, error) in [
        (("", "x"), &[][..], "invalid_request"),
        ((TICKET, ""), &[], "invalid_request"),
        (
            ("urn:ietf:params:oauth:token-type:saml2", "x"),
            &[],
            "invalid_request",
        ),
        (valid_ticket, &[("actor_token", "x")], "invalid_request"),
        (
            valid_ticket,
            &[(
                "requested_token_type",
                "urn:ietf:params:oauth:token-type:id_token",
            )],
            "invalid_request",
        ),
        (
            valid_ticket,
            &[("resource", "https://elsewhere")],
            "invalid_target",
        ),
        ((TICKET, "never-was"), &[], "invalid_request"),
        ((TICKET, "a\u{7}b"), &[], "invalid_request"),
    ] {
        let answer = exchange(&gateway, token, more).await;
        assert_eq!(
            answer.json()["error"],
            error,
            "{token:?} {more:?}: {}",
            answer.body
        );
    }
    let answer = exchange(&gateway, valid_ticket, &[]).await;
    assert_eq!(
        answer.status, 200,
        "no failed request used the ticket: {}",
        answer.body
    );
}

#[tokio::test]
async fn while_the_portal_is_down_the_client_gets_retry_after() {
    let (provider, gateway, _) = provider().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    provider
        .portal
        .set_fault(panda_oidc_panda::simulator::Fault::Dead)
        .await;
    let answer = exchange(&gateway, (TICKET, &ticket), &[]).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
    assert_ne!(answer.header("retry-after"), "");
}

#[tokio::test]
async fn a_client_exchanges_only_what_it_is_registered_for() {
    let lines = "grant_types = ['urn:ietf:params:oauth:grant-type:token-exchange']\n\
        subject_token_types = ['urn:panda-oidc:token-type:ticket']";
    let provider = TestProvider::open_with(&registration("gateway", lines), "").await;
    let gateway = registered(&provider, "gateway");
    assert_error(
        &exchange(&gateway, (ACCESS_TOKEN, "x"), &[]).await,
        "unauthorized_client",
    );
    assert_error(
        &exchange(&provider.client("grafana"), (TICKET, "x"), &[]).await,
        "unauthorized_client",
    );
    assert_eq!(Browser::new().get(provider.at("/token")).await.status, 405);
}

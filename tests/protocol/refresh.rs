//! Refresh tokens: RFC 6749 §6, OIDC Core §11 and §12.

use chrono::TimeDelta;
use panda_oidc_panda::simulator::Person;
use serde_json::Value;

use crate::kit::{registered, registration, verified};
use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;

const OFFLINE: (&str, &str) = ("scope", "openid profile offline_access");

async fn login(client: &RelyingParty, browser: &mut Browser, scope: (&str, &str)) -> Value {
    let answer = browser.get(client.authorize_url(&[scope])).await;
    let answer = client.redeem(&RelyingParty::code(&answer)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn refresh_token(tokens: &Value) -> &str {
    tokens["refresh_token"].as_str().expect("a refresh token")
}

#[tokio::test]
async fn a_refresh_token_is_issued_for_offline_access_only() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let tokens = login(&grafana, &mut browser, ("scope", "openid")).await;
    assert_eq!(tokens.get("refresh_token"), None);
    let tokens = login(&grafana, &mut browser, OFFLINE).await;
    assert_eq!(tokens["scope"], "openid profile offline_access");
    assert!(refresh_token(&tokens).len() >= 43);
}

#[tokio::test]
async fn a_refresh_issues_new_tokens_of_the_same_session() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let first = login(&grafana, &mut browser, OFFLINE).await;
    provider.advance(TimeDelta::minutes(5));
    let answer = grafana.refresh(refresh_token(&first)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let second = answer.json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["token_type"], "Bearer");
    assert_eq!(second["scope"], first["scope"]);
    let (before, after) = (
        claims(first["id_token"].as_str().unwrap()),
        verified(&provider, second["id_token"].as_str().unwrap()).await,
    );
    // OIDC Core §12.2
    for claim in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(after[claim], before[claim], "{claim}");
    }
    assert_eq!(after["iat"], before["iat"].as_i64().unwrap() + 300);
    assert_eq!(after.get("nonce"), None);
    let access = second["access_token"].as_str().unwrap();
    assert_ne!(
        claims(access)["jti"],
        claims(first["access_token"].as_str().unwrap())["jti"]
    );
    assert_eq!(grafana.userinfo(access).await.json()["sub"], "1");
    assert_eq!(provider.portal.calls().user_by_ticket, 1);
}

#[tokio::test]
async fn a_refresh_reads_the_users_claims_again() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let first = login(&grafana, &mut browser, OFFLINE).await;
    provider
        .portal
        .add_user(Person::new(CHEN_TAO, "陈涛涛", "18221999045"));
    provider.signed_in(CHEN_TAO).await;
    let second = grafana.refresh(refresh_token(&first)).await.json();
    assert_eq!(
        claims(second["id_token"].as_str().unwrap())["name"],
        "陈涛涛"
    );
}

#[tokio::test]
async fn a_refresh_may_narrow_the_scope_and_the_next_one_restores_it() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let first = login(&grafana, &mut browser, OFFLINE).await;
    let narrow = grafana
        .refresh_with(refresh_token(&first), &[("scope", "openid user:email")])
        .await
        .json();
    assert_eq!(narrow["scope"], "openid");
    assert_eq!(
        claims(narrow["id_token"].as_str().unwrap()).get("name"),
        None
    );
    let userinfo = grafana
        .userinfo(narrow["access_token"].as_str().unwrap())
        .await;
    assert_eq!(
        userinfo.json().get("name"),
        None,
        "the access token has the narrow scope too"
    );
    let wide = grafana.refresh(refresh_token(&narrow)).await.json();
    assert_eq!(
        wide["scope"], first["scope"],
        "§6: an omitted scope means all that was granted"
    );
}

/// "MUST NOT include any scope not originally granted" (§6).
#[tokio::test]
async fn a_scope_that_was_not_granted_is_invalid_and_does_not_use_the_token() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let first = login(&grafana, &mut browser, OFFLINE).await;
    for scope in ["user:email", "email groups", " ", "OPENID", "openid phone"] {
        let answer = grafana
            .refresh_with(refresh_token(&first), &[("scope", scope)])
            .await;
        assert_eq!(answer.status, 400, "{scope}: {}", answer.body);
        assert_eq!(answer.json()["error"], "invalid_scope", "{scope}");
    }
    let answer = grafana.refresh(refresh_token(&first)).await;
    assert_eq!(answer.status, 200, "the refresh token was not used up");
}

/// oauthlib and angular-oauth2-oidc repeat the scope of the login at each refresh.
#[tokio::test]
async fn what_was_ignored_at_the_login_is_ignored_at_the_refresh() {
    let lines = "refresh_token = 'always'\nemail = '{{ user.id }}@panda.invalid'";
    let provider = TestProvider::open_with(&registration("mail", lines), "").await;
    let (grafana, mail) = (provider.client("grafana"), registered(&provider, "mail"));
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for scope in [
        "openid profile email offline_access",
        "email openid offline_access groups",
    ] {
        let first = login(&grafana, &mut browser, ("scope", scope)).await;
        let answer = grafana
            .refresh_with(refresh_token(&first), &[("scope", scope)])
            .await;
        assert_eq!(answer.status, 200, "{scope}: {}", answer.body);
        assert_eq!(answer.json()["scope"], first["scope"], "{scope}");
        // It narrows as before, and what could be had and was not granted is refused.
        let next = answer.json();
        let next = refresh_token(&next);
        let wider = [("scope", "openid email phone")];
        let refused = grafana.refresh_with(next, &wider).await;
        assert_eq!(refused.json()["error"], "invalid_scope", "{scope}");
        let narrower = [("scope", "openid email")];
        let narrow = grafana.refresh_with(next, &narrower).await;
        assert_eq!(narrow.json()["scope"], "openid", "{scope}");
    }
    // A client that can have addresses and did not ask for them at the login cannot add them.
    let first = login(&mail, &mut browser, ("scope", "openid")).await;
    for scope in ["openid email", "openid offline_access"] {
        let answer = mail
            .refresh_with(refresh_token(&first), &[("scope", scope)])
            .await;
        assert_eq!(answer.json()["error"], "invalid_scope", "{scope}");
    }
}

#[tokio::test]
async fn two_replicas_that_refresh_at_once_get_the_same_successor() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let first = login(&grafana, &mut browser, OFFLINE).await;
    let token = refresh_token(&first);
    let (one, two) = tokio::join!(grafana.refresh(token), grafana.refresh(token));
    provider.advance(TimeDelta::seconds(9));
    let three = grafana.refresh(token).await;
    let successors: Vec<_> = [&one, &two, &three]
        .map(|answer| answer.json()["refresh_token"].clone())
        .into();
    assert!(
        successors
            .iter()
            .all(|token| *token == successors[0] && token.is_string())
    );
    let next = grafana.refresh(successors[0].as_str().unwrap()).await;
    assert_eq!(next.status, 200);
}

#[tokio::test]
async fn only_an_offline_refresh_token_outlives_the_session() {
    let sections = "[session]\nlifetime = '1h'\n".to_owned()
        + &registration("app", "refresh_token = 'always'");
    let provider = TestProvider::open_with(&sections, "").await;
    let (grafana, app) = (provider.client("grafana"), registered(&provider, "app"));
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let offline = login(&grafana, &mut browser, OFFLINE).await;
    let bound = login(&app, &mut browser, ("scope", "openid")).await;
    provider.advance(TimeDelta::minutes(59));
    let bound = app.refresh(refresh_token(&bound)).await.json();
    provider.advance(TimeDelta::minutes(1));
    let expired = app.refresh(refresh_token(&bound)).await;
    assert_eq!(expired.json()["error"], "invalid_grant");
    let offline = grafana.refresh(refresh_token(&offline)).await;
    assert_eq!(offline.status, 200);
    let access = offline.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(grafana.userinfo(&access).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_expires_by_idle_time_and_by_age() {
    let client = registration(
        "app",
        "refresh_token_lifetime = '3h'\nrefresh_token_idle_lifetime = '2h'",
    );
    let provider = TestProvider::open_with(&client, "").await;
    let app = registered(&provider, "app");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let idle = login(&app, &mut browser, OFFLINE).await;
    let used = login(&app, &mut browser, OFFLINE).await;
    provider.advance(TimeDelta::minutes(119));
    let used = app.refresh(refresh_token(&used)).await.json();
    provider.advance(TimeDelta::minutes(1));
    let answer = app.refresh(refresh_token(&idle)).await;
    assert_eq!(answer.json()["error"], "invalid_grant");
    provider.advance(TimeDelta::minutes(60));
    let answer = app.refresh(refresh_token(&used)).await;
    assert_eq!(
        answer.json()["error"],
        "invalid_grant",
        "older than three hours"
    );
}

#[tokio::test]
async fn a_client_without_the_refresh_grant_gets_no_refresh_token() {
    let client = registration("app", "grant_types = ['authorization_code']");
    let provider = TestProvider::open_with(&client, "").await;
    let (app, grafana) = (registered(&provider, "app"), provider.client("grafana"));
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let tokens = login(&app, &mut browser, OFFLINE).await;
    assert_eq!(tokens.get("refresh_token"), None);
    assert_eq!(
        tokens["scope"], "openid profile",
        "offline_access is ignored, OIDC Core §11"
    );
    let other = login(&grafana, &mut browser, OFFLINE).await;
    let answer = app.refresh(refresh_token(&other)).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"], "unauthorized_client");
}

#[tokio::test]
async fn an_invalid_refresh_token_is_refused() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    for (token, error) in [
        ("", "invalid_request"),
        ("x", "invalid_grant"),
        (&"A".repeat(64), "invalid_grant"),
    ] {
        let answer = grafana.refresh(token).await;
        assert_eq!(answer.json()["error"], error, "{token}");
    }
    let code = grafana.login(&mut provider.signed_in(CHEN_TAO).await).await;
    let answer = grafana.refresh(&code).await;
    assert_eq!(answer.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn with_the_grafana_preset_a_logout_elsewhere_is_noticed_within_five_minutes() {
    let provider = TestProvider::open_with(&registration("boards", "preset = 'grafana'"), "").await;
    let boards = registered(&provider, "boards");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let first = login(&boards, &mut browser, ("scope", "openid profile email")).await;
    assert_eq!(first["expires_in"], 300);
    let second = boards.refresh(refresh_token(&first)).await.json();
    assert_eq!(second["expires_in"], 300);
    let hint = second["id_token"].as_str().unwrap();
    let logout = provider.at(&format!("/logout?id_token_hint={hint}"));
    assert_eq!(browser.get(logout).await.status, 200);
    let after = boards.refresh(refresh_token(&second)).await;
    assert_eq!(after.json()["error"], "invalid_grant");
}

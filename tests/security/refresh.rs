//! Refresh tokens that are reused, stolen, or presented for more than was granted: N21 and N35 to N39,
//! docs/security.md.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::support::app::RelyingParty;
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

async fn login(provider: &TestProvider, browser: &mut Browser) -> (RelyingParty, Value) {
    let grafana = provider.client("grafana");
    let url = grafana.authorize_url(&[("scope", "openid offline_access")]);
    let code = RelyingParty::code(&browser.get(url).await);
    let tokens = grafana.redeem(&code).await.json();
    (grafana, tokens)
}

fn token(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap().to_owned()
}

#[track_caller]
fn assert_invalid_grant(answer: &crate::support::browser::Answer) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn n35_a_refresh_token_reused_after_the_grace_period_revokes_its_family() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let (grafana, first) = login(&provider, &mut browser).await;
    let stolen = token(&first, "refresh_token");
    let second = grafana.refresh(&stolen).await.json();
    provider.advance(TimeDelta::seconds(10));
    assert_invalid_grant(&grafana.refresh(&stolen).await);
    assert_invalid_grant(&grafana.refresh(&token(&second, "refresh_token")).await);
    for tokens in [&first, &second] {
        let userinfo = grafana.userinfo(&token(tokens, "access_token")).await;
        assert_eq!(userinfo.status, 401);
    }
    let (grafana, tokens) = login(&provider, &mut browser).await;
    let fresh = grafana.refresh(&token(&tokens, "refresh_token")).await;
    assert_eq!(fresh.status, 200, "the user is still signed in");
}

#[tokio::test]
async fn n35_a_refresh_token_two_generations_old_revokes_the_family_even_within_the_grace_period() {
    let provider = TestProvider::open().await;
    let (grafana, first) = login(&provider, &mut provider.signed_in(CHEN_TAO).await).await;
    let first = token(&first, "refresh_token");
    let second = token(&grafana.refresh(&first).await.json(), "refresh_token");
    let third = token(&grafana.refresh(&second).await.json(), "refresh_token");
    assert_invalid_grant(&grafana.refresh(&first).await);
    assert_invalid_grant(&grafana.refresh(&third).await);
}

#[tokio::test]
async fn n35_a_forged_token_of_an_existing_family_revokes_the_family() {
    let provider = TestProvider::open().await;
    let (grafana, first) = login(&provider, &mut provider.signed_in(CHEN_TAO).await).await;
    let good = token(&first, "refresh_token");
    let mut forged = good.clone();
    let last = if good.ends_with('A') { "B" } else { "A" };
    forged.replace_range(63.., last);
    assert_invalid_grant(&grafana.refresh(&forged).await);
    assert_invalid_grant(&grafana.refresh(&good).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n36_24_concurrent_refreshes_get_the_same_successor() {
    let provider = TestProvider::open().await;
    let (grafana, first) = login(&provider, &mut provider.signed_in(CHEN_TAO).await).await;
    let first = token(&first, "refresh_token");
    let start = Arc::new(Barrier::new(24));
    let mut race = JoinSet::new();
    for _ in 0..24 {
        let (grafana, first, start) = (grafana.clone(), first.clone(), Arc::clone(&start));
        race.spawn(async move {
            start.wait().await;
            grafana.refresh(&first).await
        });
    }
    let answers = race.join_all().await;
    let next = token(&answers[0].json(), "refresh_token");
    for answer in &answers {
        assert_eq!(token(&answer.json(), "refresh_token"), next);
    }
    provider.advance(TimeDelta::seconds(10));
    assert_invalid_grant(&grafana.refresh(&first).await);
    assert_invalid_grant(&grafana.refresh(&next).await);
}

#[tokio::test]
async fn n37_a_refresh_cannot_widen_the_scope() {
    let provider = TestProvider::open().await;
    let (grafana, first) = login(&provider, &mut provider.signed_in(CHEN_TAO).await).await;
    let first = token(&first, "refresh_token");
    for scope in ["openid phone", "profile", "openid offline_access phone"] {
        let answer = grafana.refresh_with(&first, &[("scope", scope)]).await;
        assert_eq!(answer.json()["error"], "invalid_scope", "{scope}");
    }
    // A refused request does not spend the refresh token.
    assert_eq!(grafana.refresh(&first).await.status, 200);
}

#[tokio::test]
async fn n38_another_clients_refresh_is_refused_and_revokes_nothing() {
    let provider = TestProvider::open().await;
    let (grafana, first) = login(&provider, &mut provider.signed_in(CHEN_TAO).await).await;
    let first = token(&first, "refresh_token");
    for thief in [provider.client("keycloak"), provider.client("spa")] {
        assert_invalid_grant(&thief.refresh(&first).await);
    }
    let with_wrong_secret = RelyingParty {
        client_secret: Some("wrong-secret-0123456789".to_owned()),
        ..grafana.clone()
    };
    assert_eq!(
        with_wrong_secret.refresh(&first).await.json()["error"],
        "invalid_client"
    );
    assert_eq!(grafana.refresh(&first).await.status, 200);
}

#[tokio::test]
async fn n39_a_refresh_is_refused_after_the_session_ended() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let (grafana, first) = login(&provider, &mut browser).await;
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    browser
        .get_from(launch, provider.portal.url().as_str())
        .await;
    assert_invalid_grant(&grafana.refresh(&token(&first, "refresh_token")).await);
    let userinfo = grafana.userinfo(&token(&first, "access_token")).await;
    assert_eq!(userinfo.status, 401);
}

#[tokio::test]
async fn n21_a_code_presented_twice_revokes_its_refresh_token_family() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let url = grafana.authorize_url(&[("scope", "openid offline_access")]);
    let code = RelyingParty::code(&browser.get(url).await);
    let tokens = grafana.redeem(&code).await.json();
    assert_invalid_grant(&grafana.redeem(&code).await);
    assert_invalid_grant(&grafana.refresh(&token(&tokens, "refresh_token")).await);
}

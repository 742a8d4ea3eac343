//! The clock was ahead and is set right: what it dated into the future does not live on. N29, N35 and
//! N50, docs/security.md.

use chrono::TimeDelta;
use serde_json::Value;

use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::tools::user_of;

/// The code of a login with `offline_access`.
async fn login(provider: &TestProvider, browser: &mut Browser) -> (RelyingParty, String) {
    let grafana = provider.client("grafana");
    let url = grafana.authorize_url(&[("scope", "openid offline_access")]);
    let code = RelyingParty::code(&browser.get(url).await);
    (grafana, code)
}

fn token(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap().to_owned()
}

#[track_caller]
fn assert_invalid_grant(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn n29_a_code_of_a_clock_that_was_ahead_is_refused() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.clock.jump(TimeDelta::hours(1));
    let (grafana, code) = login(&provider, &mut browser).await;
    provider.clock.jump(TimeDelta::hours(-1));
    for seconds in [0, 75] {
        provider.advance(TimeDelta::seconds(seconds));
        assert_invalid_grant(&grafana.redeem(&code).await);
    }
}

#[tokio::test]
async fn n35_a_clock_that_was_ahead_prolongs_no_grace_period() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let (grafana, code) = login(&provider, &mut browser).await;
    let tokens = grafana.redeem(&code).await.json();
    let used = token(&tokens, "refresh_token");
    provider.clock.jump(TimeDelta::hours(1));
    let next = grafana.refresh(&used).await;
    assert_eq!(next.status, 200, "{}", next.body);
    provider.clock.jump(TimeDelta::hours(-1));
    provider.advance(TimeDelta::seconds(75));
    assert_invalid_grant(&grafana.refresh(&used).await);
    let successor = token(&next.json(), "refresh_token");
    assert_invalid_grant(&grafana.refresh(&successor).await);
}

/// The login of a person does not end because the clock was ahead when its token was refreshed.
#[tokio::test]
async fn the_latest_refresh_token_of_a_clock_that_was_ahead_is_good() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let (grafana, code) = login(&provider, &mut browser).await;
    let tokens = grafana.redeem(&code).await.json();
    provider.clock.jump(TimeDelta::hours(1));
    let next = grafana.refresh(&token(&tokens, "refresh_token")).await;
    provider.clock.jump(TimeDelta::hours(-1));
    let successor = token(&next.json(), "refresh_token");
    let answer = grafana.refresh(&successor).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn n50_a_session_of_a_clock_that_was_ahead_is_over_and_a_new_sign_in_continues_it() {
    let provider = TestProvider::open().await;
    provider.clock.jump(TimeDelta::days(30));
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let (grafana, unused) = login(&provider, &mut browser).await;
    let (_, code) = login(&provider, &mut browser).await;
    let tokens = grafana.redeem(&code).await.json();
    let access_token = token(&tokens, "access_token");
    assert_eq!(grafana.userinfo(&access_token).await.status, 200);
    provider.clock.jump(TimeDelta::days(-30));
    for days in [0, 29] {
        provider.advance(TimeDelta::days(days));
        assert_eq!(user_of(&provider, &mut browser).await, None, "{days}");
        assert_eq!(grafana.userinfo(&access_token).await.status, 401);
        assert_invalid_grant(&grafana.redeem(&unused).await);
    }
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_eq!(launched.status, 303, "{}", launched.body);
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
    // The time that the clock showed comes, and the session of the new sign-in is long over.
    provider.advance(TimeDelta::days(1));
    assert_eq!(user_of(&provider, &mut browser).await, None);
}

#[tokio::test]
async fn a_clock_that_is_set_back_by_hours_signs_nobody_out() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let (grafana, code) = login(&provider, &mut browser).await;
    let tokens = grafana.redeem(&code).await.json();
    provider.clock.jump(TimeDelta::hours(-2));
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
    let answer = grafana.refresh(&token(&tokens, "refresh_token")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Two servers over one database never agree to the second, and NTP corrects small errors.
#[tokio::test]
async fn a_clock_that_is_set_back_a_little_signs_nobody_out() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let (grafana, code) = login(&provider, &mut browser).await;
    let tokens = grafana.redeem(&code).await.json();
    let used = token(&tokens, "refresh_token");
    assert_eq!(grafana.refresh(&used).await.status, 200);
    let (_, second) = login(&provider, &mut browser).await;
    provider.clock.jump(TimeDelta::seconds(-5));
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
    let access_token = token(&tokens, "access_token");
    assert_eq!(grafana.userinfo(&access_token).await.status, 200);
    assert_eq!(grafana.refresh(&used).await.status, 200);
    assert_eq!(grafana.redeem(&second).await.status, 200);
}

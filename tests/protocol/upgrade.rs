//! The data of an earlier version keeps working: its configuration, its database, the cookies of its
//! browsers and the tokens of its clients. `tests/interop/upgrade.rs` runs the built binary on them.

use chrono::TimeDelta;
use panda_oidc::directory::Outcome;
use panda_oidc::jobs::directory_sync::{self, SyncOptions};

use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::earlier_data::EarlierData;
use crate::support::provider::TestProvider;

/// A provider that runs on the data of version 0.1.0, five seconds after that version stopped.
struct EarlierVersion {
    provider: TestProvider,
    data: EarlierData,
}

impl EarlierVersion {
    async fn open() -> Self {
        let data = EarlierData::read();
        let provider = TestProvider::open_earlier_data(&data).await;
        Self { provider, data }
    }

    fn app(&self) -> RelyingParty {
        EarlierData::app(&self.provider.issuer)
    }

    /// Follows a redirect to the stored issuer, which this test serves at another address.
    async fn follow(&self, browser: &mut Browser, answer: &Answer) -> Answer {
        let location = answer.location();
        let query = location.query().map(|query| format!("?{query}"));
        let url = format!("{}{}", location.path(), query.unwrap_or_default());
        browser.get(self.provider.at(&url)).await
    }

    async fn is_signed_in(&self, browser: &mut Browser) -> bool {
        let url = self.app().authorize_url(&[("prompt", "none")]);
        browser.get(url).await.parameter("code").is_some()
    }
}

#[tokio::test]
async fn a_session_a_code_and_tokens_keep_working() {
    let earlier = EarlierVersion::open().await;
    let app = earlier.app();
    let mut browser = earlier.data.browser("signed_in");
    assert!(earlier.is_signed_in(&mut browser).await);
    let code = earlier.data.text("signed_in", "code");
    let tokens = app.redeem(code).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let access_token = earlier.data.text("signed_in", "access_token");
    let userinfo = app.userinfo(access_token).await.json();
    assert_eq!(userinfo["preferred_username"], "chentao");
    let refreshed = app
        .refresh(earlier.data.text("signed_in", "refresh_token"))
        .await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    let id_token = claims(refreshed.json()["id_token"].as_str().unwrap());
    let before = claims(earlier.data.text("signed_in", "id_token"));
    assert_eq!(
        (&id_token["sid"], &id_token["iss"]),
        (&before["sid"], &before["iss"])
    );
}

#[tokio::test]
async fn a_reused_refresh_token_still_revokes_its_family() {
    let earlier = EarlierVersion::open().await;
    let app = earlier.app();
    earlier.provider.advance(TimeDelta::minutes(1));
    let reused = app
        .refresh(earlier.data.text("signed_in", "first_refresh_token"))
        .await;
    assert_eq!(reused.status, 400);
    let latest = app
        .refresh(earlier.data.text("signed_in", "refresh_token"))
        .await;
    assert_eq!(latest.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn a_ticket_still_belongs_to_its_browser() {
    let earlier = EarlierVersion::open().await;
    let ticket = earlier.data.text("signed_in", "ticket");
    earlier.provider.portal.plant_ticket(ticket, 1);
    let url = earlier.provider.at(&format!("/launch/app?ticket={ticket}"));
    assert_eq!(Browser::new().get(&url).await.status, 403);
    let mut own = earlier.data.browser("signed_in");
    assert_eq!(own.get(&url).await.status, 303);
    let exchanged = earlier.data.text("exchanged", "ticket");
    earlier.provider.portal.plant_ticket(exchanged, 7);
    let url = earlier
        .provider
        .at(&format!("/launch/app?ticket={exchanged}"));
    assert_eq!(Browser::new().get(url).await.status, 403);
}

#[tokio::test]
async fn a_pending_request_switch_and_logout_keep_working() {
    let earlier = EarlierVersion::open().await;
    let provider = &earlier.provider;
    let mut waiting = earlier.data.browser("parked");
    let answer = provider.launch(&mut waiting, "app", 9).await;
    let answer = earlier.follow(&mut waiting, &answer).await;
    assert!(answer.parameter("code").is_some(), "{}", answer.location());

    let mut switching = earlier.data.browser("switching");
    let page = switching.get(provider.at("/switch")).await;
    assert!(page.body.contains("用户4"), "{}", page.body);
    let confirmation = page.field("confirmation");
    let form = [("confirmation", confirmation.as_str())];
    let answer = switching.post(provider.at("/switch"), &form).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(earlier.is_signed_in(&mut switching).await);

    let mut leaving = earlier.data.browser("leaving");
    assert!(earlier.is_signed_in(&mut leaving).await);
    let confirmation = earlier.data.text("leaving", "confirmation");
    let form = [("confirmation", confirmation)];
    let answer = leaving.post(provider.at("/logout/confirm"), &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!earlier.is_signed_in(&mut leaving).await);
}

#[tokio::test]
async fn a_departed_user_stays_out_and_the_second_absence_removes_a_user() {
    let earlier = EarlierVersion::open().await;
    let (provider, app) = (&earlier.provider, earlier.app());
    let mut leaver = earlier.data.browser("left");
    assert!(!earlier.is_signed_in(&mut leaver).await);
    let refused = provider.launch(&mut leaver, "app", 2).await;
    assert_eq!(refused.status, 403);
    let access_token = earlier.data.text("left", "access_token");
    assert_eq!(app.userinfo(access_token).await.status, 401);

    let mut absent = earlier.data.browser("absent");
    assert!(earlier.is_signed_in(&mut absent).await);
    provider.portal.suspend_user(2);
    provider.portal.suspend_user(3);
    let report = directory_sync::sync(&provider.app, SyncOptions::default(), &|_, _| ())
        .await
        .unwrap();
    assert!(
        matches!(report.outcome, Outcome::Complete { left: 1, .. }),
        "{report:?}"
    );
    assert!(!earlier.is_signed_in(&mut absent).await);
    let refreshed = app
        .refresh(earlier.data.text("absent", "refresh_token"))
        .await;
    assert_eq!(refreshed.json()["error"], "invalid_grant");

    let history = panda_oidc_sdk::Subject::new("2").unwrap();
    let history = provider.app.store.history(&history).await.unwrap();
    let events: Vec<_> = history
        .iter()
        .map(|entry| serde_json::to_value(entry).unwrap())
        .collect();
    let kinds: Vec<_> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(kinds[..2], ["absent", "left"]);
    assert_eq!(events[1]["clients"], serde_json::json!(["app"]));
}

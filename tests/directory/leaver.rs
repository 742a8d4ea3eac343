//! A user leaves, returns, or is renamed.

use panda_oidc_panda::simulator::{Fault, Person};

use crate::fixture::DirectoryFixture;
use crate::support::app::claims;
use crate::support::browser::Browser;
use crate::support::{CHEN_TAO, until};

/// A refresh after the user left is denied (N39, docs/security.md), and so is every other access.
#[tokio::test]
async fn n39_who_leaves_is_out_of_everything_after_two_readings() {
    let mut fixture = DirectoryFixture::open().await;
    assert_eq!(fixture.sync(&[]).await.0, 0);
    let (mut browser, tokens) = fixture.signed_in(CHEN_TAO).await;
    let sid = claims(tokens["id_token"].as_str().unwrap())["sid"].clone();
    fixture.portal.suspend_user(CHEN_TAO);

    let (code, report) = fixture.sync(&[]).await;
    assert_eq!(
        (code, &report["absent"], &report["left"]),
        (0, &1.into(), &0.into())
    );
    assert!(
        fixture.is_signed_in(&mut browser).await,
        "one reading may be wrong"
    );

    let (code, report) = fixture.sync(&[]).await;
    assert_eq!(
        (code, &report["absent"], &report["left"]),
        (0, &0.into(), &1.into())
    );
    assert!(!fixture.is_signed_in(&mut browser).await);
    let app = fixture.program.client();
    let refreshed = app.refresh(tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(
        (refreshed.status.as_u16(), &refreshed.json()["error"]),
        (400, &"invalid_grant".into())
    );
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(app.userinfo(access_token).await.status, 401);
    let active = app.post_token("/introspect", access_token).await.json();
    assert_eq!(active["active"], false);

    let notice = fixture.app.next_notice().await;
    let token = claims(notice.token());
    assert_eq!(
        (&token["sub"], &token["sid"], &token["aud"]),
        (&"1".into(), &sid, &"app".into())
    );
    assert_eq!(
        token["events"]["http://schemas.openid.net/event/backchannel-logout"],
        serde_json::json!({})
    );

    // The portal still accepts the user's tickets.
    for browser in [&mut browser, &mut Browser::new()] {
        let refused = fixture.click(browser, CHEN_TAO).await;
        assert_eq!(refused.status, 403);
        assert!(refused.body.contains("您的账号已停用"), "{}", refused.body);
        assert!(
            refused.body.contains("not in use any more"),
            "{}",
            refused.body
        );
        assert!(!fixture.is_signed_in(browser).await);
    }
    let ticket = fixture.portal.issue_ticket(CHEN_TAO);
    let exchanged = fixture.exchange(&ticket).await;
    assert_eq!(
        (exchanged.status.as_u16(), &exchanged.json()["error"]),
        (400, &"invalid_request".into())
    );

    // A restart while the portal is down does not let the user in either.
    fixture.portal.set_fault(Fault::Dead).await;
    fixture.program.restart().await;
    assert!(!fixture.is_signed_in(&mut browser).await);
    let refreshed = app.refresh(tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refreshed.status, 400);
}

#[tokio::test]
async fn the_history_records_when_a_leaver_lost_access() {
    let fixture = DirectoryFixture::open().await;
    fixture.sync(&[]).await;
    let (_browser, tokens) = fixture.signed_in(CHEN_TAO).await;
    let sid = claims(tokens["id_token"].as_str().unwrap())["sid"].clone();
    fixture.portal.remove_user(CHEN_TAO);
    let (code, report) = fixture.sync(&["--confirm"]).await;
    assert_eq!((code, &report["left"]), (0, &1.into()));
    fixture.app.next_notice().await;
    until("the confirmation is written down", async || {
        fixture.history("1").await["events"]
            .as_array()
            .unwrap()
            .len()
            == 3
    })
    .await;
    let history = fixture.history("1").await;
    assert_eq!(history["state"], "left");
    let kinds: Vec<_> = history["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["event"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["absent", "left", "told"]);
    assert_eq!(history["events"][1]["clients"], serde_json::json!(["app"]));
    assert_eq!(
        (
            &history["events"][2]["client_id"],
            &history["events"][2]["sid"]
        ),
        (&"app".into(), &sid)
    );
    let shown = String::from_utf8(fixture.users(&["history", "1"]).await.stdout).unwrap();
    assert!(
        shown.contains("app confirmed the end of session"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_user_who_is_listed_again_regains_access() {
    let fixture = DirectoryFixture::open().await;
    fixture.sync(&[]).await;
    fixture.portal.suspend_user(CHEN_TAO);
    fixture.sync(&["--confirm"]).await;
    let mut browser = Browser::new();
    assert_eq!(fixture.click(&mut browser, CHEN_TAO).await.status, 403);
    let returning = Person::new(CHEN_TAO, "陈涛", "1822199904");
    fixture.portal.add_user(returning);
    assert_eq!(fixture.sync(&[]).await.0, 0);
    assert_eq!(fixture.click(&mut browser, CHEN_TAO).await.status, 303);
    assert_eq!(fixture.history("1").await["events"][2]["event"], "returned");
}

#[tokio::test]
async fn a_new_name_reaches_the_next_token() {
    let fixture = DirectoryFixture::open().await;
    fixture.sync(&[]).await;
    let (_browser, tokens) = fixture.signed_in(CHEN_TAO).await;
    let name_claim =
        |tokens: &serde_json::Value| claims(tokens["id_token"].as_str().unwrap())["name"].clone();
    assert_eq!(name_claim(&tokens), "陈涛");
    fixture.portal.rename_user(CHEN_TAO, "陈滔");
    let (code, report) = fixture.sync(&[]).await;
    assert_eq!((code, &report["changed"]), (0, &1.into()));
    let refreshed = fixture
        .program
        .client()
        .refresh(tokens["refresh_token"].as_str().unwrap())
        .await;
    assert_eq!(name_claim(&refreshed.json()), "陈滔");
}

#[tokio::test]
async fn scheduled_syncs_remove_a_leaver_within_two_periods() {
    let fixture = DirectoryFixture::open_with("sync = '1s'").await;
    let (mut browser, _) = fixture.signed_in(CHEN_TAO).await;
    fixture.portal.suspend_user(CHEN_TAO);
    until("they are out", async || {
        !fixture.is_signed_in(&mut browser).await
    })
    .await;
    assert_eq!(claims(fixture.app.next_notice().await.token())["sub"], "1");
}

#[tokio::test]
async fn a_signed_in_user_who_was_never_listed_is_a_leaver_unless_kept() {
    let fixture = DirectoryFixture::open_with("sync = 'off'\nkeep = ['2']").await;
    let (mut one, _) = fixture.signed_in(1).await;
    let (mut two, _) = fixture.signed_in(2).await;
    for user in [1, 2] {
        fixture.portal.suspend_user(user);
    }
    assert_eq!(fixture.sync(&["--confirm"]).await.0, 0);
    assert!(!fixture.is_signed_in(&mut one).await);
    assert!(fixture.is_signed_in(&mut two).await);
    assert_eq!(fixture.count("unlisted").await, 1);
}

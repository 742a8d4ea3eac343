//! Names and phone numbers are deleted after their retention period and never reach the log.

use crate::fixture::DirectoryFixture;
use crate::support::CHEN_TAO;
use crate::support::browser::Browser;

#[tokio::test]
async fn a_forgotten_user_leaves_no_name_and_stays_locked_out() {
    let fixture = DirectoryFixture::open().await;
    fixture.sync(&[]).await;
    fixture.signed_in(CHEN_TAO).await;
    fixture.portal.suspend_user(CHEN_TAO);
    fixture.sync(&["--confirm"]).await;
    let forgotten = fixture.users(&["forget", "1"]).await;
    assert!(forgotten.status.success(), "{forgotten:?}");
    let shown = String::from_utf8(fixture.users(&["list", "--json"]).await.stdout).unwrap();
    assert!(
        !shown.contains("陈涛") && !shown.contains("1822199904"),
        "{shown}"
    );
    assert_eq!(fixture.history("1").await["events"], serde_json::json!([]));
    assert_eq!(
        fixture.click(&mut Browser::new(), CHEN_TAO).await.status,
        403
    );
    let unknown = fixture.users(&["forget", "999"]).await;
    assert_eq!(unknown.status.code(), Some(1));
}

#[tokio::test]
async fn a_leavers_name_is_deleted_after_the_retention_period() {
    let fixture = DirectoryFixture::open_with("sync = 'off'\nretention = '0s'").await;
    fixture.sync(&[]).await;
    fixture.portal.suspend_user(CHEN_TAO);
    fixture.sync(&["--confirm"]).await;
    fixture.sync(&[]).await;
    let shown = String::from_utf8(
        fixture
            .users(&["list", "--state", "left", "--json"])
            .await
            .stdout,
    )
    .unwrap();
    assert_eq!(shown.lines().count(), 1);
    assert!(!shown.contains("陈涛"), "{shown}");
}

#[tokio::test]
async fn no_name_and_no_number_is_in_the_log() {
    let fixture = DirectoryFixture::open_with("sync = '1s'").await;
    crate::support::until("the list is read", async || {
        fixture.count("listed").await == 60
    })
    .await;
    fixture.signed_in(CHEN_TAO).await;
    fixture.portal.rename_user(CHEN_TAO, "陈滔");
    fixture.portal.suspend_user(2);
    crate::support::until("somebody has left", async || {
        fixture.count("left").await == 1
    })
    .await;
    let log = fixture.program.log();
    for personal in ["陈涛", "陈滔", "黑龙江", "1822199904", "用户60"] {
        assert!(!log.contains(personal), "{personal} is in the log");
    }
}

#[tokio::test]
async fn the_accounts_of_an_unknown_user_can_be_forgotten() {
    let fixture = DirectoryFixture::open().await;
    let links = |arguments: &[&str]| {
        let mut command = std::process::Command::new(crate::support::program::BINARY);
        command.arg("links").args(arguments).arg("--config");
        command.arg(fixture.program.config_file()).output().unwrap()
    };
    assert!(
        links(&["set", "9999", "--username", "ghost"])
            .status
            .success()
    );
    assert!(fixture.users(&["forget", "9999"]).await.status.success());
    assert!(links(&["list", "--json"]).stdout.is_empty());
    assert_eq!(
        fixture.users(&["forget", "9999"]).await.status.code(),
        Some(1)
    );
}

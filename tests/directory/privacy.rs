//! Names and phone numbers are deleted after their retention period and never reach the log.

use crate::house::DirectoryFixture;
use crate::support::CHEN_TAO;
use crate::support::browser::Browser;

#[tokio::test]
async fn a_forgotten_user_leaves_no_name_and_stays_locked_out() {
    let house = DirectoryFixture::open().await;
    house.sync(&[]).await;
    house.signed_in(CHEN_TAO).await;
    house.portal.suspend_user(CHEN_TAO);
    house.sync(&["--confirm"]).await;
    let forgotten = house.users(&["forget", "1"]).await;
    assert!(forgotten.status.success(), "{forgotten:?}");
    let shown = String::from_utf8(house.users(&["list", "--json"]).await.stdout).unwrap();
    assert!(
        !shown.contains("陈涛") && !shown.contains("1822199904"),
        "{shown}"
    );
    assert_eq!(house.history("1").await["events"], serde_json::json!([]));
    assert_eq!(house.click(&mut Browser::new(), CHEN_TAO).await.status, 403);
    let unknown = house.users(&["forget", "999"]).await;
    assert_eq!(unknown.status.code(), Some(1));
}

#[tokio::test]
async fn a_leavers_name_is_deleted_after_the_retention_period() {
    let house = DirectoryFixture::open_with("sync = 'off'\nretention = '0s'").await;
    house.sync(&[]).await;
    house.portal.suspend_user(CHEN_TAO);
    house.sync(&["--confirm"]).await;
    house.sync(&[]).await;
    let shown = String::from_utf8(
        house
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
    let house = DirectoryFixture::open_with("sync = '1s'").await;
    crate::support::until("the list is read", async || {
        house.count("listed").await == 60
    })
    .await;
    house.signed_in(CHEN_TAO).await;
    house.portal.rename_user(CHEN_TAO, "陈滔");
    house.portal.suspend_user(2);
    crate::support::until("somebody has left", async || house.count("left").await == 1).await;
    let log = house.program.log();
    for personal in ["陈涛", "陈滔", "黑龙江", "1822199904", "用户60"] {
        assert!(!log.contains(personal), "{personal} is in the log");
    }
}

#[tokio::test]
async fn the_accounts_of_an_unknown_user_can_be_forgotten() {
    let house = DirectoryFixture::open().await;
    let links = |arguments: &[&str]| {
        let mut command = std::process::Command::new(crate::support::program::BINARY);
        command.arg("links").args(arguments).arg("--config");
        command.arg(house.program.config_file()).output().unwrap()
    };
    assert!(
        links(&["set", "9999", "--username", "ghost"])
            .status
            .success()
    );
    assert!(house.users(&["forget", "9999"]).await.status.success());
    assert!(links(&["list", "--json"]).stdout.is_empty());
    assert_eq!(
        house.users(&["forget", "9999"]).await.status.code(),
        Some(1)
    );
}

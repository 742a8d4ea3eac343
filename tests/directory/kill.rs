//! The process is killed during a sync of the list of users: no user is lost, and no removal is lost or
//! invented.

use std::process::Stdio;
use std::time::Duration;

use panda_oidc_panda::simulator::{Fault, Person, SimulatorHandle};

use crate::house::DirectoryFixture;
use crate::support::until;

/// Enough users for a sync that takes a while.
const MANY: u64 = 4000;

fn add_users(portal: &SimulatorHandle) {
    for id in 61..=MANY {
        portal.add_user(Person::new(id, format!("用户{id}"), ""));
    }
}

/// Starts a sync and kills it after `after`. Returns whether it had finished before.
async fn sync_and_kill(house: &DirectoryFixture, after: Duration) -> bool {
    let mut child = house
        .command(&["sync"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    tokio::time::sleep(after).await;
    let finished = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    finished
}

#[tokio::test]
async fn a_killed_first_sync_leaves_no_users_or_all_users() {
    let house = DirectoryFixture::open_with("sync = 'off'\npage_size = 100").await;
    add_users(&house.portal);
    let mut after = Duration::from_millis(20);
    loop {
        let finished = sync_and_kill(&house, after).await;
        let users = house.list().await;
        if finished {
            assert_eq!(users.len() as u64, MANY);
            break;
        }
        // The changes of an accepted list are completed by the next sync.
        if !users.is_empty() {
            house.portal.set_fault(Fault::Dead).await;
            house.end_lease();
            assert_eq!(house.sync(&[]).await.0, 1, "the portal is down");
            assert_eq!(house.list().await.len() as u64, MANY);
            break;
        }
        after += Duration::from_millis(30);
        house.end_lease();
    }
}

#[tokio::test]
async fn a_killed_sync_neither_loses_nor_invents_a_leaver() {
    let mut house = DirectoryFixture::open_with("sync = 'off'\npage_size = 100").await;
    add_users(&house.portal);
    assert_eq!(house.sync(&[]).await.0, 0);
    let (mut leaver, _) = house.signed_in(5).await;
    let (mut other, _) = house.signed_in(6).await;
    house.portal.suspend_user(5);
    assert_eq!(house.sync(&[]).await.0, 0);
    assert_eq!(house.count("absent").await, 1);
    let mut after = Duration::from_millis(20);
    loop {
        let finished = sync_and_kill(&house, after).await;
        let (absent, left) = (house.count("absent").await, house.count("left").await);
        assert_eq!(absent + left, 1, "{absent} absent, {left} left");
        assert_eq!(house.is_signed_in(&mut leaver).await, left == 0);
        assert!(house.is_signed_in(&mut other).await);
        if finished || left == 1 {
            break;
        }
        after += Duration::from_millis(40);
        house.end_lease();
    }
    house.end_lease();
    house.portal.set_fault(Fault::Dead).await;
    house.program.kill();
    house.program.restart().await;
    assert_eq!(house.sync(&[]).await.0, 1);
    assert_eq!(
        (house.count("absent").await, house.count("left").await),
        (0, 1)
    );
    assert!(!house.is_signed_in(&mut leaver).await);
    assert!(house.is_signed_in(&mut other).await);
}

#[tokio::test]
async fn a_start_after_an_interrupted_sync_syncs_again_soon() {
    let mut house = DirectoryFixture::open_with("sync = '10m'").await;
    until("the list is read", async || {
        house.count("listed").await == 60
    })
    .await;
    for kill in [false, true] {
        house.portal.set_fault(Fault::Hang).await;
        house.portal.forget_calls();
        house.program.restart().await;
        until("it reads", async || house.portal.calls().users > 0).await;
        if kill {
            house.program.kill();
            house.end_lease();
        } else {
            assert!(house.program.stop().await);
        }
        house.portal.set_fault(Fault::Healthy).await;
        let name = if kill { "二" } else { "一" };
        house.portal.rename_user(6, name);
        house.program.restart().await;
        until("it has read again", async || {
            let shown = house.users(&["list", "--search", name, "--json"]).await;
            !shown.stdout.is_empty()
        })
        .await;
    }
}

#[tokio::test]
async fn accepted_changes_are_applied_although_the_list_is_not_read_again() {
    let mut house = DirectoryFixture::open().await;
    house.sync(&[]).await;
    let (mut leaver, _) = house.signed_in(5).await;
    house.program.kill();
    // The state that a process leaves when it is killed after accepting a change and before applying
    // it.
    house.sql("INSERT INTO directory_changes (subject, change) VALUES ('5', 'left')");
    house.sql("UPDATE directory SET accepted_at = 1790000000000");
    house.program.restart().await;
    until("they are out", async || house.count("left").await == 1).await;
    assert!(!house.is_signed_in(&mut leaver).await);
}

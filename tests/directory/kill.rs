//! The process is killed during a sync of the list of users: no user is lost, and no removal is lost or
//! invented.

use std::process::Stdio;
use std::time::Duration;

use panda_oidc_panda::simulator::{Fault, Person, SimulatorHandle};

use crate::fixture::DirectoryFixture;
use crate::support::until;

/// Enough users for a sync that takes a while.
const MANY: u64 = 4000;

fn add_users(portal: &SimulatorHandle) {
    for id in 61..=MANY {
        portal.add_user(Person::new(id, format!("用户{id}"), ""));
    }
}

/// Starts a sync and kills it after `after`. Returns whether it had finished before.
async fn sync_and_kill(fixture: &DirectoryFixture, after: Duration) -> bool {
    let mut child = fixture
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
    let fixture = DirectoryFixture::open_with("sync = 'off'\npage_size = 100").await;
    add_users(&fixture.portal);
    let mut after = Duration::from_millis(20);
    loop {
        let finished = sync_and_kill(&fixture, after).await;
        let users = fixture.list().await;
        if finished {
            assert_eq!(users.len() as u64, MANY);
            break;
        }
        // The changes of an accepted list are completed by the next sync.
        if !users.is_empty() {
            fixture.portal.set_fault(Fault::Dead).await;
            fixture.end_lease();
            assert_eq!(fixture.sync(&[]).await.0, 1, "the portal is down");
            assert_eq!(fixture.list().await.len() as u64, MANY);
            break;
        }
        after += Duration::from_millis(30);
        fixture.end_lease();
    }
}

#[tokio::test]
async fn a_killed_sync_neither_loses_nor_invents_a_leaver() {
    let mut fixture = DirectoryFixture::open_with("sync = 'off'\npage_size = 100").await;
    add_users(&fixture.portal);
    assert_eq!(fixture.sync(&[]).await.0, 0);
    let (mut leaver, _) = fixture.signed_in(5).await;
    let (mut other, _) = fixture.signed_in(6).await;
    fixture.portal.suspend_user(5);
    assert_eq!(fixture.sync(&[]).await.0, 0);
    assert_eq!(fixture.count("absent").await, 1);
    let mut after = Duration::from_millis(20);
    loop {
        let finished = sync_and_kill(&fixture, after).await;
        let (absent, left) = (fixture.count("absent").await, fixture.count("left").await);
        assert_eq!(absent + left, 1, "{absent} absent, {left} left");
        assert_eq!(fixture.is_signed_in(&mut leaver).await, left == 0);
        assert!(fixture.is_signed_in(&mut other).await);
        if finished || left == 1 {
            break;
        }
        after += Duration::from_millis(40);
        fixture.end_lease();
    }
    fixture.end_lease();
    fixture.portal.set_fault(Fault::Dead).await;
    fixture.program.kill();
    fixture.program.restart().await;
    assert_eq!(fixture.sync(&[]).await.0, 1);
    assert_eq!(
        (fixture.count("absent").await, fixture.count("left").await),
        (0, 1)
    );
    assert!(!fixture.is_signed_in(&mut leaver).await);
    assert!(fixture.is_signed_in(&mut other).await);
}

#[tokio::test]
async fn a_start_after_an_interrupted_sync_syncs_again_soon() {
    let mut fixture = DirectoryFixture::open_with("sync = '10m'").await;
    until("the list is read", async || {
        fixture.count("listed").await == 60
    })
    .await;
    for kill in [false, true] {
        fixture.portal.set_fault(Fault::Hang).await;
        fixture.portal.forget_calls();
        fixture.program.restart().await;
        until("it reads", async || fixture.portal.calls().users > 0).await;
        if kill {
            fixture.program.kill();
            fixture.end_lease();
        } else {
            assert!(fixture.program.stop().await);
        }
        fixture.portal.set_fault(Fault::Healthy).await;
        let name = if kill { "二" } else { "一" };
        fixture.portal.rename_user(6, name);
        fixture.program.restart().await;
        until("it has read again", async || {
            let shown = fixture.users(&["list", "--search", name, "--json"]).await;
            !shown.stdout.is_empty()
        })
        .await;
    }
}

#[tokio::test]
async fn accepted_changes_are_applied_although_the_list_is_not_read_again() {
    let mut fixture = DirectoryFixture::open().await;
    fixture.sync(&[]).await;
    let (mut leaver, _) = fixture.signed_in(5).await;
    fixture.program.kill();
    // The state that a process leaves when it is killed after accepting a change and before applying
    // it.
    fixture.sql("INSERT INTO directory_changes (subject, change) VALUES ('5', 'left')");
    fixture.sql("UPDATE directory SET accepted_at = 1790000000000");
    fixture.program.restart().await;
    until("they are out", async || fixture.count("left").await == 1).await;
    assert!(!fixture.is_signed_in(&mut leaver).await);
}

//! The process dies in the middle of a reading: nobody is forgotten, and nobody invented.

use std::process::Stdio;
use std::time::Duration;

use panda_oidc_panda::simulator::{Fault, Person, SimulatorHandle};

use crate::house::House;
use crate::support::until;

/// Enough people for a reading that takes a while.
const MANY: u64 = 4000;

fn crowd(portal: &SimulatorHandle) {
    for id in 61..=MANY {
        portal.add_user(Person::new(id, format!("用户{id}"), ""));
    }
}

/// Reads the list, and dies after `after`. Says whether it was through before.
async fn sync_and_die(house: &House, after: Duration) -> bool {
    let mut reading = house
        .command(&["sync"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    tokio::time::sleep(after).await;
    let through = reading.try_wait().unwrap().is_some();
    reading.kill().unwrap();
    reading.wait().unwrap();
    through
}

#[tokio::test]
async fn a_first_reading_that_dies_leaves_nobody_or_everybody() {
    let house = House::open_with("sync = 'off'\npage_size = 100").await;
    crowd(&house.portal);
    let mut after = Duration::from_millis(20);
    loop {
        let through = sync_and_die(&house, after).await;
        let known = house.list().await;
        if through {
            assert_eq!(known.len() as u64, MANY);
            break;
        }
        // What was accepted is carried out by whoever comes next.
        if !known.is_empty() {
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
async fn a_reading_that_dies_neither_forgets_a_leaver_nor_invents_one() {
    let mut house = House::open_with("sync = 'off'\npage_size = 100").await;
    crowd(&house.portal);
    assert_eq!(house.sync(&[]).await.0, 0);
    let (mut leaver, _) = house.signed_in(5).await;
    let (mut stays, _) = house.signed_in(6).await;
    house.portal.suspend_user(5);
    assert_eq!(house.sync(&[]).await.0, 0);
    assert_eq!(house.count("absent").await, 1);
    let mut after = Duration::from_millis(20);
    loop {
        let through = sync_and_die(&house, after).await;
        let (absent, left) = (house.count("absent").await, house.count("left").await);
        assert_eq!(absent + left, 1, "{absent} absent, {left} left");
        assert_eq!(house.is_signed_in(&mut leaver).await, left == 0);
        assert!(house.is_signed_in(&mut stays).await);
        if through || left == 1 {
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
    assert!(house.is_signed_in(&mut stays).await);
}

#[tokio::test]
async fn a_start_after_a_reading_that_was_cut_off_reads_again_soon() {
    let mut house = House::open_with("sync = '10m'").await;
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
async fn what_was_decided_is_carried_out_though_the_list_is_not_read_any_more() {
    let mut house = House::open().await;
    house.sync(&[]).await;
    let (mut leaver, _) = house.signed_in(5).await;
    house.program.kill();
    // As a process leaves it that dies between deciding and carrying out.
    house.sql("INSERT INTO directory_changes (subject, change) VALUES ('5', 'left')");
    house.sql("UPDATE directory SET accepted_at = 1790000000000");
    house.program.restart().await;
    until("they are out", async || house.count("left").await == 1).await;
    assert!(!house.is_signed_in(&mut leaver).await);
}

//! The portal fails to send its list of users, or sends a wrong one: nobody is removed.

use panda_oidc_panda::simulator::{Fault, ListFault, Person};

use crate::fixture::DirectoryFixture;
use crate::support::CHEN_TAO;

/// A list that shrinks, even to no users at all, removes nobody (N71, docs/security.md).
#[tokio::test]
async fn n71_no_fault_of_the_portal_removes_anybody() {
    let fixture = DirectoryFixture::open().await;
    fixture.sync(&[]).await;
    // Chen Tao is the first user of the list; 60 is the last.
    let (mut first, _) = fixture.signed_in(CHEN_TAO).await;
    let (mut last, _) = fixture.signed_in(60).await;
    let failing = [
        Fault::Status(500),
        Fault::LoginPage,
        Fault::Truncated,
        Fault::CutShort,
        Fault::DataNull,
        Fault::DataMissing,
        Fault::RedirectTo("http://127.0.0.1:9/".to_owned()),
        Fault::List(ListFault::FailsAfter(0)),
        Fault::Dead,
    ];
    let doubtful = [
        (Fault::Id("null".to_owned()), "empty"),
        (Fault::List(ListFault::Only(0)), "empty"),
        (Fault::List(ListFault::Only(6)), "too_many"),
        (Fault::List(ListFault::Only(56)), "too_many"),
        (Fault::List(ListFault::Count(3661)), "count"),
        (Fault::List(ListFault::Count(59)), "count"),
        (Fault::List(ListFault::Count(0)), "count"),
    ];
    for fault in failing {
        fixture.portal.set_fault(fault.clone()).await;
        for _ in 0..2 {
            let (code, report) = fixture.sync(&[]).await;
            assert_eq!(
                (code, &report["outcome"]),
                (1, &"failed".into()),
                "{fault:?}: {report}"
            );
        }
    }
    for (fault, reason) in doubtful {
        fixture.portal.set_fault(fault.clone()).await;
        for _ in 0..3 {
            let (code, report) = fixture.sync(&[]).await;
            assert_eq!(
                (code, &report["outcome"]),
                (3, &"braked".into()),
                "{fault:?}: {report}"
            );
            assert_eq!(report["doubt"]["reason"], reason, "{fault:?}");
        }
    }
    assert_eq!(fixture.count("listed").await, 60);
    assert!(fixture.is_signed_in(&mut first).await && fixture.is_signed_in(&mut last).await);
}

#[tokio::test]
async fn a_list_that_fails_midway_changes_nothing() {
    let fixture = DirectoryFixture::open_with("sync = 'off'\npage_size = 10").await;
    fixture.sync(&[]).await;
    fixture.portal.rename_user(1, "改名");
    fixture
        .portal
        .set_fault(Fault::List(ListFault::FailsAfter(3)))
        .await;
    assert_eq!(fixture.sync(&[]).await.0, 1);
    let shown =
        String::from_utf8(fixture.users(&["list", "--search", "改名"]).await.stdout).unwrap();
    assert!(!shown.contains("改名"), "{shown}");
    fixture.portal.set_fault(Fault::Healthy).await;
    assert_eq!(fixture.sync(&[]).await.0, 0);
    let shown =
        String::from_utf8(fixture.users(&["list", "--search", "改名"]).await.stdout).unwrap();
    assert!(shown.contains("改名"), "{shown}");
}

#[tokio::test]
async fn the_operator_can_accept_blocked_removals() {
    let fixture = DirectoryFixture::open().await;
    fixture.sync(&[]).await;
    let (mut browser, _) = fixture.signed_in(60).await;
    fixture
        .portal
        .set_fault(Fault::List(ListFault::Only(6)))
        .await;
    let output = fixture.users(&["sync"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        text.contains("NOBODY IS REMOVED") && text.contains("--accept-removals"),
        "{text}"
    );
    let check = fixture.check().await;
    assert_eq!(check.status.code(), Some(1));
    let errors = String::from_utf8(check.stderr).unwrap();
    assert!(errors.contains("54 people are missing"), "{errors}");
    assert!(
        fixture
            .metrics()
            .await
            .contains("panda_oidc_directory_braked 1\n")
    );
    assert!(fixture.is_signed_in(&mut browser).await);

    let (code, report) = fixture.sync(&["--accept-removals"]).await;
    assert_eq!((code, &report["left"]), (0, &54.into()));
    assert!(!fixture.is_signed_in(&mut browser).await);
    assert_eq!(
        (fixture.count("left").await, fixture.count("listed").await),
        (54, 6)
    );
    assert_eq!(fixture.check().await.status.code(), Some(0));
    let metrics = fixture.metrics().await;
    assert!(
        metrics.contains("panda_oidc_directory_braked 0\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("panda_oidc_directory_listed 6\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn blocked_removals_are_logged() {
    let fixture = DirectoryFixture::open_with("sync = '1s'").await;
    let reports_block = |log: &str| log.contains("NOBODY IS REMOVED");
    crate::support::until("it has read the list", async || {
        fixture.count("listed").await == 60
    })
    .await;
    fixture
        .portal
        .set_fault(Fault::List(ListFault::Only(6)))
        .await;
    crate::support::until("it says so", async || reports_block(&fixture.program.log())).await;
    assert_eq!(fixture.count("listed").await, 60);
}

#[tokio::test]
async fn a_suspect_list_readmits_nobody_and_renames_nobody() {
    let fixture = DirectoryFixture::open().await;
    fixture.sync(&[]).await;
    fixture.portal.suspend_user(5);
    assert_eq!(fixture.sync(&["--confirm"]).await.0, 0);
    let returning = Person::new(5, "用户5", "");
    fixture.portal.add_user(returning);
    fixture.portal.rename_user(6, "改名");
    let doubtful = Fault::List(ListFault::Count(3661));
    fixture.portal.set_fault(doubtful).await;
    assert_eq!(fixture.sync(&[]).await.0, 3);
    assert_eq!(fixture.count("left").await, 1);
    let shown = fixture.users(&["list", "--search", "改名", "--json"]).await;
    assert!(shown.stdout.is_empty(), "{shown:?}");
    fixture.portal.set_fault(Fault::Healthy).await;
    assert_eq!(fixture.sync(&[]).await.0, 0);
    assert_eq!(
        (fixture.count("left").await, fixture.count("listed").await),
        (0, 60)
    );
}

#[tokio::test]
async fn removals_stay_blocked_although_the_next_sync_fails() {
    let fixture = DirectoryFixture::open().await;
    fixture.sync(&[]).await;
    fixture
        .portal
        .set_fault(Fault::List(ListFault::Only(6)))
        .await;
    assert_eq!(fixture.sync(&[]).await.0, 3);
    fixture.portal.set_fault(Fault::Status(500)).await;
    assert_eq!(fixture.sync(&[]).await.0, 1);
    assert_eq!(fixture.check().await.status.code(), Some(1));
    assert!(
        fixture
            .metrics()
            .await
            .contains("panda_oidc_directory_braked 1\n")
    );
    fixture.portal.set_fault(Fault::Healthy).await;
    assert_eq!(fixture.sync(&[]).await.0, 0);
    assert_eq!(fixture.check().await.status.code(), Some(0));
}

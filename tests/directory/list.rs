//! Portals page their lists in unusual ways. Every listed user is found nevertheless.

use panda_oidc_panda::simulator::{Fault, ListFault};

use crate::fixture::DirectoryFixture;

#[tokio::test]
async fn a_portal_may_cap_its_pages_or_refuse_long_ones() {
    for list_fault in [
        ListFault::PageCap(7),
        ListFault::PageCapOnly(7),
        ListFault::Refuses(25),
        ListFault::Refuses(100),
    ] {
        let fixture = DirectoryFixture::open().await;
        fixture.portal.set_fault(Fault::List(list_fault)).await;
        let (code, report) = fixture.sync(&[]).await;
        assert_eq!(
            (code, &report["listed"]),
            (0, &60.into()),
            "{list_fault:?}: {report}"
        );
        assert_eq!(fixture.count("listed").await, 60, "{list_fault:?}");
    }
}

#[tokio::test]
async fn a_portal_may_list_all_users_on_every_page() {
    let fixture = DirectoryFixture::open().await;
    fixture
        .portal
        .set_fault(Fault::List(ListFault::FirstPage))
        .await;
    let (code, report) = fixture.sync(&[]).await;
    assert_eq!((code, &report["listed"]), (0, &60.into()), "{report}");
}

#[tokio::test]
async fn a_portal_that_always_sends_its_first_page_removes_nobody() {
    let fixture =
        DirectoryFixture::open_with("sync = 'off'\npage_size = 30\nmax_removal = '100%'").await;
    fixture.sync(&[]).await;
    fixture
        .portal
        .set_fault(Fault::List(ListFault::FirstPage))
        .await;
    for _ in 0..3 {
        let (code, report) = fixture.sync(&[]).await;
        assert_eq!((code, &report["missing"]), (3, &30.into()), "{report}");
    }
    assert_eq!(fixture.count("listed").await, 60);
}

#[tokio::test]
async fn f23_a_list_that_shifts_while_it_is_read_removes_nobody() {
    let fixture =
        DirectoryFixture::open_with("sync = 'off'\npage_size = 10\nmax_removal = '100%'").await;
    fixture.sync(&[]).await;
    fixture
        .portal
        .set_fault(Fault::List(ListFault::Overlaps))
        .await;
    for _ in 0..3 {
        let (code, report) = fixture.sync(&[]).await;
        // All known users are listed, some twice, so the list is shorter than its count.
        assert_eq!((code, &report["missing"]), (3, &0.into()), "{report}");
    }
    assert_eq!(fixture.count("listed").await, 60);
}

#[tokio::test]
async fn chinese_names_are_aligned_in_the_table() {
    let fixture = DirectoryFixture::open().await;
    fixture.sync(&[]).await;
    let shown = String::from_utf8(
        fixture
            .users(&["list", "--search", "1822199904"])
            .await
            .stdout,
    )
    .unwrap();
    assert_eq!(
        shown,
        "ID  NAME  PHONE       STATE   SINCE\n1   陈涛  1822199904  listed  -\n"
    );
}

#[tokio::test]
async fn a_second_sync_waits_for_the_first() {
    let fixture = DirectoryFixture::open().await;
    fixture.portal.set_fault(Fault::Drip).await;
    let mut slow = fixture
        .command(&["sync"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    crate::support::until("it reads", async || fixture.portal.calls().users > 0).await;
    let mut second = fixture
        .command(&["sync"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(fixture.portal.calls().users, 1, "the second one waits");
    slow.kill().unwrap();
    slow.wait().unwrap();
    fixture.portal.set_fault(Fault::Healthy).await;
    fixture.end_lease();
    crate::support::until("the second one reads", async || {
        second
            .try_wait()
            .unwrap()
            .is_some_and(|ended| ended.success())
    })
    .await;
    assert_eq!(fixture.count("listed").await, 60);
}

//! Portals page their lists in unusual ways. Every listed user is found nevertheless.

use panda_oidc_panda::simulator::{BehindEnd, Fault, ListFault};

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

/// The list has 60 people. At 30 a page the last page is full, so only the count tells its end.
#[tokio::test]
async fn what_a_page_behind_the_end_says_is_no_error() {
    for answer in [
        BehindEnd::NullData,
        BehindEnd::NullList,
        BehindEnd::Refusal,
        BehindEnd::Status(404),
        BehindEnd::Status(500),
        BehindEnd::LoginPage,
        BehindEnd::LastPage,
        BehindEnd::CountZero,
    ] {
        for page_size in [30, 25, 60, 500] {
            let directory = format!("sync = 'off'\npage_size = {page_size}");
            let fixture = DirectoryFixture::open_with(&directory).await;
            let behind = Fault::List(ListFault::Behind(answer));
            fixture.portal.set_fault(behind).await;
            let (code, report) = fixture.sync(&[]).await;
            let read = (code, &report["outcome"], &report["listed"]);
            let expected = (0, &"complete".into(), &60.into());
            assert_eq!(read, expected, "{answer:?} {page_size}: {report}");
            // Somebody leaves: the list has 59 people then, and its last page is short.
            fixture.portal.suspend_user(60);
            let (code, report) = fixture.sync(&["--confirm"]).await;
            assert_eq!((code, &report["left"]), (0, &1.into()), "{report}");
        }
    }
}

#[tokio::test]
async fn a_page_that_fails_before_the_end_is_told_in_words_about_a_list() {
    let fixture = DirectoryFixture::open_with("sync = 'off'\npage_size = 20").await;
    for (fault, words) in [
        (Fault::List(ListFault::FailsAfter(1)), "page 2 of the list"),
        (Fault::DataNull, "page 1 of the list"),
        (Fault::Status(404), "page 1 of the list"),
        (Fault::List(ListFault::CountJson("")), "`count`"),
        (Fault::List(ListFault::CountJson("\"many\"")), "`count`"),
        (Fault::List(ListFault::Refuses(1)), "refused page 1"),
    ] {
        fixture.portal.set_fault(fault.clone()).await;
        let (code, report) = fixture.sync(&[]).await;
        let why = report["why"].as_str().unwrap_or_default();
        assert_eq!(code, 1, "{fault:?}: {report}");
        assert!(why.contains(words), "{fault:?}: {why}");
        for word in ["ticket", "account that was asked"] {
            assert!(!why.contains(word), "{fault:?}: {why}");
        }
    }
}

#[tokio::test]
async fn a_count_may_be_written_as_a_string() {
    for json in ["\"N\"", "\" N \"", "N.0"] {
        let fixture = DirectoryFixture::open_with("sync = 'off'\npage_size = 20").await;
        let count = Fault::List(ListFault::CountJson(json));
        fixture.portal.set_fault(count).await;
        let (code, report) = fixture.sync(&[]).await;
        assert_eq!(
            (code, &report["listed"]),
            (0, &60.into()),
            "{json}: {report}"
        );
    }
}

#[tokio::test]
async fn a_list_without_an_end_stops_at_max_people() {
    let lines = "sync = 'off'\npage_size = 100\nmax_people = 1000";
    let fixture = DirectoryFixture::open_with(lines).await;
    fixture.sync(&[]).await;
    fixture.portal.forget_calls();
    let endless = Fault::List(ListFault::Endless);
    fixture.portal.set_fault(endless).await;
    let (code, report) = fixture.sync(&[]).await;
    let why = report["why"].as_str().unwrap_or_default();
    assert_eq!(code, 1, "{report}");
    assert!(why.contains("directory.max_people = 1000"), "{why}");
    assert!(fixture.portal.calls().users <= 11, "{why}");
    // A list that says at once how long it is is not read at all.
    fixture.portal.forget_calls();
    let long = Fault::List(ListFault::Count(1001));
    fixture.portal.set_fault(long).await;
    let (code, report) = fixture.sync(&[]).await;
    let why = report["why"].as_str().unwrap_or_default();
    assert_eq!(code, 1, "{report}");
    assert!(
        why.contains("1001") && why.contains("directory.max_people"),
        "{why}"
    );
    assert_eq!(fixture.portal.calls().users, 1);
    assert_eq!(fixture.count("listed").await, 60);
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

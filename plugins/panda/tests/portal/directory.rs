//! The list of users, a page at a time.

use std::collections::BTreeSet;

use panda_oidc_panda::simulator::{Fault, Person};
use panda_oidc_sdk::LoginError;

use crate::bench::PandaBench;

#[tokio::test]
async fn the_documented_page_is_read() {
    let bench = PandaBench::start().await;
    let page = bench.directory().page(1, 25).await.unwrap();
    assert_eq!((page.count, page.unusable), (3, 0));
    let people: Vec<_> = page
        .people
        .iter()
        .map(|p| (p.subject.as_str(), p.name.as_deref(), p.phone.as_deref()))
        .collect();
    assert_eq!(
        people,
        [
            ("1", Some("陈涛"), Some("1822199904")),
            ("2", Some("黑龙江"), None),
            ("3", Some("新耀分公司"), None),
        ]
    );
}

#[tokio::test]
async fn all_pages_together_list_every_user_once() {
    let bench = PandaBench::start().await;
    for id in 4..=3661 {
        bench
            .portal
            .add_user(Person::new(id, format!("用户{id}"), ""));
    }
    for size in [25, 500] {
        let mut seen = BTreeSet::new();
        let mut number = 0;
        loop {
            number += 1;
            let page = bench.directory().page(number, size).await.unwrap();
            assert_eq!(page.count, 3661);
            if page.people.is_empty() {
                break;
            }
            for person in page.people {
                assert!(seen.insert(person.subject), "twice");
            }
        }
        assert_eq!(seen.len(), 3661);
        assert_eq!(number, 3661_u32.div_ceil(size) + 1);
    }
}

#[tokio::test]
async fn the_list_follows_added_and_removed_users() {
    let bench = PandaBench::start().await;
    bench.portal.add_user(Person::new(4, "张伟", "13800138000"));
    bench.portal.rename_user(2, "黑龙江省");
    bench.portal.remove_user(1);
    bench.portal.suspend_user(3);
    let page = bench.directory().page(1, 25).await.unwrap();
    let names: Vec<_> = page
        .people
        .iter()
        .filter_map(|p| p.name.as_deref())
        .collect();
    assert_eq!(names, ["黑龙江省", "张伟"]);
}

#[tokio::test]
async fn entries_without_a_usable_id_are_counted() {
    let bench = PandaBench::start().await;
    bench.portal.set_fault(Fault::Id("null".to_owned())).await;
    let page = bench.directory().page(1, 25).await.unwrap();
    assert_eq!((page.count, page.unusable, page.people.len()), (3, 3, 0));
}

#[tokio::test]
async fn a_refusal_to_list_is_a_rejection() {
    let bench = PandaBench::start().await;
    let page = bench.directory().page(0, 25).await;
    assert!(matches!(page, Err(LoginError::Rejected(_))), "{page:?}");
}

#[tokio::test]
async fn a_failed_page_is_not_an_empty_page() {
    let bench = PandaBench::impatient().await;
    for fault in [
        Fault::Dead,
        Fault::Hang,
        Fault::Status(404),
        Fault::CutShort,
    ] {
        bench.portal.set_fault(fault).await;
        let page = bench.directory().page(1, 25).await;
        assert!(matches!(page, Err(LoginError::Unreachable(_))), "{page:?}");
    }
    for fault in [
        Fault::DataNull,
        Fault::LoginPage,
        Fault::Truncated,
        Fault::DataArray,
    ] {
        bench.portal.set_fault(fault).await;
        let page = bench.directory().page(1, 25).await;
        assert!(
            matches!(page, Err(LoginError::Unintelligible(_))),
            "{page:?}"
        );
    }
}

#[tokio::test]
async fn a_list_that_times_out_does_not_block_logins() {
    let bench = PandaBench::impatient().await;
    bench.portal.set_fault(Fault::Hang).await;
    for _ in 0..6 {
        bench.directory().page(1, 25).await.unwrap_err();
    }
    bench.portal.set_fault(Fault::Healthy).await;
    bench.click().await.unwrap();
}

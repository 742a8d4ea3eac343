//! A portal that fails or lies: N66 to N68. Whatever it does, nobody is signed in whom it did not name.

use chrono::TimeDelta;
use panda_oidc_panda::simulator::Fault;

use crate::support::CHEN_TAO;
use crate::support::app::claims;
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::tools::{Ear, SESSION, keeps_quiet, refused, who};

/// Puts the portal into a condition, rests its breaker, launches, and expects an honest page.
async fn fails(provider: &TestProvider, fault: Fault, status: u16) {
    let what = format!("{fault:?}");
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    provider.portal.set_fault(fault).await;
    provider.advance(TimeDelta::seconds(6));
    let mut browser = Browser::new();
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let answer = browser.get(launch).await;
    refused(&answer, status, &what);
    keeps_quiet(&answer, &ticket);
    assert!(answer.body.contains("门户"), "{what}: {}", answer.body);
    let portal = provider.portal.url().as_str();
    assert!(
        answer.body.contains(portal),
        "{what}: it shows the way back"
    );
    assert!(!browser.cookies.contains_key(SESSION), "{what}");
    provider.portal.set_fault(Fault::Healthy).await;
}

#[tokio::test]
async fn n68_a_portal_that_does_not_answer_gets_an_honest_page_and_no_session() {
    let provider = TestProvider::open_with("", "timeout = '300ms'").await;
    let mut there = provider.signed_in(CHEN_TAO).await;
    for fault in [
        Fault::Dead,
        Fault::Cut,
        Fault::Hang,
        Fault::Drip,
        Fault::CutShort,
        Fault::Status(500),
        Fault::Status(502),
        Fault::Status(503),
        Fault::Status(404),
        Fault::Status(401),
        Fault::Status(204),
    ] {
        fails(&provider, fault, 503).await;
        assert_eq!(
            who(&provider, &mut there).await.as_deref(),
            Some("1"),
            "DESIGN, point 8"
        );
    }
}

#[tokio::test]
async fn n68_a_portal_that_talks_nonsense_gets_an_honest_page_and_no_session() {
    let provider = TestProvider::open().await;
    for fault in [
        Fault::LoginPage,
        Fault::Truncated,
        Fault::DataNull,
        Fault::DataMissing,
        Fault::DataArray,
        Fault::Oversized,
        Fault::NoId,
    ] {
        fails(&provider, fault, 502).await;
    }
}

#[tokio::test]
async fn n68_a_redirect_of_the_portals_is_not_followed() {
    let provider = TestProvider::open().await;
    let ear = Ear::open();
    fails(&provider, Fault::RedirectTo(ear.url()), 503).await;
    let home = provider
        .portal
        .url()
        .join("/PandaOMS/OMS/GetUserByTicket?ticket=x");
    fails(&provider, Fault::RedirectTo(home.unwrap().into()), 503).await;
    ear.heard_nothing();
    assert_eq!(provider.portal.calls().user_by_ticket, 2);
}

#[tokio::test]
async fn n67_an_id_that_is_none_proves_nobody() {
    let provider = TestProvider::open().await;
    let long = format!("\"{}\"", "1".repeat(300));
    for id in [
        r#""""#,
        "null",
        "0",
        r#""0""#,
        "-1",
        "1.5",
        "1e3",
        "true",
        "[]",
        "[1]",
        "{}",
        r#"{"id":1}"#,
        r#""../1""#,
        r#""1\u0000""#,
        r#""1\n""#,
        r#""\u202e1""#,
        r#""１""#,
        r#""1 ""#,
        r#"1,"id":2"#,
        &long,
    ] {
        fails(&provider, Fault::Id(id.to_owned()), 502).await;
    }
}

#[tokio::test]
async fn n67_an_id_is_kept_to_the_digit() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    for (id, sub) in [
        ("9007199254740993", "9007199254740993"),
        ("\"9007199254740992\"", "9007199254740992"),
        ("18446744073709551617", "18446744073709551617"),
        ("\"007\"", "007"),
    ] {
        provider.portal.set_fault(Fault::Id(id.to_owned())).await;
        let mut browser = provider.signed_in(CHEN_TAO).await;
        let tokens = grafana
            .redeem(&grafana.login(&mut browser).await)
            .await
            .json();
        assert_eq!(claims(tokens["id_token"].as_str().unwrap())["sub"], sub);
        let token = tokens["access_token"].as_str().unwrap();
        assert_eq!(grafana.userinfo(token).await.json()["sub"], sub);
    }
}

#[tokio::test]
async fn f25_a_sloppy_portal_is_understood() {
    let provider = TestProvider::open().await;
    for fault in [
        Fault::CodeAsString,
        Fault::Gb18030 { declared: true },
        Fault::Gb18030 { declared: false },
        Fault::ByteOrderMark,
        Fault::ContentType("text/html".to_owned()),
        Fault::Name("null".to_owned()),
        Fault::NoName,
    ] {
        provider.portal.set_fault(fault.clone()).await;
        let mut browser = provider.signed_in(CHEN_TAO).await;
        assert_eq!(
            who(&provider, &mut browser).await.as_deref(),
            Some("1"),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn n66_a_ticket_that_names_somebody_else_later_names_nobody() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let mut browser = Browser::new();
    assert_eq!(browser.get(&launch).await.status, 303);
    let portal = provider.portal.url().to_string();
    provider.portal.set_fault(Fault::OtherUser(2)).await;

    let mut later = browser.clone();
    later.cookies.remove(SESSION);
    refused(&later.get(&launch).await, 403, "in the same browser");
    refused(
        &later.get_from(&launch, &portal).await,
        403,
        "from the portal",
    );

    provider.advance(TimeDelta::seconds(1));
    let mut fresh = provider
        .client("grafana")
        .authorize_url(&[("prompt", "login")]);
    fresh.query_pairs_mut().append_pair("ticket", &ticket);
    refused(
        &browser.get_from(&fresh, &portal).await,
        403,
        "with a session",
    );
    assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("1"));
}

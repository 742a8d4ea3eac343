//! A portal that fails or sends wrong data (N66 to N68, docs/security.md). Only the user whom the
//! portal named is ever signed in.

use chrono::TimeDelta;
use panda_oidc_panda::simulator::Fault;

use crate::support::CHEN_TAO;
use crate::support::app::claims;
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::tools::{SESSION, TrapServer, assert_error_page, assert_no_leak, user_of};

/// Sets a fault of the portal, waits until the circuit breaker lets requests through again, launches,
/// and expects an error page with `status` and no session.
async fn assert_launch_fails(provider: &TestProvider, fault: Fault, status: u16) {
    let what = format!("{fault:?}");
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    provider.portal.set_fault(fault).await;
    provider.advance(TimeDelta::seconds(6));
    let mut browser = Browser::new();
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let answer = browser.get(launch).await;
    assert_error_page(&answer, status, &what);
    assert_no_leak(&answer, &ticket);
    assert!(answer.body.contains("门户"), "{what}: {}", answer.body);
    let portal = provider.portal.url().as_str();
    assert!(
        answer.body.contains(portal),
        "{what}: the page links to the portal"
    );
    assert!(!browser.cookies.contains_key(SESSION), "{what}");
    provider.portal.set_fault(Fault::Healthy).await;
}

#[tokio::test]
async fn n68_an_unreachable_portal_leads_to_an_error_page_and_no_session() {
    let provider = TestProvider::open_with("", "timeout = '300ms'").await;
    let mut signed_in = provider.signed_in(CHEN_TAO).await;
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
        assert_launch_fails(&provider, fault, 503).await;
        assert_eq!(
            user_of(&provider, &mut signed_in).await.as_deref(),
            Some("1"),
            "existing sessions keep working while the portal is down"
        );
    }
}

#[tokio::test]
async fn n68_an_unintelligible_portal_response_leads_to_an_error_page_and_no_session() {
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
        assert_launch_fails(&provider, fault, 502).await;
    }
}

#[tokio::test]
async fn n68_a_redirect_from_the_portal_is_not_followed() {
    let provider = TestProvider::open().await;
    let trap = TrapServer::open();
    assert_launch_fails(&provider, Fault::RedirectTo(trap.url()), 503).await;
    let own_url = provider
        .portal
        .url()
        .join("/PandaOMS/OMS/GetUserByTicket?ticket=x");
    assert_launch_fails(&provider, Fault::RedirectTo(own_url.unwrap().into()), 503).await;
    trap.assert_not_contacted();
    assert_eq!(provider.portal.calls().user_by_ticket, 2);
}

#[tokio::test]
async fn n67_an_invalid_user_id_signs_nobody_in() {
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
        assert_launch_fails(&provider, Fault::Id(id.to_owned()), 502).await;
    }
}

#[tokio::test]
async fn n67_a_user_id_is_preserved_digit_for_digit() {
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
async fn f25_harmless_deviations_of_the_portal_are_tolerated() {
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
            user_of(&provider, &mut browser).await.as_deref(),
            Some("1"),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn n66_a_ticket_that_later_names_another_user_is_refused() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let mut browser = Browser::new();
    assert_eq!(browser.get(&launch).await.status, 303);
    let portal = provider.portal.url().to_string();
    provider.portal.set_fault(Fault::OtherUser(2)).await;

    let mut later = browser.clone();
    later.cookies.remove(SESSION);
    assert_error_page(&later.get(&launch).await, 403, "in the same browser");
    assert_error_page(
        &later.get_from(&launch, &portal).await,
        403,
        "from the portal",
    );

    provider.advance(TimeDelta::seconds(1));
    let mut fresh = provider
        .client("grafana")
        .authorize_url(&[("prompt", "login")]);
    fresh.query_pairs_mut().append_pair("ticket", &ticket);
    assert_error_page(
        &browser.get_from(&fresh, &portal).await,
        403,
        "with a session",
    );
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
}

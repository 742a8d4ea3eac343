//! Every fault of the portal, and the outcome of a login under it.

use std::error::Error;
use std::time::Duration;

use panda_oidc_panda::simulator::Fault;
use panda_oidc_panda::{InvalidResponse, NoResponse};
use panda_oidc_sdk::{Identity, LoginError};
use tokio::time::timeout;

use crate::bench::PandaBench;

/// Far longer than the provider's timeout: a call that takes this long hangs.
const HANG_TIMEOUT: Duration = Duration::from_secs(20);

async fn login(fault: Fault) -> Result<Identity, LoginError> {
    let bench = PandaBench::impatient().await;
    bench.portal.set_fault(fault).await;
    timeout(HANG_TIMEOUT, bench.click()).await.expect("an end")
}

async fn silence(fault: Fault) -> NoResponse {
    match login(fault).await {
        Err(LoginError::Unreachable(source)) => *source.downcast().expect("a Silence"),
        other => panic!("{other:?}"),
    }
}

async fn nonsense(fault: Fault) -> InvalidResponse {
    match login(fault).await {
        Err(LoginError::Unintelligible(source)) => *source.downcast().expect("a Nonsense"),
        other => panic!("{other:?}"),
    }
}

async fn name(json: &str) -> Option<String> {
    login(Fault::Name(json.to_owned())).await.unwrap().name
}

#[tokio::test]
async fn a_dead_portal_and_a_broken_connection_are_different_errors() {
    assert!(matches!(silence(Fault::Dead).await, NoResponse::Connect(_)));
    assert!(matches!(silence(Fault::Cut).await, NoResponse::Broken(_)));
    assert!(matches!(
        silence(Fault::CutShort).await,
        NoResponse::Broken(_)
    ));
}

#[tokio::test]
async fn a_slow_portal_times_out_as_configured() {
    assert!(matches!(
        silence(Fault::Hang).await,
        NoResponse::TimedOut { .. }
    ));
    assert!(matches!(
        silence(Fault::Drip).await,
        NoResponse::TimedOut { .. }
    ));
}

#[tokio::test]
async fn an_http_error_counts_as_no_answer() {
    for status in [500, 501, 204, 206] {
        assert!(matches!(
            silence(Fault::Status(status)).await,
            NoResponse::Failed(_)
        ));
    }
    for status in [400, 401, 403, 404, 429] {
        assert!(matches!(
            silence(Fault::Status(status)).await,
            NoResponse::Refused(_)
        ));
    }
    for status in [502, 503, 504] {
        assert!(matches!(
            silence(Fault::Status(status)).await,
            NoResponse::Gateway(_)
        ));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other_portal = PandaBench::start().await;
    let ticket = other_portal.portal.issue_ticket(1);
    let path = format!("PandaOMS/OMS/GetUserByTicket?ticket={ticket}");
    let address = other_portal.portal.url().join(&path).unwrap();
    let answer = silence(Fault::RedirectTo(address.into())).await;
    assert!(matches!(answer, NoResponse::Redirected(_)), "{answer:?}");
    assert_eq!(other_portal.portal.calls().user_by_ticket, 0);
}

#[tokio::test]
async fn each_cause_of_nonsense_has_its_own_error() {
    assert!(matches!(
        nonsense(Fault::LoginPage).await,
        InvalidResponse::WebPage
    ));
    assert!(matches!(
        nonsense(Fault::Truncated).await,
        InvalidResponse::Json(_)
    ));
    assert!(matches!(
        nonsense(Fault::DataNull).await,
        InvalidResponse::NoData
    ));
    assert!(matches!(
        nonsense(Fault::DataMissing).await,
        InvalidResponse::NoData
    ));
    assert!(matches!(
        nonsense(Fault::DataArray).await,
        InvalidResponse::NoData
    ));
    assert!(matches!(nonsense(Fault::NoId).await, InvalidResponse::NoId));
}

#[tokio::test]
async fn an_endless_body_is_cut_off_at_the_limit() {
    let bench = PandaBench::start().await;
    bench.portal.set_fault(Fault::Oversized).await;
    let answer = timeout(HANG_TIMEOUT, bench.click()).await.expect("an end");
    assert!(
        matches!(answer, Err(LoginError::Unintelligible(_))),
        "{answer:?}"
    );
    let page = timeout(HANG_TIMEOUT, bench.directory().page(1, 25))
        .await
        .expect("an end");
    assert!(
        matches!(page, Err(LoginError::Unintelligible(_))),
        "{page:?}"
    );
}

#[tokio::test]
async fn unusual_but_valid_answers_are_understood() {
    for fault in [
        Fault::CodeAsString,
        Fault::Gb18030 { declared: true },
        Fault::Gb18030 { declared: false },
        Fault::ByteOrderMark,
        Fault::ContentType("text/html".to_owned()),
        Fault::ContentType("nonsense".to_owned()),
    ] {
        let identity = login(fault.clone()).await;
        assert_eq!(identity.unwrap().name.as_deref(), Some("陈涛"), "{fault:?}");
    }
}

#[tokio::test]
async fn an_id_keeps_every_digit_or_is_refused() {
    for (json, subject) in [
        ("9007199254740993", Some("9007199254740993")),
        ("\"007\"", Some("007")),
        ("null", None),
        ("0", None),
        ("-1", None),
        ("1.5", None),
        ("\"\"", None),
        ("[1]", None),
        (&"1".repeat(300), None),
    ] {
        let identity = login(Fault::Id(json.to_owned())).await.ok();
        let actual = identity.map(|identity| identity.subject.to_string());
        assert_eq!(actual.as_deref(), subject, "{json}");
    }
}

#[tokio::test]
async fn a_name_is_kept_verbatim_or_dropped() {
    assert_eq!(name("null").await, None);
    assert_eq!(name("\"\"").await, None);
    assert_eq!(name("\"\u{202e}abc\"").await.as_deref(), Some("abc"));
    for odd in ["<script>alert(1)</script>", "👩🏽‍🚒", "\"quoted\""] {
        let json = format!("\"{}\"", odd.replace('"', "\\\""));
        assert_eq!(name(&json).await.as_deref(), Some(odd));
    }
    let nameless = login(Fault::NoName).await.unwrap();
    assert_eq!((nameless.name, nameless.phone), (None, None));
}

#[tokio::test]
async fn the_user_is_the_one_of_the_latest_answer() {
    let bench = PandaBench::start().await;
    let ticket = bench.portal.issue_ticket(1);
    assert_eq!(bench.ask(&ticket).await.unwrap().subject.as_str(), "1");
    bench.portal.set_fault(Fault::OtherUser(2)).await;
    assert_eq!(bench.ask(&ticket).await.unwrap().subject.as_str(), "2");
}

#[tokio::test]
async fn an_error_does_not_repeat_its_source() {
    for fault in [Fault::Dead, Fault::Cut, Fault::Hang, Fault::Truncated] {
        let error = login(fault).await.expect_err("a fault");
        let mut error: &dyn Error = &error;
        while let Some(source) = error.source() {
            assert!(!error.to_string().contains(&source.to_string()), "{error}");
            error = source;
            if error.is::<NoResponse>() || error.is::<InvalidResponse>() {
                continue;
            }
            break; // the sources below are errors of other crates
        }
    }
}

//! A portal that hangs, breaks off or sends wrong answers, against the built program: every launch is
//! answered in time with an error page in the browser's language, and nothing reveals the ticket.
//!
//! Tests that need no built program are in `tests/security/portal.rs`.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::page::{asked_in, honest};
use crate::scripted_portal::{Reply, ScriptedPortal, decoded, good, ok};
use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::tools::{launch, tokens};

/// Launches with each of these replies, all at once, in a browser of each language. Expects an error
/// page with the given status.
async fn expect_pages(cases: Vec<(&str, Reply, u16)>) {
    let portal = ScriptedPortal::open().await;
    let program = Program::start(portal.url(), "").await;
    let program = std::sync::Arc::new(program);
    let mut launches = JoinSet::new();
    for (what, reply, status) in cases {
        for english in [false, true] {
            let what = what.replace(' ', "-");
            let ticket = format!("secret.{what}.{english}.ticket");
            portal.plant(&ticket, reply.clone());
            let program = std::sync::Arc::clone(&program);
            launches.spawn(async move {
                let answer = asked_in(&program, english, &ticket).await;
                eprintln!("{what}"); // shown only when the test fails
                honest(&answer, status, english, &ticket);
            });
        }
    }
    launches.join_all().await;
    let log = program.log();
    assert!(log.contains("portal"), "{log}");
    assert!(!log.contains("secret."), "the log tells a ticket");
    // The program still works: a valid ticket signs its user in.
    portal.plant("good", Reply::Bytes(good()));
    let mut browser = Browser::new();
    let launched = async || launch(&program, &mut browser, "good").await.status == 303;
    crate::tools::until("the portal is asked again", launched).await;
    let response = tokens(&program, &mut browser).await;
    assert!(response["id_token"].is_string());
}

fn json(body: &str) -> Reply {
    Reply::Bytes(ok(body.as_bytes()))
}

fn http(head: &str, body: &str) -> Reply {
    Reply::Bytes(format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n{body}").into_bytes())
}

#[tokio::test]
async fn a_hanging_portal_times_out() {
    expect_pages(vec![
        ("never answers", Reply::Silence, 503),
        ("drips", Reply::Drip(good()), 503),
        ("late", Reply::Late(Duration::from_secs(7), good()), 503),
    ])
    .await;
}

#[tokio::test]
async fn a_broken_connection_signs_nobody_in() {
    let whole = good();
    let part = |end: usize| whole[..whole.len() - end].to_vec();
    expect_pages(vec![
        ("reset at once", Reply::Reset(Vec::new()), 503),
        ("reset within", Reply::Reset(part(40)), 503),
        ("reset at the end", Reply::Reset(part(1)), 503),
        ("end within", Reply::Bytes(part(40)), 503),
        ("end in the head", Reply::Bytes(whole[..30].to_vec()), 503),
        ("not http", Reply::Bytes(b"SSH-2.0-x\r\n\r\n".to_vec()), 503),
    ])
    .await;
}

#[tokio::test]
async fn an_invalid_answer_signs_nobody_in() {
    let body = r#"{"code":0,"msg":"ok","data":{"id":1}}"#;
    let length = body.len() - 1;
    expect_pages(vec![
        ("500", http("500 Oops", body), 503),
        ("302", http("302 Found\r\nlocation: /login", body), 503),
        ("a page", http("200 OK", "<!doctype html><p>登录"), 502),
        ("half", http("200 OK", &body[..20]), 502),
        (
            "a short length",
            http(&format!("200 OK\r\ncontent-length: {length}"), body),
            502,
        ),
        (
            "a long length",
            http("200 OK\r\ncontent-length: 4000", body),
            503,
        ),
        (
            "no number for a length",
            http("200 OK\r\ncontent-length: many", body),
            503,
        ),
        (
            "too much",
            json(&format!("{body}{}", " ".repeat(300 * 1024))),
            502,
        ),
        ("nothing", json(""), 502),
        (
            "no text",
            Reply::Bytes(ok(b"{\"code\":0,\"msg\":\"\xff\xff\"")),
            502,
        ),
        ("two answers", json(&body.repeat(2)), 502),
    ])
    .await;
}

#[tokio::test]
async fn an_answer_without_a_usable_id_signs_nobody_in() {
    let long = "1".repeat(256);
    let person = |id: &str| {
        json(&format!(
            r#"{{"code":0,"data":{{"userName":"a","id":{id}}}}}"#
        ))
    };
    expect_pages(vec![
        ("null data", json(r#"{"code":0,"data":null}"#), 502),
        ("no id", json(r#"{"code":0,"data":{"userName":"a"}}"#), 502),
        ("null", person("null"), 502),
        ("zero", person("0"), 502),
        ("negative", person("-1"), 502),
        ("fraction", person("1.5"), 502),
        ("long", person(&format!("\"{long}\"")), 502),
        ("longer than a number", person(&long), 502),
        (
            "refusal",
            json(r#"{"code":-1,"msg":"票据无效","data":{"id":1}}"#),
            403,
        ),
    ])
    .await;
}

#[tokio::test]
async fn the_reason_of_a_refusal_is_logged_without_personal_data() {
    let portal = ScriptedPortal::open().await;
    let program = Program::start(portal.url(), "").await;
    let ticket = "AbCdEf-123456-ticket";
    let msg = format!(r#"{{"code":7,"msg":"票据{ticket}已过期\n[ERROR] 用户13800138000"}}"#);
    portal.plant(ticket, json(&msg));
    let answer = asked_in(&program, true, ticket).await;
    honest(&answer, 403, true, ticket);
    let log = program.log();
    let line = log.lines().find(|line| line.contains("已过期"));
    let line = line.expect("the portal's reason");
    assert!(line.contains("code 7"), "{line}");
    assert!(!answer.body.contains("票据"), "{}", answer.body);
    assert!(!log.contains(ticket) && !log.contains("13800138000"));
    let mut starts = log.lines().map(str::trim_start);
    assert!(!starts.any(|line| line.starts_with("[ERROR]")));
}

/// Ten strangers keep sending tickets at which the portal falls silent. Before the first person comes,
/// they are alone for a while, as at night.
#[tokio::test]
async fn ten_silent_callers_cost_at_most_one_login_in_twenty() {
    let portal = ScriptedPortal::open().await;
    let limits = "[limits]\nexempt = []\nlaunches_per_minute = 60000\n";
    let program = Program::start_with(portal.url(), "timeout = '1s'", limits).await;
    let program = std::sync::Arc::new(program);
    let mut strangers = JoinSet::new();
    portal.plant("silent", Reply::Silence);
    for _ in 0..10 {
        let program = std::sync::Arc::clone(&program);
        strangers.spawn(async move {
            loop {
                launch(&program, &mut Browser::new(), "silent").await;
            }
        });
    }
    portal.asked(30).await;
    let mut lost = 0;
    for number in 0..60 {
        let ticket = format!("good-{number}");
        portal.plant(&ticket, Reply::Bytes(good()));
        let answer = launch(&program, &mut Browser::new(), &ticket).await;
        lost += u32::from(answer.status != 303);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    strangers.abort_all();
    assert!(lost <= 3, "{lost} of 60 logins were lost");
}

/// One address may not hold all calls to the portal; others go on meanwhile.
#[tokio::test]
async fn one_address_holds_a_bounded_share_of_the_calls_under_way() {
    let portal = ScriptedPortal::open().await;
    let limits = "[limits]\nexempt = []\nportal_calls_per_address = 4\n";
    let program = Program::start_with(portal.url(), "timeout = '20s'", limits).await;
    let program = std::sync::Arc::new(program);
    portal.plant("silent.ticket", Reply::Silence);
    let mut strangers = JoinSet::new();
    for _ in 0..8 {
        let program = std::sync::Arc::clone(&program);
        strangers.spawn(async move { asked_in(&program, true, "silent.ticket").await });
    }
    // Four are refused after a moment, with the page for too many logins; four wait for the portal.
    for _ in 0..4 {
        let refused = strangers.join_next().await.unwrap().unwrap();
        assert_eq!(refused.status, 429, "{}", refused.body);
    }
    portal.asked(4).await;
    let log = program.log();
    assert!(log.contains("limits.portal_calls_per_address"), "{log}");
    strangers.abort_all();
}

/// A portal that parses its tickets accepts other spellings of a stolen one.
#[tokio::test]
async fn another_spelling_of_a_ticket_is_the_same_ticket() {
    let guid = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
    let bare = guid.replace('-', "");
    let (braces, upper) = (format!("%7B{guid}%7D"), guid.to_uppercase());
    for (format, ticket, spellings) in [
        ("guid", guid, [bare.as_str(), &braces, &upper]),
        (
            "base64",
            "dGlja2V0LTE=",
            ["dGlja2V0LTE", "dGlja2V0LTF=", "dGlja2V0LTG"],
        ),
        ("base64", "-_8t", ["%2B/8t", "+_8t", "-%2F8t"]),
    ] {
        let portal = ScriptedPortal::open().await;
        let line = format!("ticket_format = '{format}'");
        let program = Program::start_with(portal.url(), &line, "").await;
        portal.plant(ticket, Reply::Bytes(good()));
        let owner = launch(&program, &mut Browser::new(), ticket).await;
        assert_eq!(owner.status, 303, "{ticket}");
        for spelling in spellings {
            // The portal accepts it.
            portal.plant(&decoded(spelling), Reply::Bytes(good()));
            let thief = launch(&program, &mut Browser::new(), spelling).await;
            assert_eq!(thief.status, 403, "{spelling}");
        }
        // What cannot be a ticket of this format does not reach the portal, which would fail here.
        let answer = launch(&program, &mut Browser::new(), "no.ticket").await;
        assert_eq!(answer.status, 403);
    }
}

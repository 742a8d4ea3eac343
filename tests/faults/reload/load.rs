//! Many reloads under load.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use super::{TOKEN, admin_tokens, edit, post_reload, section_of};
use crate::support::program::{BINARY, Program};
use crate::tools::{portal, signed_in, tokens};

/// The memory of the process, in KiB.
fn resident_kib(program: &Program) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", program.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_reloads_under_load_fail_no_login_and_keep_no_memory() {
    let portal = Arc::new(portal().await);
    let mut more = admin_tokens();
    for number in 0..200 {
        write!(more, "{}", section_of(&format!("app-{number}"))).unwrap();
    }
    let mut program = Program::prepare(portal.url().as_str(), "", &more);
    program.spawn_by(Command::new("env").args(["-u", "RUST_LOG", BINARY]));
    program.until_ready().await;
    let program = Arc::new(program);
    let (stopping, logins) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let people = (0..3).map(|_| {
        let (program, portal) = (Arc::clone(&program), Arc::clone(&portal));
        let (stopping, logins) = (Arc::clone(&stopping), Arc::clone(&logins));
        tokio::spawn(async move {
            while !stopping.load(Ordering::Relaxed) {
                let mut browser = signed_in(&program, &portal).await;
                let granted = tokens(&program, &mut browser).await;
                let access = granted["access_token"].as_str().unwrap();
                assert_eq!(program.client().userinfo(access).await.status, 200);
                logins.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    let people: Vec<_> = people.collect();
    let mut early_kib = 0;
    for round in 0..200 {
        let (from, to) = [("app-7'", "app-x'"), ("app-x'", "app-7'")][round % 2];
        edit(&program, from, to);
        let answer = post_reload(&program, Some(TOKEN)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let changes = answer.json();
        assert_eq!(changes["added_clients"], json!([to.trim_end_matches('\'')]));
        if round == 60 {
            early_kib = resident_kib(&program);
        }
    }
    stopping.store(true, Ordering::Relaxed);
    for person in people {
        person.await.unwrap();
    }
    let grown_kib = resident_kib(&program).saturating_sub(early_kib);
    let logins = logins.load(Ordering::Relaxed);
    println!("{logins} logins; {early_kib} KiB after 60 reloads, {grown_kib} more after 200");
    assert!(logins > 10, "{logins} logins");
    assert!(
        grown_kib < 16 * 1024,
        "{grown_kib} KiB more than after 60 reloads"
    );
}

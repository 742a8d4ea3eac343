//! Measures the synchronization of a long list of users: the built binary's `users sync` against a
//! portal in this process. Run `cargo bench --bench directory`, or add `-- --people 10000` for a
//! shorter list.
//!
//! The portal implements only the documented list. Its own cost is part of the wall-clock time shown,
//! but not of the processor time.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up must fail"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "no figure in this file exceeds the precision of a float"
)]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use clap::Parser as _;
use panda_oidc::store::{People as _, SqliteStore, WriteTimeout};
use panda_oidc_sdk::Subject;
use serde::Deserialize;
use tokio::net::TcpListener;

/// Measures readings of a long list.
#[derive(clap::Parser)]
struct Options {
    /// The program to measure.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_panda-oidc"))]
    binary: PathBuf,
    /// How many people the list has.
    #[arg(long, default_value_t = 1_000_000)]
    people: u64,
    /// How many of them are on a page.
    #[arg(long, default_value_t = 500)]
    page_size: u32,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let portal = Arc::new(Portal {
        people: AtomicU64::new(options.people),
        renamed: AtomicU64::new(0),
    });
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    configure(
        folder.path(),
        &listener.local_addr().unwrap().to_string(),
        options.page_size,
    );
    let routes = Router::new().route("/PandaOMS/OMS/GetUsers", get(users));
    let server = axum::serve(listener, routes.with_state(Arc::clone(&portal)));
    runtime.spawn(async move { server.await.unwrap() });

    println!("{} people, {} a page", options.people, options.page_size);
    println!(
        "{:<34}{:>9}{:>12}{:>9}{:>11}",
        "", "seconds", "people/s", "cpu s", "peak MiB"
    );
    let read = |what: &str| sync(&options, folder.path(), what, options.people);
    read("first reading");
    read("again, nothing changed");
    portal.renamed.store(10, Ordering::Relaxed);
    read("again, ten changed");
    portal.people.store(options.people - 10, Ordering::Relaxed);
    read("again, ten missing");
    read("again, ten gone");
    look_up(folder.path(), options.people);
    runtime.block_on(read_by_scim(&options, folder.path()));
}

/// A portal that has only a list of users.
struct Portal {
    people: AtomicU64,
    /// How many users, counted from the first, have another name.
    renamed: AtomicU64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    page_size: u64,
    page_index: u64,
}

async fn users(State(portal): State<Arc<Portal>>, Query(page): Query<Page>) -> impl IntoResponse {
    let count = portal.people.load(Ordering::Relaxed);
    let renamed = portal.renamed.load(Ordering::Relaxed);
    let first = (page.page_index - 1) * page.page_size;
    let mut body = format!(r#"{{"code":0,"msg":"OK","data":{{"count":{count},"data":["#);
    for id in first..(first + page.page_size).min(count) {
        let comma = if id == first { "" } else { "," };
        let name = if id < renamed { "改名" } else { "用户" };
        write!(
            body,
            r#"{comma}{{"id":{},"userName":"{name}{id}","phone":"139{id:08}"}}"#,
            id + 1
        )
        .unwrap();
    }
    body.push_str("]}}");
    ([(CONTENT_TYPE, "application/json; charset=utf-8")], body)
}

/// The public address of `serve`.
const PUBLIC: &str = "127.0.0.1:19400";
/// The admin address of `serve`.
const ADMIN: &str = "127.0.0.1:19401";
/// A token for `/scim/v2`.
const TOKEN: &str = "bench-0123456789abcdef0123456789abcdef";

fn configure(folder: &Path, portal: &str, page_size: u32) {
    let at = folder.display();
    let toml = format!(
        "issuer = 'http://127.0.0.1:9'\n\
         [provider]\nkind = 'panda'\nbase_url = 'http://{portal}'\n\
         [store]\npath = '{at}/panda-oidc.db'\n[keys]\nmaster_key_file = '{at}/master.key'\n\
         [directory]\nsync = 'off'\npage_size = {page_size}\n\
         [[clients]]\nclient_id = 'app'\nclient_secret = 'app-secret-0123456789abcdef'\n\
         redirect_uris = ['http://127.0.0.1:9/cb']\n\
         [groups.few]\nmembers = ['7', '70000']\n\
         [server]\nlisten = '{PUBLIC}'\n[admin]\nlisten = '{ADMIN}'\n\
         [[admin.tokens]]\nname = 'bench'\ntoken = '{TOKEN}'\nscopes = ['scim']\n"
    );
    fs::write(folder.join("panda-oidc.toml"), toml).unwrap();
}

fn sync(options: &Options, folder: &Path, what: &str, people: u64) {
    let started = Instant::now();
    let mut child = Command::new(&options.binary)
        .args(["users", "sync", "--config"])
        .arg(folder.join("panda-oidc.toml"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut cpu, mut peak) = (Duration::ZERO, 0);
    while child.try_wait().unwrap().is_none() {
        if let Some(resources) = resources(child.id()) {
            (cpu, peak) = resources;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let seconds = started.elapsed().as_secs_f64();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    println!(
        "{what:<34}{seconds:>9.2}{:>12.0}{:>9.2}{:>11.1}   {}",
        people as f64 / seconds,
        cpu.as_secs_f64(),
        peak as f64 / 1024.0,
        String::from_utf8_lossy(&output.stdout).trim()
    );
}

/// The processor time of a process, and its peak memory in KiB.
fn resources(pid: u32) -> Option<(Duration, u64)> {
    const TICKS_PER_SECOND: u64 = 100; // per second, on every Linux
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<_> = rest.split_whitespace().collect();
    let ticks: u64 = fields
        .get(11..13)?
        .iter()
        .map(|ticks| ticks.parse().unwrap_or(0))
        .sum();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let peak = peak.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND), peak))
}

fn look_up(folder: &Path, people: u64) {
    const LOOKUPS: u64 = 100_000;
    let store = SqliteStore::open(&folder.join("panda-oidc.db"), WriteTimeout::Command).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let started = Instant::now();
    runtime.block_on(async {
        for number in 0..LOOKUPS {
            // The step shares no factor with the number of people, so it visits all of them.
            let id = 1 + number * 7_919 % people;
            let subject = Subject::new(id.to_string()).unwrap();
            black_box(store.person(&subject).await.unwrap().unwrap());
        }
    });
    let each = started.elapsed().as_secs_f64() * 1e6 / LOOKUPS as f64;
    println!("a lookup among them takes {each:.1} µs");
}

/// Measures SCIM requests against a list of this size.
async fn read_by_scim(options: &Options, folder: &Path) {
    let mut server = Command::new(&options.binary)
        .args(["serve", "--config"])
        .arg(folder.join("panda-oidc.toml"))
        .env("RUST_LOG", "warn")
        .spawn()
        .unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ready = async || {
        let answer = http.get(format!("http://{ADMIN}/readyz")).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    };
    while !ready().await {
        assert!(server.try_wait().unwrap().is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let far = format!("Users?startIndex={}&count=100", options.people / 10 * 9);
    for (what, path) in [
        ("the first 100 people", "Users?count=100"),
        ("100 people near the end", far.as_str()),
        ("one by userName", "Users?filter=userName+eq+%2270000%22"),
        (
            "a filter over all",
            "Users?filter=displayName+co+%22999%22&count=500",
        ),
        ("the members of a group", "Groups/few"),
    ] {
        let started = Instant::now();
        let request = http.get(format!("http://{ADMIN}/scim/v2/{path}"));
        let answer = request.bearer_auth(TOKEN).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        let bytes = answer.bytes().await.unwrap().len();
        let milliseconds = started.elapsed().as_secs_f64() * 1e3;
        println!(
            "SCIM, {what:<28}{milliseconds:>9.1} ms{:>9.1} KiB",
            bytes as f64 / 1024.0
        );
    }
    let (_, peak) = resources(server.id()).unwrap();
    println!("SCIM, most memory {:>27.1} MiB", peak as f64 / 1024.0);
    server.kill().unwrap();
    server.wait().unwrap();
}

//! What it costs to follow a long list of people: the built binary's `users sync` against a portal in
//! this process. `cargo bench --bench directory`, or with `-- --people 10000` for a shorter list.
//!
//! The portal here only speaks the document; what it costs itself is not in the processor time shown,
//! but in the time on the clock.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is not measured")]
#![expect(
    clippy::cast_precision_loss,
    reason = "no figure here has more digits than a float"
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
use panda_oidc::store::{People as _, SqliteStore};
use panda_oidc_sdk::Subject;
use serde::Deserialize;
use tokio::net::TcpListener;

/// Measures readings of a long list.
#[derive(clap::Parser)]
struct Asked {
    /// The program to measure.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_panda-oidc"))]
    binary: PathBuf,
    /// How many people the list has.
    #[arg(long, default_value_t = 1_000_000)]
    people: u64,
    /// How many of them are on a page.
    #[arg(long, default_value_t = 500)]
    page_size: u32,
    /// `cargo bench` says so.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let asked = Asked::parse();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let portal = Arc::new(Portal {
        people: AtomicU64::new(asked.people),
        renamed: AtomicU64::new(0),
    });
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    configure(
        folder.path(),
        &listener.local_addr().unwrap().to_string(),
        asked.page_size,
    );
    let routes = Router::new().route("/PandaOMS/OMS/GetUsers", get(users));
    let serving = axum::serve(listener, routes.with_state(Arc::clone(&portal)));
    runtime.spawn(async move { serving.await.unwrap() });

    println!("{} people, {} a page", asked.people, asked.page_size);
    println!(
        "{:<34}{:>9}{:>12}{:>9}{:>11}",
        "", "seconds", "people/s", "cpu s", "peak MiB"
    );
    let read = |what: &str| sync(&asked, folder.path(), what, asked.people);
    read("first reading");
    read("again, nothing changed");
    portal.renamed.store(10, Ordering::Relaxed);
    read("again, ten changed");
    portal.people.store(asked.people - 10, Ordering::Relaxed);
    read("again, ten missing");
    read("again, ten gone");
    look_up(folder.path(), asked.people);
    runtime.block_on(read_by_scim(&asked, folder.path()));
}

/// A portal with a list and nothing else.
struct Portal {
    people: AtomicU64,
    /// How many of the first have another name.
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

/// Where the program listens once it serves.
const PUBLIC: &str = "127.0.0.1:19400";
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

fn sync(asked: &Asked, folder: &Path, what: &str, people: u64) {
    let begun = Instant::now();
    let mut reading = Command::new(&asked.binary)
        .args(["users", "sync", "--config"])
        .arg(folder.join("panda-oidc.toml"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut cpu, mut peak) = (Duration::ZERO, 0);
    while reading.try_wait().unwrap().is_none() {
        if let Some(used) = used(reading.id()) {
            (cpu, peak) = used;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let output = reading.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    println!(
        "{what:<34}{seconds:>9.2}{:>12.0}{:>9.2}{:>11.1}   {}",
        people as f64 / seconds,
        cpu.as_secs_f64(),
        peak as f64 / 1024.0,
        String::from_utf8_lossy(&output.stdout).trim()
    );
}

/// The processor time of a process, and the most memory it has had, in KiB.
fn used(pid: u32) -> Option<(Duration, u64)> {
    const TICKS: u64 = 100; // a second, on every Linux
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
    Some((Duration::from_millis(ticks * 1000 / TICKS), peak))
}

fn look_up(folder: &Path, people: u64) {
    const TIMES: u64 = 100_000;
    let store = SqliteStore::open(&folder.join("panda-oidc.db")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let begun = Instant::now();
    runtime.block_on(async {
        for number in 0..TIMES {
            // A step that shares no factor with the number of people meets all of them.
            let id = 1 + number * 7_919 % people;
            let subject = Subject::new(id.to_string()).unwrap();
            black_box(store.person(&subject).await.unwrap().unwrap());
        }
    });
    let each = begun.elapsed().as_secs_f64() * 1e6 / TIMES as f64;
    println!("a lookup among them takes {each:.1} µs");
}

/// What another system waits for that reads so many people.
async fn read_by_scim(asked: &Asked, folder: &Path) {
    let mut serving = Command::new(&asked.binary)
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
        assert!(serving.try_wait().unwrap().is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let far = format!("Users?startIndex={}&count=100", asked.people / 10 * 9);
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
        let begun = Instant::now();
        let request = http.get(format!("http://{ADMIN}/scim/v2/{path}"));
        let answer = request.bearer_auth(TOKEN).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        let bytes = answer.bytes().await.unwrap().len();
        let milliseconds = begun.elapsed().as_secs_f64() * 1e3;
        println!(
            "SCIM, {what:<28}{milliseconds:>9.1} ms{:>9.1} KiB",
            bytes as f64 / 1024.0
        );
    }
    let (_, peak) = used(serving.id()).unwrap();
    println!("SCIM, most memory {:>27.1} MiB", peak as f64 / 1024.0);
    serving.kill().unwrap();
    serving.wait().unwrap();
}

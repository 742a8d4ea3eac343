//! Floods: what they cost in memory, and what another address notices.

mod connections;
mod requests;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::progress::Progress;
use crate::server::Server;
use crate::support::CHEN_TAO;
use crate::support::assertion::with_keys_at;
use crate::support::publisher::{KeyServer, Reply};
use crate::table::{self, marked};
use crate::wire;

/// Where the floods come from.
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Where people come from meanwhile.
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// The ticket at which the portal falls silent.
const SILENT_TICKET: &str = "silent.ticket";

/// The time from one launch of the other address to the next.
const LAUNCH_INTERVAL: Duration = Duration::from_millis(200);

const MAX_PEAK: f64 = 128.0;
const MAX_AFTERWARDS: f64 = 48.0;
const MAX_MEDIAN: Duration = Duration::from_millis(100);
/// One launch in this many may fail.
const LAUNCHES_PER_FAILURE: usize = 20;

/// A flood. Its tasks end when it is dropped.
struct Flood {
    name: &'static str,
    connections: usize,
    start: fn(&Target) -> tokio::task::JoinSet<()>,
}

/// What a flood is directed at.
#[derive(Clone)]
struct Target {
    address: SocketAddr,
    /// A ticket of a user, for a flood that needs a session.
    ticket: String,
}

const FLOODS: [Flood; 10] = [
    connections::SILENT,
    connections::DRIPPING_HEADS,
    connections::SLOW_BODIES,
    connections::SLOW_BODIES_OF_MANY,
    requests::BAD,
    requests::WITHOUT_COOKIES,
    requests::LONG_NONCES,
    requests::SILENT_TICKETS,
    requests::UNKNOWN_KIDS,
    requests::UNKNOWN_KIDS_OF_ASSERTIONS,
];

/// What one flood cost.
struct Cost {
    peak: f64,
    median: Duration,
    launches: usize,
    failed: usize,
}

/// Runs the floods whose names contain `only`. Returns whether people could log in during each.
pub async fn run(binary: &Path, time: Duration, after: Duration, only: &str) -> bool {
    let floods = FLOODS.iter().filter(|flood| flood.name.contains(only));
    let floods: Vec<_> = floods.collect();
    let mut progress = Progress::new("floods", floods.len() as u64);
    let idle = Server::start(binary, "").await.memory();
    let mut rows = Vec::new();
    for (number, flood) in (0..).zip(floods) {
        progress.set(number, flood.name.to_owned());
        let keys = KeyServer::start(Reply::Document(r#"{"keys":[]}"#.to_owned())).await;
        let more = format!(
            "{}[limits]\nexempt = []\n",
            with_keys_at("service", keys.url())
        );
        let server = Server::start(binary, &more).await;
        let cost = measure(flood, &server, time).await;
        // Memory is read again later; the server is idle until then, beside the next flood.
        let afterwards = tokio::spawn(async move {
            let _keys = keys;
            tokio::time::sleep(after).await;
            server.memory()
        });
        rows.push((flood, cost, afterwards));
    }
    progress.set(rows.len() as u64, "reading memory again".to_owned());
    let (mut cells, mut is_open) = (Vec::new(), true);
    for (flood, cost, afterwards) in rows {
        let afterwards = afterwards.await.unwrap();
        is_open &= cost.failed < cost.launches;
        cells.push(vec![
            flood.name.to_owned(),
            flood.connections.to_string(),
            marked(format!("{:.0}", cost.peak), cost.peak <= MAX_PEAK),
            marked(format!("{afterwards:.0}"), afterwards <= MAX_AFTERWARDS),
            marked(
                format!("{:.0}", cost.median.as_secs_f64() * 1000.0),
                cost.median < MAX_MEDIAN,
            ),
            marked(
                format!("{} of {}", cost.failed, cost.launches),
                cost.failed * LAUNCHES_PER_FAILURE <= cost.launches,
            ),
        ]);
    }
    drop(progress);
    let later = format!("MiB {} s after", after.as_secs());
    let head = [
        "flood",
        "connections",
        "peak MiB",
        &later,
        "other address: median ms of a launch",
        "its launches that failed",
    ];
    table::print(&head, &cells);
    println!("Idle: {idle:.0} MiB");
    is_open
}

async fn measure(flood: &Flood, server: &Server, time: Duration) -> Cost {
    let silent = panda_oidc_panda::simulator::Fault::HangsAt(SILENT_TICKET.to_owned());
    server.portal.set_fault(silent).await;
    let address = server.program.issuer.trim_start_matches("http://");
    let target = Target {
        address: address.parse().unwrap(),
        ticket: server.portal.issue_ticket(CHEN_TAO),
    };
    // The flood has a thread of its own, so that it delays neither the portal nor the other address here.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let flooding = {
        let _entered = runtime.enter();
        (flood.start)(&target)
    };
    let (mut times, mut launches, mut failed) = (Vec::new(), 0, 0);
    let started = Instant::now();
    let mut turns = tokio::time::interval(LAUNCH_INTERVAL);
    while started.elapsed() < time {
        turns.tick().await;
        let ticket = server.portal.issue_ticket(CHEN_TAO);
        let request = launch(&ticket);
        let asked = Instant::now();
        let answer = wire::ask_once(OTHER, target.address, &request).await;
        times.push(asked.elapsed());
        launches += 1;
        failed += usize::from(!answer.is_ok_and(|head| wire::status(&head) == "303"));
    }
    drop(flooding);
    runtime.shutdown_background();
    times.sort_unstable();
    Cost {
        peak: server.peak_memory(),
        median: times[times.len() / 2],
        launches,
        failed,
    }
}

/// The request that a click in the portal's menu becomes.
fn launch(ticket: &str) -> String {
    format!(
        "GET /launch/app?ticket={ticket} HTTP/1.1\r\nhost: x\r\nsec-fetch-mode: navigate\r\n\r\n"
    )
}

//! The portal is down, hangs or lies: sessions live on, launches are answered in time, and its recovery
//! is noticed.

use std::path::Path;
use std::time::{Duration, Instant};

use panda_oidc_panda::simulator::Fault;
use reqwest::Method;

use crate::progress::Progress;
use crate::server::Server;
use crate::support::CHEN_TAO;
use crate::support::browser::Browser;
use crate::table::{self, marked, yes};
use crate::visit::Site;

/// The default of `provider.timeout`, and time for the page.
const MAX_ANSWER: Duration = Duration::from_secs(6);

/// Launches at once while the portal is faulty, and how often.
const AT_ONCE: usize = 8;
const TIMES: usize = 4;

/// The longest wait for the recovery.
const MAX_RECOVERY: Duration = Duration::from_mins(2);

/// The faults, each with the possible statuses of a launch. An answer that drips may arrive in time.
fn faults() -> Vec<(&'static str, Fault, &'static [u16])> {
    vec![
        ("refuses connections", Fault::Dead, &[503]),
        ("cuts connections", Fault::Cut, &[503]),
        ("never answers", Fault::Hang, &[503]),
        ("sends a byte at a time", Fault::Drip, &[303, 503]),
        ("breaks off in an answer", Fault::CutShort, &[503]),
        ("answers 500", Fault::Status(500), &[503]),
        ("answers with its login page", Fault::LoginPage, &[502]),
        ("sends half of the JSON", Fault::Truncated, &[502]),
        ("sends null for the person", Fault::DataNull, &[502]),
        ("sends answers without an end", Fault::Oversized, &[502]),
    ]
}

/// Runs the scenario. Returns whether every session lived on and every launch got the right status.
pub async fn run(binary: &Path) -> bool {
    let faults = faults();
    let mut progress = Progress::new("portal", faults.len() as u64);
    let (mut rows, mut is_kept) = (Vec::new(), true);
    for (number, (name, fault, expected)) in (0..).zip(faults) {
        progress.set(number, name.to_owned());
        let server = Server::start(binary, "").await;
        let site = Site::of(&server);
        let mut person = Browser::new();
        site.launch(&mut person, CHEN_TAO).await.unwrap();
        let before = site.login(&mut person).await.unwrap();
        let mut refresh = before["refresh_token"].as_str().unwrap().to_owned();

        server.portal.set_fault(fault).await;
        let (mut longest, mut statuses, mut lives) = (Duration::ZERO, Vec::new(), true);
        for _ in 0..TIMES {
            let launches = (0..AT_ONCE).map(|_| tokio::spawn(timed_launch(site.clone())));
            let launches: Vec<_> = launches.collect();
            lives &= site.login(&mut person).await.is_ok();
            match site.refresh(&refresh).await {
                Ok(next) => refresh = next,
                Err(_) => lives = false,
            }
            for launch in launches {
                let (status, time) = launch.await.unwrap();
                longest = longest.max(time);
                statuses.push(status);
            }
        }
        statuses.sort_unstable();
        statuses.dedup();
        let is_right = statuses.iter().all(|status| expected.contains(status));

        server.portal.set_fault(Fault::Healthy).await;
        let (healthy, mut recovery) = (Instant::now(), None);
        while recovery.is_none() && healthy.elapsed() < MAX_RECOVERY {
            let (status, _) = timed_launch(site.clone()).await;
            recovery = (status == 303).then(|| healthy.elapsed());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        is_kept &= lives && is_right && recovery.is_some();
        let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
        rows.push(vec![
            name.to_owned(),
            statuses.join(", "),
            marked(
                format!("{:.1}", longest.as_secs_f64()),
                longest <= MAX_ANSWER,
            ),
            yes(lives),
            recovery.map_or_else(
                || "**never**".to_owned(),
                |time| format!("{:.1}", time.as_secs_f64()),
            ),
        ]);
    }
    drop(progress);
    let head = [
        "the portal",
        "status of a launch",
        "longest, s",
        "sessions and refreshes live on",
        "first launch after the recovery, s",
    ];
    table::print(&head, &rows);
    is_kept
}

/// A launch with a new ticket: its status and its duration.
async fn timed_launch(site: Site) -> (u16, Duration) {
    let ticket = site.portal.issue_ticket(CHEN_TAO);
    let url = site.app.at(&format!("/launch/app?ticket={ticket}"));
    let (mut browser, asked) = (Browser::new(), Instant::now());
    let answer = browser.try_send(Method::GET, url, |request| request).await;
    let status = answer.map_or(0, |answer| answer.status.as_u16());
    (status, asked.elapsed())
}

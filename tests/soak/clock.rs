//! The program's clock jumps forward and back under load.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;

use crate::progress::Progress;
use crate::server::Server;
use crate::support::CHEN_TAO;
use crate::support::browser::Browser;
use crate::support::faketime::libfaketime;
use crate::table::{self, yes};
use crate::visit::Site;

/// The jumps, in seconds from the true time.
const JUMPS: [(&str, i64); 6] = [
    ("2 minutes ahead", 120),
    ("back to the true time", 0),
    ("2 minutes behind", -120),
    ("2 hours ahead", 7200),
    ("back to the true time", 0),
    ("10 years behind", -315_360_000),
];

/// Visits under way at a jump.
const VISITS: u64 = 4;

/// How long visits go on before a jump, and after it.
const LOAD: Duration = Duration::from_millis(1500);

/// Runs the scenario. Returns whether logins went on and used tickets stayed with their owners.
pub async fn run(binary: &Path) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let offset = folder.path().join("offset");
    fs::write(&offset, "+0").unwrap();
    let environment = vec![
        format!("LD_PRELOAD={}", libfaketime()),
        format!("FAKETIME_TIMESTAMP_FILE={}", offset.display()),
        "FAKETIME_NO_CACHE=1".to_owned(),
        "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
    ];
    let server = Server::start_in(binary, "", environment).await;
    let mut progress = Progress::new("clock", JUMPS.len() as u64);
    let (mut rows, mut is_kept) = (Vec::new(), true);
    for (number, (name, seconds)) in (0..).zip(JUMPS) {
        progress.set(number, name.to_owned());
        let site = Site::of(&server);
        let mut person = Browser::new();
        let ticket = site.portal.issue_ticket(CHEN_TAO);
        let signed_in = open(&site, &mut person, &ticket).await == 303;
        let tokens = site.login(&mut person).await.unwrap();
        let token = |name: &str| tokens[name].as_str().unwrap().to_owned();

        let stop = Arc::new(AtomicBool::new(false));
        let visits = (0..VISITS).map(|number| {
            let (site, stop) = (site.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut visits = 0;
                while !stop.load(Ordering::Relaxed) {
                    site.visit(number + visits).await;
                    visits += 1;
                }
                visits
            })
        });
        let visits: Vec<_> = visits.collect();
        tokio::time::sleep(LOAD).await;
        let next = folder.path().join("next");
        fs::write(&next, format!("{seconds:+}")).unwrap();
        fs::rename(&next, &offset).unwrap();
        tokio::time::sleep(LOAD).await;
        stop.store(true, Ordering::Relaxed);
        let mut count = 0;
        for visit in visits {
            count += visit.await.unwrap();
        }
        let cut = site.counts().error_count();

        let session = site.authorize(&mut person).await.is_ok();
        let access = site.userinfo(&token("access_token"), 200).await.is_ok();
        let refresh = site.refresh(&token("refresh_token")).await.is_ok();
        let login = site.try_visit(0).await;
        let thief = open(&site, &mut Browser::new(), &ticket).await == 403;
        is_kept &= signed_in && login.is_ok() && thief;
        rows.push(vec![
            name.to_owned(),
            yes(login.is_ok()),
            yes(session),
            yes(refresh),
            yes(access),
            yes(thief),
            format!("{cut} of {count}"),
        ]);
        for (error, count) in site.counts().errors {
            eprintln!("{name}: {count} × {error}");
        }
    }
    drop(progress);
    let head = [
        "the clock",
        "new logins work",
        "session of before",
        "refresh token of before",
        "access token of before",
        "used ticket stays its owner's",
        "visits under way that failed",
    ];
    table::print(&head, &rows);
    is_kept
}

async fn open(site: &Site, browser: &mut Browser, ticket: &str) -> u16 {
    let url = site.app.at(&format!("/launch/app?ticket={ticket}"));
    let answer = browser.try_send(Method::GET, url, |request| request).await;
    answer.map_or(0, |answer| answer.status.as_u16())
}

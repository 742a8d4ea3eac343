//! `kill -9` under load, many times: what was confirmed is still there, and no code is redeemed twice.
//!
//! `tests/faults/kill.rs` checks more kinds of state in a few rounds.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::progress::Progress;
use crate::server::Server;
use crate::support::CHEN_TAO;
use crate::support::browser::Browser;
use crate::table;
use crate::visit::Site;

/// How many people log in at once.
const PEOPLE: usize = 8;

/// The time from the first logins to the kill differs between rounds. It is shorter than this.
const LONGEST_LOAD_MS: u64 = 1500;

/// A login that was confirmed, as far as it got.
struct Login {
    browser: Browser,
    code: Option<String>,
    redeemed: bool,
    refresh_token: Option<String>,
    refreshes: u64,
}

#[derive(Default)]
struct Sums {
    logins: u64,
    redemptions: u64,
    refreshes: u64,
    lost: u64,
    twice: u64,
}

/// Runs the scenario. Returns whether nothing was lost and nothing happened twice.
pub async fn run(binary: &Path, rounds: u64) -> bool {
    let mut server = Server::start(binary, "").await;
    let site = Site::of(&server);
    let mut progress = Progress::new("kill", rounds);
    let mut sums = Sums::default();
    for round in 0..rounds {
        let logins = Arc::new(Mutex::new(Vec::new()));
        let people: Vec<_> = (0..PEOPLE)
            .map(|number| {
                let (site, logins) = (site.clone(), Arc::clone(&logins));
                tokio::spawn(async move { log_in_until_killed(&site, &logins, number).await })
            })
            .collect();
        while logins.lock().unwrap().len() < PEOPLE {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::sleep(Duration::from_millis(37 * round % LONGEST_LOAD_MS)).await;
        server.program.kill();
        for person in people {
            person.await.unwrap();
        }
        server.restart().await;
        let logins = std::mem::take(&mut *logins.lock().unwrap());
        check(&site, logins, &mut sums).await;
        let message = format!("{} lost, {} twice", sums.lost, sums.twice);
        progress.set(round + 1, message);
    }
    drop(progress);
    let figures = [
        rounds,
        sums.logins,
        sums.redemptions,
        sums.refreshes,
        sums.lost,
        sums.twice,
    ];
    table::print(
        &[
            "kills",
            "logins",
            "redemptions",
            "refreshes",
            "lost",
            "twice",
        ],
        &[figures.map(|figure| figure.to_string()).to_vec()],
    );
    sums.lost + sums.twice == 0
}

/// Logs in repeatedly until the program does not answer.
async fn log_in_until_killed(site: &Site, logins: &Mutex<Vec<Login>>, mut number: usize) {
    loop {
        let mut login = Login {
            browser: Browser::new(),
            code: None,
            redeemed: false,
            refresh_token: None,
            refreshes: 0,
        };
        if site.launch(&mut login.browser, CHEN_TAO).await.is_err() {
            return;
        }
        let outcome = go_on(site, &mut login, number % 4).await;
        logins.lock().unwrap().push(login);
        if outcome.is_err() {
            return;
        }
        number += 1;
    }
}

/// Goes as far as `kind` says. What `login` contains afterwards was confirmed.
async fn go_on(site: &Site, login: &mut Login, kind: usize) -> Result<(), String> {
    login.code = Some(site.authorize(&mut login.browser).await?);
    if kind == 0 {
        return Ok(());
    }
    let code = login.code.clone().unwrap_or_default();
    // From here on nobody knows whether the code is redeemed until the response arrives.
    login.code = None;
    let tokens = site.redeem(&code, 200).await?.json();
    (login.code, login.redeemed) = (Some(code), true);
    let mut token = tokens["refresh_token"].as_str().unwrap().to_owned();
    login.refresh_token = Some(token.clone());
    for _ in 0..kind {
        token = site.refresh(&token).await?;
        login.refresh_token = Some(token.clone());
        login.refreshes += 1;
    }
    Ok(())
}

async fn check(site: &Site, logins: Vec<Login>, sums: &mut Sums) {
    for mut login in logins {
        sums.logins += 1;
        sums.lost += u64::from(site.authorize(&mut login.browser).await.is_err());
        sums.redemptions += u64::from(login.redeemed);
        sums.refreshes += login.refreshes;
        if let Some(token) = &login.refresh_token {
            sums.lost += u64::from(site.refresh(token).await.is_err());
        }
        let Some(code) = login.code else { continue };
        if !login.redeemed {
            sums.lost += u64::from(site.redeem(&code, 200).await.is_err());
        }
        sums.twice += u64::from(site.redeem(&code, 400).await.is_err());
    }
}

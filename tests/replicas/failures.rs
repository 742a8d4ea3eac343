//! A process dies under load, and the database does: nothing that was confirmed is lost, nothing happens twice, and
//! an app sees only errors after which it can try again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use panda_oidc_panda::simulator::SimulatorHandle;
use reqwest::Method;

use crate::fleet::Fleet;
use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, VERIFIER};
use crate::support::browser::{Answer, Browser};
use crate::support::program::{CLIENT_ID, CLIENT_SECRET};

/// How many people log in at once.
const PEOPLE: usize = 6;

/// What was confirmed to somebody, and must be true afterwards.
#[derive(Default)]
struct Confirmed {
    sessions: Vec<Browser>,
    /// Codes that were redeemed, with the access token.
    redeemed: Vec<(String, String)>,
    /// The latest refresh token of each login.
    refresh_tokens: Vec<String>,
    /// How many answers asked to try again.
    retried: u64,
}

/// People who log in until they are stopped, each request at the next process.
struct Load {
    apps: Vec<RelyingParty>,
    portal: Arc<SimulatorHandle>,
    next: AtomicU64,
    stop: AtomicBool,
    confirmed: Mutex<Confirmed>,
}

impl Load {
    fn new(fleet: &Fleet) -> Arc<Self> {
        Arc::new(Self {
            apps: (0..fleet.programs.len())
                .map(|number| fleet.app(number))
                .collect(),
            portal: Arc::clone(&fleet.portal),
            next: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            confirmed: Mutex::default(),
        })
    }

    /// The app through the next process, as a load balancer would choose it.
    fn app(&self) -> &RelyingParty {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        &self.apps[usize::try_from(next).unwrap() % self.apps.len()]
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Counts an answer that says "try again", and waits a moment.
    async fn retry(&self) {
        self.confirmed.lock().unwrap().retried += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    async fn log_in_until_stopped(self: Arc<Self>) {
        while !self.stopped() {
            let mut browser = Browser::new();
            if !self.launch(&mut browser).await {
                continue;
            }
            self.confirmed
                .lock()
                .unwrap()
                .sessions
                .push(browser.clone());
            let Some(code) = self.authorize(&mut browser).await else {
                continue;
            };
            let Some(tokens) = self.redeem(&code).await else {
                continue;
            };
            let access_token = tokens["access_token"].as_str().unwrap().to_owned();
            let mut refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
            for _ in 0..2 {
                match self.refresh(&refresh_token).await {
                    Some(successor) => refresh_token = successor,
                    None => break,
                }
            }
            let mut confirmed = self.confirmed.lock().unwrap();
            confirmed.redeemed.push((code, access_token));
            confirmed.refresh_tokens.push(refresh_token);
        }
    }

    async fn launch(&self, browser: &mut Browser) -> bool {
        let url = self.app().at(&format!(
            "/launch/app?ticket={}",
            self.portal.issue_ticket(CHEN_TAO)
        ));
        let answer = browser
            .try_send(Method::GET, url, |request| request)
            .await
            .ok();
        // The page of a failed launch says that the person can try again.
        let Some(answer) = answer.filter(|it| it.status != 503) else {
            self.retry().await;
            return false;
        };
        assert_eq!(answer.status, 303, "launch: {}", answer.body);
        true
    }

    async fn authorize(&self, browser: &mut Browser) -> Option<String> {
        loop {
            let url = self.app().authorize_url(&[
                ("scope", "openid profile offline_access"),
                ("prompt", "none"),
            ]);
            let answer = browser.try_send(Method::GET, url, |request| request).await;
            if let Ok(answer) = answer {
                if let Some(code) = answer.parameter("code") {
                    return Some(code);
                }
                let error = answer.parameter("error");
                assert_eq!(
                    error.as_deref(),
                    Some("temporarily_unavailable"),
                    "authorize: {} {}",
                    answer.status,
                    answer.body
                );
            }
            if self.stopped() {
                return None;
            }
            self.retry().await;
        }
    }

    /// Redeems a code. A code whose answer is lost may be used up, so it is not presented again.
    async fn redeem(&self, code: &str) -> Option<serde_json::Value> {
        let app = self.app();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &app.redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        let answer = post(app, &form).await?;
        self.unless_unavailable(answer)
            .await
            .map(|answer| answer.json())
    }

    /// Refreshes until there is an answer: a refresh token may be presented again for a while.
    async fn refresh(&self, refresh_token: &str) -> Option<String> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        loop {
            if let Some(answer) = post(self.app(), &form).await
                && let Some(answer) = self.unless_unavailable(answer).await
            {
                return Some(answer.json()["refresh_token"].as_str().unwrap().to_owned());
            }
            if self.stopped() {
                return None;
            }
            self.retry().await;
        }
    }

    /// `None` for a 503 that says when to try again; all else must be a success.
    async fn unless_unavailable(&self, answer: Answer) -> Option<Answer> {
        if answer.status == 503 {
            assert_ne!(answer.header("retry-after"), "", "when to try again");
            self.retry().await;
            return None;
        }
        assert_eq!(answer.status, 200, "{}", answer.body);
        Some(answer)
    }
}

async fn post(app: &RelyingParty, form: &[(&str, &str)]) -> Option<Answer> {
    let credentials = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    let form = [form, &credentials].concat();
    let url = app.at("/token");
    let answer = Browser::new()
        .try_send(Method::POST, url, |request| request.form(&form))
        .await;
    answer.ok()
}

/// Checks at one process that everything that was confirmed holds.
async fn assert_all_holds(fleet: &Fleet, confirmed: Confirmed) -> u64 {
    let app = fleet.app(0);
    assert!(confirmed.redeemed.len() >= PEOPLE, "too little happened");
    for mut browser in confirmed.sessions {
        let answer = browser.get(app.authorize_url(&[("prompt", "none")])).await;
        assert!(
            answer.parameter("code").is_some(),
            "a session is lost: {}",
            answer.location()
        );
    }
    for (_, access_token) in &confirmed.redeemed {
        assert_eq!(
            app.userinfo(access_token).await.status,
            200,
            "a grant is lost"
        );
    }
    for refresh_token in &confirmed.refresh_tokens {
        let answer = app.refresh(refresh_token).await;
        assert_eq!(
            answer.status, 200,
            "a family has forked or is lost: {}",
            answer.body
        );
    }
    for (code, _) in &confirmed.redeemed {
        let answer = app.redeem(code).await;
        assert_eq!(
            answer.json()["error"],
            "invalid_grant",
            "a code was redeemed twice"
        );
    }
    confirmed.retried
}

/// Lets people log in at all processes while `fail` runs. Returns what was confirmed to them.
async fn under_load(fleet: &mut Fleet, fail: impl AsyncFnOnce(&mut Fleet)) -> Confirmed {
    let load = Load::new(fleet);
    let people: Vec<_> = (0..PEOPLE)
        .map(|_| tokio::spawn(Arc::clone(&load).log_in_until_stopped()))
        .collect();
    fail(fleet).await;
    load.stop.store(true, Ordering::Relaxed);
    for person in people {
        person.await.unwrap();
    }
    let mut confirmed = load.confirmed.lock().unwrap();
    std::mem::take(&mut *confirmed)
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_are_killed_lose_nothing_that_was_confirmed() {
    for count in [2, 3] {
        let mut fleet = Fleet::start(count, "").await;
        let confirmed = under_load(&mut fleet, async |fleet| {
            for round in 0..2 * count {
                tokio::time::sleep(Duration::from_millis(700)).await;
                let victim = round % count;
                fleet.programs[victim].kill();
                tokio::time::sleep(Duration::from_millis(300)).await;
                fleet.start_program(victim).await;
            }
        })
        .await;
        let retried = assert_all_holds(&fleet, confirmed).await;
        assert!(retried > 0, "no kill was noticed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_restarts_loses_nothing_and_the_processes_heal() {
    let mut fleet = Fleet::start(2, "").await;
    let pids = [0, 1].map(|number| fleet.programs[number].pid());
    let confirmed = under_load(&mut fleet, async |fleet| {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            fleet.server.stop();
            tokio::time::sleep(Duration::from_millis(700)).await;
            fleet.server.resume();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    })
    .await;
    let retried = assert_all_holds(&fleet, confirmed).await;
    assert!(retried > 0, "no restart was noticed");
    assert_eq!(pids, [0, 1].map(|number| fleet.programs[number].pid()));
}

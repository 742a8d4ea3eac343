//! Delivery of logout tokens to clients, with retries (Back-Channel Logout 1.0 §2.5–§2.8).

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};
use rusqlite::{Connection, OpenFlags};

use crate::kit::{registered, registration, tokens, verified};
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::Browser;
use crate::support::listener::{Listener, ReceivedNotice};
use crate::support::program::{Program, free_port};
use crate::support::provider::TestProvider;
use crate::support::until;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

/// The pending deliveries: client, attempts so far, and when the next is due, in Unix seconds.
fn queue(database: &Path) -> Vec<(String, u32, i64)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let sql = Connection::open_with_flags(database, flags).unwrap();
    let mut rows = sql
        .prepare("SELECT client_id, attempts, due_at FROM logout_deliveries ORDER BY client_id")
        .unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        let due: i64 = row.get(2)?;
        Ok((row.get(0)?, row.get(1)?, due / 1000))
    };
    let rows = rows.query_map([], row).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Waits until the pending deliveries satisfy `condition`.
async fn wait_for(database: &Path, condition: impl Fn(&[(String, u32, i64)]) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let queue = queue(database);
        if condition(&queue) {
            return;
        }
        assert!(Instant::now() < deadline, "{queue:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// 陈涛 logged in to the client `app`; a launch by 黑龙江 in the same browser then ended that session.
struct Switched {
    provider: TestProvider,
    app: Listener,
    first: ReceivedNotice,
}

impl Switched {
    /// `app` responds to logout tokens with `statuses`, in order, and with 200 after them.
    async fn with(statuses: &[u16]) -> Self {
        let app = Listener::open().await;
        app.answer(statuses);
        let provider =
            TestProvider::open_with(&registration("app", &app.registration_line()), "").await;
        let mut browser = provider.signed_in(CHEN_TAO).await;
        tokens(&registered(&provider, "app"), &mut browser).await;
        switch_user(&provider, &mut browser).await;
        let first = app.next_notice().await;
        Self {
            provider,
            app,
            first,
        }
    }

    /// Waits until the delivery has had `attempts` and is due again in `in_seconds`.
    async fn until_due(&self, attempts: u32, in_seconds: i64) {
        let now = self.provider.app.host.clock.now().timestamp();
        let expected = [("app".to_owned(), attempts, now + in_seconds)];
        wait_for(&self.database(), |queue| queue == expected).await;
    }

    /// Waits until no delivery is pending.
    async fn until_none_pending(&self) {
        wait_for(&self.database(), <[_]>::is_empty).await;
    }

    fn database(&self) -> std::path::PathBuf {
        self.provider.folder().join("panda-oidc.db")
    }
}

/// Launches grafana for 黑龙江 from the portal's page, in a browser with a session of 陈涛.
async fn switch_user(provider: &TestProvider, browser: &mut Browser) {
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let url = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let answer = browser.get_from(url, provider.portal.url().as_str()).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

#[tokio::test]
async fn a_failed_delivery_is_retried_with_a_new_token() {
    let switched = Switched::with(&[500, 503]).await;
    switched.until_due(1, 5).await;
    switched.provider.advance(TimeDelta::seconds(5));
    let second = switched.app.next_notice().await;
    switched.until_due(2, 30).await;
    switched.provider.advance(TimeDelta::seconds(30));
    let third = switched.app.next_notice().await;
    switched.until_none_pending().await;

    let mut names = Vec::new();
    for (notice, iat) in [(&switched.first, 0), (&second, 5), (&third, 35)] {
        let claims = verified(&switched.provider, notice.token()).await;
        assert_eq!(
            (&claims["sub"], &claims["aud"]),
            (&"1".into(), &"app".into())
        );
        assert_eq!(claims["iat"], 1_800_000_000 + iat);
        assert_eq!(claims["exp"], 1_800_000_120 + iat);
        names.push(claims["jti"].as_str().unwrap().to_owned());
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 3, "each has a jti of its own");
    assert_eq!(claims(second.token())["sid"], claims(third.token())["sid"]);
}

#[tokio::test]
async fn a_response_without_a_body_is_a_success() {
    Switched::with(&[204]).await.until_none_pending().await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let switched = Switched::with(&[307]).await;
    assert_eq!(switched.first.path, "/logout");
    switched.until_due(1, 5).await;
    let notices = switched.app.notices();
    assert!(notices.is_empty(), "{notices:?}");
}

#[tokio::test]
async fn a_delivery_is_given_up_after_five_refusals() {
    let switched = Switched::with(&[400; 6]).await;
    for (attempts, pause) in (1..).zip([5, 30, 120, 600]) {
        switched.until_due(attempts, pause).await;
        switched.provider.advance(TimeDelta::seconds(pause));
        switched.app.next_notice().await;
    }
    switched.until_none_pending().await;
}

#[tokio::test]
async fn a_delivery_is_given_up_after_a_day() {
    let Switched { provider, app, .. } = Switched::with(&[500]).await;
    let database = provider.folder().join("panda-oidc.db");
    wait_for(&database, |queue| queue.len() == 1).await;
    provider.advance(TimeDelta::hours(24));
    wait_for(&database, <[_]>::is_empty).await;
    let notices = app.notices();
    assert!(notices.is_empty(), "{notices:?}");
}

/// keycloak/keycloak#27359: one token for each session and client.
#[tokio::test]
async fn a_browser_with_two_sessions_makes_two_tokens() {
    let app = Listener::open().await;
    let clients = format!(
        "[session]\nlifetime = '1m'\n{}",
        registration("app", &app.registration_line())
    );
    let provider = TestProvider::open_with(&clients, "").await;
    let client = registered(&provider, "app");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let first = tokens(&client, &mut browser).await;
    provider.advance(TimeDelta::minutes(2));
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let second = tokens(&client, &mut browser).await;
    switch_user(&provider, &mut browser).await;
    let sids = |tokens: &[&str]| {
        let sids = tokens.iter().map(|token| claims(token)["sid"].to_string());
        sids.collect::<std::collections::BTreeSet<_>>()
    };
    let notices = app.notices();
    let notices: Vec<_> = notices.iter().map(ReceivedNotice::token).collect();
    let id_tokens = [&first, &second].map(|tokens| tokens["id_token"].as_str().unwrap());
    assert_eq!((notices.len(), sids(&notices)), (2, sids(&id_tokens)));
}

/// A portal, and the built program with a client that 陈涛 has logged in to. `listener` is the line
/// of its registration that sets its `backchannel_logout_uri`.
async fn program(listener: &str) -> (SimulatorHandle, Program, Browser) {
    let portal = Simulator::start(SimulatorSettings::default())
        .await
        .unwrap();
    let program = Program::start(portal.url().as_str(), &registration("told", listener)).await;
    let mut browser = Browser::new();
    let ticket = portal.issue_ticket(CHEN_TAO);
    browser
        .get(program.at(&format!("/launch/app?ticket={ticket}")))
        .await;
    let client = RelyingParty {
        client_id: "told".to_owned(),
        client_secret: Some("another-secret-0123456789".to_owned()),
        redirect_uri: "http://127.0.0.1:9/told".to_owned(),
        ..program.client()
    };
    tokens(&client, &mut browser).await;
    (portal, program, browser)
}

/// Launches `app` for 黑龙江 from the portal's page, which ends the session of 陈涛.
async fn launch_from_portal(portal: &SimulatorHandle, program: &Program, browser: &mut Browser) {
    let ticket = portal.issue_ticket(HEI_LONG_JIANG);
    let url = program.at(&format!("/launch/app?ticket={ticket}"));
    let answer = browser.get_from(url, portal.url().as_str()).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

#[tokio::test]
async fn the_pending_deliveries_of_a_killed_process_are_made_after_a_restart() {
    let port = free_port();
    let line = format!("backchannel_logout_uri = 'http://127.0.0.1:{port}/logout'\n");
    let (portal, mut program, mut browser) = program(&line).await;
    launch_from_portal(&portal, &program, &mut browser).await;
    // The log is written a moment later, and would be lost with the process.
    until("the refusal is in the log", async || {
        program.log().contains("it is told again in 5 s; check")
    })
    .await;
    program.kill();
    let database = program.data().join("panda-oidc.db");
    let pending = queue(&database);
    assert_eq!((pending.len(), pending[0].1), (1, 1), "{pending:?}");
    let app = Listener::open_at(port).await;
    program.restart().await;
    let notice = app.next_notice().await;
    assert_eq!(claims(notice.token())["sub"], "1");
    wait_for(&database, <[_]>::is_empty).await;
    let log = program.log();
    for message in [
        "told did not take the end of session",
        "(Connection refused (os error 111)); it is told again in 5 s; check",
        "Told told that session",
    ] {
        assert!(log.contains(message), "{message}");
    }
    assert!(!log.contains(notice.token()), "no token is in the log");
}

#[tokio::test]
async fn a_shutdown_waits_for_the_delivery_in_progress() {
    let app = Listener::open().await;
    app.answer(&[503]);
    let (portal, mut program, mut browser) = program(&app.registration_line()).await;
    launch_from_portal(&portal, &program, &mut browser).await;
    app.next_notice().await;
    let gate = app.hold().await;
    app.next_notice().await;
    let pid = program.pid().to_string();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    let deadline = Instant::now() + Duration::from_secs(30);
    while !program.log().contains("Stopping") {
        assert!(Instant::now() < deadline, "{}", program.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(gate);
    assert!(program.stop().await);
    assert_eq!(queue(&program.data().join("panda-oidc.db")), []);
}

/// At most eight deliveries to one client run at the same time. The remaining capacity is for the other
/// clients.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_hangs_does_not_delay_deliveries_to_others() {
    let (hangs, app) = (Listener::open().await, Listener::open().await);
    let clients = registration("hangs", &hangs.registration_line())
        + &registration("app", &app.registration_line());
    let provider = TestProvider::open_with(&clients, "").await;
    let mut browsers = Vec::new();
    for _ in 0..20 {
        let mut browser = provider.signed_in(CHEN_TAO).await;
        tokens(&registered(&provider, "hangs"), &mut browser).await;
        browsers.push(browser);
    }
    let mut other = provider.signed_in(CHEN_TAO).await;
    tokens(&registered(&provider, "app"), &mut other).await;

    let gate = hangs.hold().await;
    let url = provider.portal.url();
    let mut switches = tokio::task::JoinSet::new();
    for mut browser in browsers {
        let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
        let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
        let portal = url.to_string();
        switches.spawn(async move { browser.get_from(launch, &portal).await.status });
    }
    for status in switches.join_all().await {
        assert_eq!(status, 303);
    }
    switch_user(&provider, &mut other).await;
    app.next_notice().await;
    assert_eq!(hangs.most_at_once(), 8);
    // The other deliveries are read from the store after their lease has expired.
    provider.advance(TimeDelta::seconds(60));
    drop(gate);
    wait_for(&provider.folder().join("panda-oidc.db"), <[_]>::is_empty).await;
    assert_eq!(hangs.most_at_once(), 8);
}

//! The built program on the data of version 0.1.0, at the time when that version stopped.

use std::fs;
use std::process::Command;

use panda_oidc_panda::simulator::SimulatorHandle;

use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::Browser;
use crate::support::earlier_data::EarlierData;
use crate::support::faketime::libfaketime;
use crate::support::program::{BINARY, Program};
use crate::tools::portal;

/// The program, its portal and the data that it was started on.
struct Upgraded {
    data: EarlierData,
    portal: SimulatorHandle,
    program: Program,
}

impl Upgraded {
    async fn start() -> Self {
        let portal = portal().await;
        let data = EarlierData::read();
        EarlierData::add_users(&portal);
        let mut program = Program::prepare(portal.url().as_str(), "", "");
        fs::create_dir(program.data()).unwrap();
        let toml = EarlierData::copy_into(&program.data(), &portal);
        fs::write(program.config_file(), toml).unwrap();
        program.spawn_by(&mut Self::command(&data));
        program.until_ready().await;
        Self {
            data,
            portal,
            program,
        }
    }

    /// A command whose clock starts five seconds after the earlier version stopped.
    fn command(data: &EarlierData) -> Command {
        let now = data.stopped_at() + chrono::TimeDelta::seconds(5);
        let mut command = Command::new(BINARY);
        command
            .env("LD_PRELOAD", libfaketime())
            .env("FAKETIME", now.format("@%Y-%m-%d %H:%M:%S").to_string())
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("TZ", "UTC");
        command
    }

    fn app(&self) -> RelyingParty {
        EarlierData::app(&self.program.issuer)
    }

    async fn is_signed_in(&self, browser: &mut Browser) -> bool {
        let url = self.app().authorize_url(&[("prompt", "none")]);
        browser.get(url).await.parameter("code").is_some()
    }
}

#[tokio::test]
async fn login_refresh_logout_and_leaver_work_on_the_data_of_0_1_0() {
    let upgraded = Upgraded::start().await;
    let (data, portal, program) = (&upgraded.data, &upgraded.portal, &upgraded.program);
    let app = upgraded.app();

    // A session and a code of before, and a new login of the same user.
    let mut browser = data.browser("signed_in");
    assert!(upgraded.is_signed_in(&mut browser).await);
    let tokens = app.redeem(data.text("signed_in", "code")).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let ticket = portal.issue_ticket(CHEN_TAO);
    let launch = program.at(&format!("/launch/app?ticket={ticket}"));
    let mut other_browser = Browser::new();
    assert_eq!(other_browser.get(launch).await.status, 303);
    assert!(upgraded.is_signed_in(&mut other_browser).await);

    let refreshed = app.refresh(data.text("signed_in", "refresh_token")).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    let access_token = refreshed.json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(app.userinfo(&access_token).await.status, 200);

    let mut leaving = data.browser("leaving");
    assert!(upgraded.is_signed_in(&mut leaving).await);
    let confirmation = [("confirmation", data.text("leaving", "confirmation"))];
    let answer = leaving
        .post(program.at("/logout/confirm"), &confirmation)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!upgraded.is_signed_in(&mut leaving).await);

    // User 2 had left before. User 3 was absent once, and is absent again.
    assert!(!upgraded.is_signed_in(&mut data.browser("left")).await);
    let mut absent = data.browser("absent");
    assert!(upgraded.is_signed_in(&mut absent).await);
    portal.suspend_user(2);
    portal.suspend_user(3);
    let mut sync = Upgraded::command(data);
    sync.args(["users", "sync", "--config"])
        .arg(program.config_file());
    let synced = tokio::task::spawn_blocking(move || sync.output().unwrap());
    let synced = synced.await.unwrap();
    assert!(synced.status.success(), "{synced:?}");
    assert!(!upgraded.is_signed_in(&mut absent).await);
    let refused = app.refresh(data.text("absent", "refresh_token")).await;
    assert_eq!(refused.json()["error"], "invalid_grant");
}

//! Stopping the program, starting it again, and running two instances on one database.

use std::net::TcpStream;

use tokio::task::JoinHandle;

use crate::scripted_portal::{Reply, ScriptedPortal, good};
use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::tools::{launch, launch_url, portal, signed_in, tokens, until};

/// The log message when requests are cut off at the end of the shutdown grace period.
const CUT_OFF: &str = "were not finished within 20 s";

/// A launch that waits for the portal.
type Launch = JoinHandle<reqwest::Result<(Browser, Answer)>>;

async fn start_launch(program: &Program, portal: &ScriptedPortal, reply: Reply) -> Launch {
    portal.plant("ticket", reply);
    let url = launch_url(program, "ticket");
    let launch = tokio::spawn(async move {
        let mut browser = Browser::new();
        let response = browser.try_send(reqwest::Method::GET, url, |request| request);
        let answer = response.await?;
        Ok((browser, answer))
    });
    portal.asked(1).await;
    launch
}

fn listens(program: &Program) -> bool {
    TcpStream::connect(program.issuer.trim_start_matches("http://")).is_ok()
}

/// Sends SIGTERM, and waits until the program accepts no new connections.
async fn begin_shutdown(program: &Program) {
    program.terminate();
    until("it takes nobody new", async || !listens(program)).await;
}

#[tokio::test]
async fn a_pending_launch_is_finished_before_the_exit() {
    let portal = ScriptedPortal::open().await;
    let mut program = Program::start_with(portal.url(), "timeout = '60s'", "").await;
    let launch = start_launch(&program, &portal, Reply::OnCue(good())).await;
    begin_shutdown(&program).await;
    portal.go_on();
    let (mut browser, answer) = launch.await.unwrap().unwrap();
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(program.end().await.success());
    assert!(!program.log().contains(CUT_OFF));
    program.restart().await;
    tokens(&program, &mut browser).await;
}

#[tokio::test]
async fn a_second_sigterm_exits_at_once() {
    let portal = ScriptedPortal::open().await;
    let mut program = Program::start_with(portal.url(), "timeout = '60s'", "").await;
    let launch = start_launch(&program, &portal, Reply::Silence).await;
    begin_shutdown(&program).await;
    program.terminate();
    assert!(program.end().await.success());
    assert!(launch.await.unwrap().is_err(), "it was cut off");
    assert!(!program.log().contains(CUT_OFF), "it waited all the same");
}

#[tokio::test]
async fn a_hanging_launch_is_cut_off_after_the_grace_period() {
    let portal = ScriptedPortal::open().await;
    let mut program = Program::start_with(portal.url(), "timeout = '60s'", "").await;
    let launch = start_launch(&program, &portal, Reply::Silence).await;
    begin_shutdown(&program).await;
    assert!(program.end().await.success());
    assert!(launch.await.unwrap().is_err(), "it was cut off");
    assert!(program.log().contains(CUT_OFF));
}

#[tokio::test]
async fn it_restarts_at_once_on_the_same_port_despite_open_connections() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut browser = signed_in(&program, &portal).await;
    for gracefully in [true, false, true] {
        let address = program.issuer.trim_start_matches("http://").to_owned();
        let idle: Vec<_> = (0..8).map(|_| TcpStream::connect(&address)).collect();
        tokens(&program, &mut browser).await;
        if gracefully {
            assert!(program.stop().await);
        } else {
            program.kill();
        }
        program.restart().await;
        drop(idle);
        tokens(&program, &mut browser).await;
    }
    assert!(!program.log().contains(CUT_OFF));
}

#[tokio::test]
async fn two_instances_on_one_database_act_as_one_provider() {
    let portal = portal().await;
    let mut first = Program::prepare(portal.url().as_str(), "", "");
    let mut second = first.twin();
    first.spawn();
    second.spawn();
    first.until_ready().await;
    second.until_ready().await;
    let keys = async |program: &Program| Browser::new().get(program.at("/jwks")).await.body;
    assert_eq!(keys(&first).await, keys(&second).await);

    // A session of one instance is valid at the other, and so is the ownership of a ticket and the
    // redemption of a code.
    let ticket = portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    assert_eq!(launch(&first, &mut browser, &ticket).await.status, 303);
    let thief = launch(&second, &mut Browser::new(), &ticket).await;
    assert_eq!(thief.status, 403);
    let response = browser.get(second.client().authorize_url(&[])).await;
    let code = RelyingParty::code(&response);
    let (one, other) = (first.client(), second.client());
    let (one, other) = tokio::join!(one.redeem(&code), other.redeem(&code));
    let statuses = [one.status.as_u16(), other.status.as_u16()];
    assert!(
        statuses == [200, 400] || statuses == [400, 200],
        "{statuses:?}"
    );

    // Both instances write, and each keeps working without the other.
    for _ in 0..10 {
        let (mut at_first, mut at_second) =
            tokio::join!(signed_in(&first, &portal), signed_in(&second, &portal));
        tokio::join!(
            tokens(&second, &mut at_first),
            tokens(&first, &mut at_second)
        );
    }
    second.kill();
    tokens(&first, &mut browser).await;
    second.restart().await;
    assert!(first.stop().await);
    tokens(&second, &mut browser).await;
}

//! Stopping, starting again, and two of them at once.

use std::net::TcpStream;

use tokio::task::JoinHandle;

use crate::liar::{Liar, Reply, good};
use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::tools::{launch, launch_url, portal, signed_in, tokens, until};

/// What the log says when requests are cut off at the end of the grace.
const CUT_OFF: &str = "were not finished within 20 s";

/// A launch that is under way at the portal.
type Launch = JoinHandle<reqwest::Result<(Browser, Answer)>>;

async fn under_way(program: &Program, liar: &Liar, reply: Reply) -> Launch {
    liar.plant("ticket", reply);
    let url = launch_url(program, "ticket");
    let launch = tokio::spawn(async move {
        let mut browser = Browser::new();
        let asked = browser.try_send(reqwest::Method::GET, url, |request| request);
        let answer = asked.await?;
        Ok((browser, answer))
    });
    liar.asked(1).await;
    launch
}

fn listens(program: &Program) -> bool {
    TcpStream::connect(program.issuer.trim_start_matches("http://")).is_ok()
}

/// SIGTERM, and waits until nobody new is let in.
async fn told_to_stop(program: &Program) {
    program.terminate();
    until("it takes nobody new", async || !listens(program)).await;
}

#[tokio::test]
async fn a_launch_under_way_is_finished_before_the_end() {
    let liar = Liar::open().await;
    let mut program = Program::start_with(liar.url(), "timeout = '60s'", "").await;
    let launch = under_way(&program, &liar, Reply::OnCue(good())).await;
    told_to_stop(&program).await;
    liar.go_on();
    let (mut browser, answer) = launch.await.unwrap().unwrap();
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(program.end().await.success());
    assert!(!program.log().contains(CUT_OFF));
    program.restart().await;
    tokens(&program, &mut browser).await;
}

#[tokio::test]
async fn who_asks_twice_is_not_kept_waiting() {
    let liar = Liar::open().await;
    let mut program = Program::start_with(liar.url(), "timeout = '60s'", "").await;
    let launch = under_way(&program, &liar, Reply::Silence).await;
    told_to_stop(&program).await;
    program.terminate();
    assert!(program.end().await.success());
    assert!(launch.await.unwrap().is_err(), "it was cut off");
    assert!(!program.log().contains(CUT_OFF), "it waited all the same");
}

#[tokio::test]
async fn a_launch_without_end_is_cut_off_after_the_grace() {
    let liar = Liar::open().await;
    let mut program = Program::start_with(liar.url(), "timeout = '60s'", "").await;
    let launch = under_way(&program, &liar, Reply::Silence).await;
    told_to_stop(&program).await;
    assert!(program.end().await.success());
    assert!(launch.await.unwrap().is_err(), "it was cut off");
    assert!(program.log().contains(CUT_OFF));
}

#[tokio::test]
async fn it_starts_again_at_once_on_the_same_port_whatever_was_open() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut browser = signed_in(&program, &portal).await;
    for gently in [true, false, true] {
        let address = program.issuer.trim_start_matches("http://").to_owned();
        let idle: Vec<_> = (0..8).map(|_| TcpStream::connect(&address)).collect();
        tokens(&program, &mut browser).await;
        if gently {
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
async fn two_on_one_database_are_one_provider() {
    let portal = portal().await;
    let mut first = Program::prepare(portal.url().as_str(), "", "");
    let mut second = first.twin();
    first.spawn();
    second.spawn();
    first.until_ready().await;
    second.until_ready().await;
    let keys = async |program: &Program| Browser::new().get(program.at("/jwks")).await.body;
    assert_eq!(keys(&first).await, keys(&second).await);

    // A login here goes on there, and what is spent here is spent there.
    let ticket = portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    assert_eq!(launch(&first, &mut browser, &ticket).await.status, 303);
    let thief = launch(&second, &mut Browser::new(), &ticket).await;
    assert_eq!(thief.status, 403);
    let asked = browser.get(second.client().authorize_url(&[])).await;
    let code = RelyingParty::code(&asked);
    let (one, other) = (first.client(), second.client());
    let (one, other) = tokio::join!(one.redeem(&code), other.redeem(&code));
    let statuses = [one.status.as_u16(), other.status.as_u16()];
    assert!(
        statuses == [200, 400] || statuses == [400, 200],
        "{statuses:?}"
    );

    // Both write, and each outlives the other.
    for _ in 0..10 {
        let (mut here, mut there) =
            tokio::join!(signed_in(&first, &portal), signed_in(&second, &portal));
        tokio::join!(tokens(&second, &mut here), tokens(&first, &mut there));
    }
    second.kill();
    tokens(&first, &mut browser).await;
    second.restart().await;
    assert!(first.stop().await);
    tokens(&second, &mut browser).await;
}

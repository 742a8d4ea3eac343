//! A client with `unlinked = "deny"`: only users with an account in it may use it.

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};

use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{import, links, write_file};

const CLIENTS: &str = "unlinked = 'deny'\ncontact = '信息中心 8001'\n\
    [[clients]]\nclient_id = 'wiki'\nclient_secret = 'wiki-secret-0123456789abcdef'\n\
    redirect_uris = ['http://127.0.0.1:9/wiki']\n";

/// Launches the app as `user`, as a click in the portal's menu does.
async fn click(
    portal: &SimulatorHandle,
    program: &Program,
    browser: &mut Browser,
    user: u64,
) -> Answer {
    let ticket = portal.issue_ticket(user);
    let launch = program.at(&format!("/launch/app?ticket={ticket}"));
    browser.get(launch).await
}

#[track_caller]
fn assert_refused(answer: &Answer) {
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert!(
        answer.body.contains("没有与您对应的账号"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("信息中心 8001"), "{}", answer.body);
}

#[tokio::test]
async fn linked_users_are_let_in_and_others_see_a_contact() {
    let portal = Simulator::start(SimulatorSettings::default());
    let portal = portal.await.unwrap();
    let program = Program::start(portal.url().as_str(), CLIENTS).await;
    let app = program.client();
    let (mut one, mut two) = (Browser::new(), Browser::new());
    assert_refused(&click(&portal, &program, &mut one, CHEN_TAO).await);

    // An account in another client does not count.
    let table = "编号,应用,账号\r\n1,app,chentao\r\n2,wiki,hlj\r\n";
    let (table, ..) = encoding_rs::GB18030.encode(table);
    import(&program, &write_file(&program, "accounts.csv", table), &[]).expect_success();
    let launched = click(&portal, &program, &mut one, CHEN_TAO).await;
    assert_eq!(launched.status, 303, "{}", launched.body);
    let tokens = app.redeem(&app.login(&mut one).await).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let id_token = claims(tokens.json()["id_token"].as_str().unwrap());
    assert_eq!(id_token["sub"], "1");
    assert_eq!(id_token["preferred_username"], "chentao");
    assert_refused(&click(&portal, &program, &mut two, HEI_LONG_JIANG).await);
    let answer = two.get(app.authorize_url(&[])).await;
    assert_eq!(answer.parameter("error").as_deref(), Some("access_denied"));

    // An account for all clients counts.
    links(&program, &["set", "2", "--username", "hlj"]).expect_success();
    let launched = click(&portal, &program, &mut two, HEI_LONG_JIANG).await;
    assert_eq!(launched.status, 303, "{}", launched.body);
    RelyingParty::code(&two.get(app.authorize_url(&[])).await);

    links(&program, &["remove", "1", "--client", "app"]).expect_success();
    assert_refused(&click(&portal, &program, &mut one, CHEN_TAO).await);
}

//! What processes share: whichever of them a request reaches, the answer is the same.

use crate::fleet::{Fleet, text};
use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::Browser;

#[tokio::test]
async fn any_process_redeems_any_code_and_one_of_them_wins() {
    let fleet = Fleet::start(3, "").await;
    let mut browser = fleet.signed_in(0).await;
    for round in 0..8 {
        let code = fleet.app(round % 3).login(&mut browser).await;
        let apps = [0, 1, 2].map(|number| fleet.app(number));
        let [first, second, third] = &apps;
        let (first, second, third) = tokio::join!(
            first.redeem(&code),
            second.redeem(&code),
            third.redeem(&code)
        );
        let answers = [first, second, third];
        let won: Vec<_> = answers.iter().filter(|it| it.status == 200).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        for lost in answers.iter().filter(|it| it.status != 200) {
            assert_eq!(lost.json()["error"], "invalid_grant", "{}", lost.body);
        }
        // Whoever presents a code again revokes what the first one got (RFC 6749 §4.1.2).
        let access_token = text(&won[0].json(), "access_token").to_owned();
        assert_eq!(
            fleet.app(round % 2).userinfo(&access_token).await.status,
            401
        );
    }
}

#[tokio::test]
async fn concurrent_refreshes_at_all_processes_get_the_same_successor() {
    let fleet = Fleet::start(3, "").await;
    let mut browser = fleet.signed_in(1).await;
    let tokens = fleet.tokens(2, &mut browser).await;
    let mut refresh_token = text(&tokens, "refresh_token").to_owned();
    let apps = [0, 1, 2].map(|number| fleet.app(number));
    for _ in 0..8 {
        let [first, second, third] = &apps;
        let (first, second, third) = tokio::join!(
            first.refresh(&refresh_token),
            second.refresh(&refresh_token),
            third.refresh(&refresh_token)
        );
        let answers = [first, second, third];
        let successors: Vec<String> = answers
            .iter()
            .map(|answer| {
                assert_eq!(answer.status, 200, "{}", answer.body);
                text(&answer.json(), "refresh_token").to_owned()
            })
            .collect();
        assert!(
            successors.iter().all(|it| *it == successors[0]),
            "{successors:?}"
        );
        refresh_token.clone_from(&successors[0]);
    }
}

#[tokio::test]
async fn a_ticket_that_one_process_saw_is_refused_to_other_browsers_at_all() {
    let fleet = Fleet::start(2, "").await;
    let ticket = fleet.portal.issue_ticket(CHEN_TAO);
    let mut owner = Browser::new();
    assert_eq!(fleet.launch(0, &mut owner, &ticket).await.status, 303);
    let thief = fleet.launch(1, &mut Browser::new(), &ticket).await;
    assert_eq!(thief.status, 403);
    let again = fleet.launch(1, &mut owner, &ticket).await;
    assert_eq!(
        again.status, 303,
        "its owner may come again: {}",
        again.body
    );
}

#[tokio::test]
async fn a_logout_at_one_process_ends_the_session_at_all() {
    let fleet = Fleet::start(2, "").await;
    let mut browser = fleet.signed_in(0).await;
    let tokens = fleet.tokens(1, &mut browser).await;
    let hint = text(&tokens, "id_token");
    let logout = fleet.programs[1].at(&format!("/logout?id_token_hint={hint}"));
    assert_eq!(browser.get(logout).await.status, 200);
    let app = fleet.app(0);
    let silent = browser.get(app.authorize_url(&[("prompt", "none")])).await;
    assert_eq!(silent.parameter("error").as_deref(), Some("login_required"));
    assert_eq!(
        app.userinfo(text(&tokens, "access_token")).await.status,
        401
    );
    let refreshed = app.refresh(text(&tokens, "refresh_token")).await;
    assert_eq!(refreshed.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn processes_that_start_at_once_make_one_set_of_tables_and_keys() {
    let mut fleet = Fleet::prepare(3, "").await;
    for number in 0..3 {
        fleet.spawn(number, &[]);
    }
    for program in &mut fleet.programs {
        program.until_ready().await;
    }
    let mut jwks = Vec::new();
    for program in &fleet.programs {
        jwks.push(Browser::new().get(program.at("/jwks")).await.body);
    }
    assert!(jwks.iter().all(|keys| *keys == jwks[0]), "{jwks:?}");
    let mut browser = fleet.signed_in(2).await;
    let answer = browser.get(fleet.app(0).authorize_url(&[])).await;
    let code = RelyingParty::code(&answer);
    assert_eq!(fleet.app(1).redeem(&code).await.status, 200);
}

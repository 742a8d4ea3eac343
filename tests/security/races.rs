//! Concurrent requests, over SQLite and real sockets: N22, N50, N61 and N63, docs/security.md.

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::support::app::{RelyingParty, claims};
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{SESSION, user_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n61_of_16_racing_browsers_one_owns_the_ticket() {
    let provider = TestProvider::open().await;
    for _ in 0..3 {
        let ticket = provider.portal.issue_ticket(CHEN_TAO);
        let start = Arc::new(Barrier::new(16));
        let mut race = JoinSet::new();
        for _ in 0..16 {
            let url = provider.at(&format!("/launch/grafana?ticket={ticket}"));
            let start = Arc::clone(&start);
            race.spawn(async move {
                let mut browser = Browser::new();
                start.wait().await;
                let status = browser.get(url).await.status;
                (status.as_u16(), browser)
            });
        }
        let mut owners = 0;
        while let Some(finished) = race.join_next().await {
            let (status, browser) = finished.unwrap();
            match status {
                303 => owners += 1,
                403 => assert!(!browser.cookies.contains_key(SESSION)),
                other => panic!("{other}"),
            }
        }
        assert_eq!(owners, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n22_of_24_concurrent_redemptions_one_succeeds_and_its_token_is_revoked() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for client in ["grafana", "keycloak", "spa"] {
        let client = provider.client(client);
        let code = client.login(&mut browser).await;
        let start = Arc::new(Barrier::new(24));
        let mut race = JoinSet::new();
        for _ in 0..24 {
            let (client, code) = (client.clone(), code.clone());
            let start = Arc::clone(&start);
            race.spawn(async move {
                start.wait().await;
                client.redeem(&code).await
            });
        }
        let mut access_tokens = Vec::new();
        while let Some(finished) = race.join_next().await {
            let answer = finished.unwrap();
            match answer.status.as_u16() {
                200 => {
                    access_tokens.push(answer.json()["access_token"].as_str().unwrap().to_owned());
                }
                _ => assert_eq!(answer.json()["error"], "invalid_grant"),
            }
        }
        assert_eq!(access_tokens.len(), 1);
        assert_eq!(
            client.userinfo(&access_tokens[0]).await.status,
            401,
            "the second redemption revoked it"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n61_racing_tabs_of_the_owner_share_one_session() {
    let provider = TestProvider::open().await;
    let browser = provider.signed_in(CHEN_TAO).await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let start = Arc::new(Barrier::new(8));
    let mut race = JoinSet::new();
    for _ in 0..8 {
        let url = provider.at(&format!("/launch/grafana?ticket={ticket}"));
        let (mut tab, start) = (browser.clone(), Arc::clone(&start));
        race.spawn(async move {
            start.wait().await;
            let status = tab.get(url).await.status;
            (status.as_u16(), tab)
        });
    }
    let grafana = provider.client("grafana");
    let mut sids = Vec::new();
    while let Some(finished) = race.join_next().await {
        let (status, mut tab) = finished.unwrap();
        assert_eq!(status, 303);
        let tokens = grafana.redeem(&grafana.login(&mut tab).await).await.json();
        sids.push(claims(tokens["id_token"].as_str().unwrap())["sid"].clone());
    }
    assert!(
        sids.iter().all(|sid| *sid == sids[0]),
        "one session: {sids:?}"
    );
}

/// Two users click in the same browser at the same time. One of them is signed in afterwards, and no
/// tab has a live session of the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n50_two_users_racing_in_one_browser_never_get_each_others_session() {
    let provider = TestProvider::open().await;
    let portal = provider.portal.url().to_string();
    let mut browser = provider.signed_in(3).await;
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let url = |user| {
        provider.at(&format!(
            "/launch/grafana?ticket={}",
            provider.portal.issue_ticket(user)
        ))
    };
    let (a, b) = (url(CHEN_TAO), url(HEI_LONG_JIANG));
    let (first, second) = tokio::join!(one.get_from(a, &portal), two.get_from(b, &portal));
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (303, 303));
    let (one, two) = (
        user_of(&provider, &mut one).await,
        user_of(&provider, &mut two).await,
    );
    assert!(
        matches!(
            (one.as_deref(), two.as_deref()),
            (Some("1"), None) | (None, Some("2"))
        ),
        "one of them: {one:?}, {two:?}"
    );
    assert_eq!(
        user_of(&provider, &mut browser).await,
        None,
        "the previous session has ended"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n63_a_confirmation_clicked_twice_switches_users_once() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    let confirmation = browser
        .get(provider.at("/switch"))
        .await
        .field("confirmation");
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let form = [("confirmation", confirmation.as_str())];
    let url = provider.at("/switch");
    let (a, b) = tokio::join!(one.post(&url, &form), two.post(&url, &form));
    for answer in [&a, &b] {
        assert_ne!(answer.status.as_u16(), 500, "{}", answer.body);
    }
    assert!(a.status == 303 || b.status == 303);
    for mut tab in [one, two] {
        assert_ne!(user_of(&provider, &mut tab).await.as_deref(), Some("1"));
    }
    assert_eq!(user_of(&provider, &mut browser).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_redeemed_while_its_session_ends_yields_no_usable_token() {
    let provider = TestProvider::open().await;
    let portal = provider.portal.url().to_string();
    let grafana = provider.client("grafana");
    for _ in 0..4 {
        let mut browser = Browser::new();
        provider.launch(&mut browser, "grafana", CHEN_TAO).await;
        let code = RelyingParty::code(&browser.get(grafana.authorize_url(&[])).await);
        let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
        let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
        let (answer, _) = tokio::join!(grafana.redeem(&code), browser.get_from(launch, &portal));
        if answer.status == 200 {
            let token = answer.json()["access_token"].as_str().unwrap().to_owned();
            assert_eq!(grafana.userinfo(&token).await.status, 401);
        }
    }
}

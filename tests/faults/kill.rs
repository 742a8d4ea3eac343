//! `kill -9` during parallel logins: everything the program had confirmed is still valid afterwards.

use std::sync::{Arc, Mutex};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use panda_oidc_panda::simulator::SimulatorHandle;
use reqwest::Method;
use serde_json::Value;

use crate::support::app::{RelyingParty, VERIFIER};
use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{launch, launch_url, portal, until};

/// What the program has confirmed, and must not lose.
#[derive(Default)]
struct Confirmed {
    /// Browsers with a session.
    sessions: Vec<Browser>,
    /// Tickets that are owned by a browser.
    tickets: Vec<String>,
    /// Codes that have not been redeemed.
    codes: Vec<String>,
    /// Codes that were redeemed, with the tokens they gave.
    spent: Vec<(String, Value)>,
    /// Codes that were presented twice, with the tokens of the first time. The second presentation
    /// revokes these tokens (N21, docs/security.md).
    revoked: Vec<(String, Value)>,
}

type Shared = Arc<Mutex<Confirmed>>;

/// Runs one login after the other until the program no longer answers.
async fn logins(
    app: RelyingParty,
    portal: Arc<SimulatorHandle>,
    launch: String,
    confirmed: Shared,
) {
    let mut number = 0;
    while login(&app, &portal, &launch, &confirmed, number)
        .await
        .is_some()
    {
        number += 1;
    }
}

/// Runs one login. Returns `None` when the program does not answer.
async fn login(
    app: &RelyingParty,
    portal: &SimulatorHandle,
    launch: &str,
    confirmed: &Shared,
    number: usize,
) -> Option<()> {
    let ticket = portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    let launched = get(&mut browser, &format!("{launch}{ticket}")).await?;
    assert_eq!(launched.status, 303, "{}", launched.body);
    {
        let mut confirmed = confirmed.lock().unwrap();
        confirmed.sessions.push(browser.clone());
        confirmed.tickets.push(ticket);
    }
    let response = get(&mut browser, app.authorize_url(&[]).as_str()).await?;
    let code = RelyingParty::code(&response);
    let kind = number % 4;
    if kind == 0 {
        confirmed.lock().unwrap().codes.push(code);
        return Some(());
    }
    let redeemed = redeem(app, &code).await?;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
    let tokens = redeemed.json();
    if kind == 1 {
        let again = redeem(app, &code).await?;
        assert_eq!(again.status, 400);
        confirmed.lock().unwrap().revoked.push((code, tokens));
    } else {
        confirmed.lock().unwrap().spent.push((code, tokens));
    }
    Some(())
}

async fn get(browser: &mut Browser, url: &str) -> Option<Answer> {
    let answer = browser.try_send(Method::GET, url, |request| request);
    answer.await.ok()
}

async fn redeem(app: &RelyingParty, code: &str) -> Option<Answer> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &app.redirect_uri),
        ("code_verifier", VERIFIER),
        ("client_id", &app.client_id),
        ("client_secret", app.client_secret.as_deref().unwrap()),
    ];
    let token = app.at("/token");
    let mut app = Browser::new();
    let answer = app.try_send(Method::POST, token, |request| request.form(&form));
    answer.await.ok()
}

/// Whether the ID token verifies with the keys served at `/jwks`.
fn verifies(served: &JwkSet, tokens: &Value) -> bool {
    let token = tokens["id_token"].as_str().unwrap();
    let kid = decode_header(token).unwrap().kid.unwrap();
    let key = served.find(&kid).expect("the key is still served");
    let mut validation = Validation::new(jsonwebtoken::Algorithm::ES256);
    validation.validate_aud = false;
    decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation).is_ok()
}

async fn userinfo_status(app: &RelyingParty, tokens: &Value) -> u16 {
    let answer = app.userinfo(tokens["access_token"].as_str().unwrap()).await;
    answer.status.as_u16()
}

async fn assert_all_confirmed_holds(program: &Program, mut confirmed: Confirmed) {
    let app = program.client();
    let served = Browser::new().get(program.at("/jwks")).await.body;
    let served: JwkSet = serde_json::from_str(&served).unwrap();
    for browser in &mut confirmed.sessions {
        let response = browser.get(app.authorize_url(&[("prompt", "none")])).await;
        assert!(
            response.parameter("code").is_some(),
            "{}",
            response.location()
        );
    }
    for ticket in &confirmed.tickets {
        let thief = launch(program, &mut Browser::new(), ticket).await;
        assert_eq!(thief.status, 403, "a ticket has lost its owner");
    }
    for (_, tokens) in &confirmed.spent {
        assert!(verifies(&served, tokens));
        assert_eq!(userinfo_status(&app, tokens).await, 200);
    }
    for (_, tokens) in &confirmed.revoked {
        assert_eq!(
            userinfo_status(&app, tokens).await,
            401,
            "a revocation is gone"
        );
    }
    for code in confirmed.codes.drain(..) {
        assert_eq!(app.redeem(&code).await.status, 200, "a code is gone");
        assert_eq!(app.redeem(&code).await.status, 400);
    }
    let spent = confirmed.spent.drain(..);
    for (code, tokens) in spent.chain(confirmed.revoked.drain(..)) {
        let again = app.redeem(&code).await;
        assert_eq!(again.status, 400, "a spent code was redeemed");
        assert_eq!(again.json()["error"], "invalid_grant");
        assert_eq!(userinfo_status(&app, &tokens).await, 401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_confirmed_before_a_kill_holds_after_it() {
    let portal = Arc::new(portal().await);
    let mut program = Program::start(portal.url().as_str(), "").await;
    for _ in 0..3 {
        let confirmed = Shared::default();
        let workers: Vec<_> = (0..8)
            .map(|_| {
                let (app, launch) = (program.client(), launch_url(&program, ""));
                let (portal, confirmed) = (Arc::clone(&portal), Arc::clone(&confirmed));
                tokio::spawn(logins(app, portal, launch, confirmed))
            })
            .collect();
        until("some logins of every kind", async || {
            let confirmed = confirmed.lock().unwrap();
            confirmed.spent.len() > 8 && confirmed.revoked.len() > 4 && confirmed.codes.len() > 4
        })
        .await;
        program.kill();
        for worker in workers {
            worker.await.unwrap();
        }
        program.restart().await;
        let confirmed = std::mem::take(&mut *confirmed.lock().unwrap());
        assert_all_confirmed_holds(&program, confirmed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmed_change_of_user_survives_a_kill() {
    let portal = portal().await;
    let mut program = Program::start(portal.url().as_str(), "").await;
    let mut browser = Browser::new();
    launch(&program, &mut browser, &portal.issue_ticket(CHEN_TAO)).await;
    let mut before = browser.clone();
    let next = launch_url(&program, &portal.issue_ticket(HEI_LONG_JIANG));
    let switched = browser.get_from(next, portal.url().as_str()).await;
    assert_eq!(switched.status, 303, "{}", switched.body);
    program.kill();
    program.restart().await;
    let silently = program.client().authorize_url(&[("prompt", "none")]);
    let response = before.get(&silently).await;
    assert_eq!(
        response.parameter("error").as_deref(),
        Some("login_required")
    );
    assert!(browser.get(&silently).await.parameter("code").is_some());
}

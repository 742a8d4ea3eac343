//! `kill -9` amid parallel logins: what was answered holds, whatever was under way.

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

/// What the program has answered, and may never take back.
#[derive(Default)]
struct Answered {
    /// Browsers with a session.
    sessions: Vec<Browser>,
    /// Tickets some browser owns.
    tickets: Vec<String>,
    /// Codes nobody has redeemed.
    codes: Vec<String>,
    /// Codes that were redeemed, with what for.
    spent: Vec<(String, Value)>,
    /// Codes that were redeemed twice, with what the first time gave.
    revoked: Vec<(String, Value)>,
}

type Shared = Arc<Mutex<Answered>>;

/// One login after the other, until the program is gone.
async fn logins(app: RelyingParty, portal: Arc<SimulatorHandle>, launch: String, answered: Shared) {
    let mut number = 0;
    while login(&app, &portal, &launch, &answered, number)
        .await
        .is_some()
    {
        number += 1;
    }
}

/// `None` once the program does not answer.
async fn login(
    app: &RelyingParty,
    portal: &SimulatorHandle,
    launch: &str,
    answered: &Shared,
    number: usize,
) -> Option<()> {
    let ticket = portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    let launched = get(&mut browser, &format!("{launch}{ticket}")).await?;
    assert_eq!(launched.status, 303, "{}", launched.body);
    {
        let mut answered = answered.lock().unwrap();
        answered.sessions.push(browser.clone());
        answered.tickets.push(ticket);
    }
    let asked = get(&mut browser, app.authorize_url(&[]).as_str()).await?;
    let code = RelyingParty::code(&asked);
    let kind = number % 4;
    if kind == 0 {
        answered.lock().unwrap().codes.push(code);
        return Some(());
    }
    let redeemed = redeem(app, &code).await?;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
    let tokens = redeemed.json();
    if kind == 1 {
        let again = redeem(app, &code).await?;
        assert_eq!(again.status, 400);
        answered.lock().unwrap().revoked.push((code, tokens));
    } else {
        answered.lock().unwrap().spent.push((code, tokens));
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

/// Whether the ID token still verifies against what is served at `/jwks`.
fn verifies(served: &JwkSet, tokens: &Value) -> bool {
    let token = tokens["id_token"].as_str().unwrap();
    let kid = decode_header(token).unwrap().kid.unwrap();
    let key = served.find(&kid).expect("the key is still served");
    let mut validation = Validation::new(jsonwebtoken::Algorithm::ES256);
    validation.validate_aud = false;
    decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation).is_ok()
}

async fn who(app: &RelyingParty, tokens: &Value) -> u16 {
    let answer = app.userinfo(tokens["access_token"].as_str().unwrap()).await;
    answer.status.as_u16()
}

async fn all_holds(program: &Program, mut answered: Answered) {
    let app = program.client();
    let served = Browser::new().get(program.at("/jwks")).await.body;
    let served: JwkSet = serde_json::from_str(&served).unwrap();
    for browser in &mut answered.sessions {
        let asked = browser.get(app.authorize_url(&[("prompt", "none")])).await;
        assert!(asked.parameter("code").is_some(), "{}", asked.location());
    }
    for ticket in &answered.tickets {
        let thief = launch(program, &mut Browser::new(), ticket).await;
        assert_eq!(thief.status, 403, "a ticket has lost its owner");
    }
    for (_, tokens) in &answered.spent {
        assert!(verifies(&served, tokens));
        assert_eq!(who(&app, tokens).await, 200);
    }
    for (_, tokens) in &answered.revoked {
        assert_eq!(who(&app, tokens).await, 401, "a revocation is gone");
    }
    for code in answered.codes.drain(..) {
        assert_eq!(app.redeem(&code).await.status, 200, "a code is gone");
        assert_eq!(app.redeem(&code).await.status, 400);
    }
    let spent = answered.spent.drain(..);
    for (code, tokens) in spent.chain(answered.revoked.drain(..)) {
        let again = app.redeem(&code).await;
        assert_eq!(again.status, 400, "a spent code was redeemed");
        assert_eq!(again.json()["error"], "invalid_grant");
        assert_eq!(who(&app, &tokens).await, 401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_before_a_kill_holds_after_it() {
    let portal = Arc::new(portal().await);
    let mut program = Program::start(portal.url().as_str(), "").await;
    for _ in 0..3 {
        let answered = Shared::default();
        let workers: Vec<_> = (0..8)
            .map(|_| {
                let (app, launch) = (program.client(), launch_url(&program, ""));
                let (portal, answered) = (Arc::clone(&portal), Arc::clone(&answered));
                tokio::spawn(logins(app, portal, launch, answered))
            })
            .collect();
        until("some logins of every kind", async || {
            let answered = answered.lock().unwrap();
            answered.spent.len() > 8 && answered.revoked.len() > 4 && answered.codes.len() > 4
        })
        .await;
        program.kill();
        for worker in workers {
            worker.await.unwrap();
        }
        program.restart().await;
        let answered = std::mem::take(&mut *answered.lock().unwrap());
        all_holds(&program, answered).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_user_that_was_answered_is_not_undone_by_a_kill() {
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
    let asked = before.get(&silently).await;
    assert_eq!(asked.parameter("error").as_deref(), Some("login_required"));
    assert!(browser.get(&silently).await.parameter("code").is_some());
}

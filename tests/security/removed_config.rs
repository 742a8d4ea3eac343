//! Clients and resources that the operator removed from the configuration: N45, docs/security.md.

use std::fs;

use panda_oidc_panda::simulator::{Simulator, SimulatorSettings};
use serde_json::Value;

use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::program::{CLIENT_ID, CLIENT_SECRET, Program, REDIRECT_URI};

const GATEWAY: &str = "\
    [[clients]]\nclient_id = 'gateway'\nclient_secret = 'gateway-secret-0123456789'\n\
    grant_types = ['urn:ietf:params:oauth:grant-type:token-exchange']\n\
    subject_token_types = ['urn:ietf:params:oauth:token-type:access_token']\n\
    resources = ['https://gateway']\nallowed_resources = ['https://billing']\n";

/// A client whose access tokens are for `gateway`.
fn guest() -> String {
    format!(
        "[[clients]]\nclient_id = 'guest'\nclient_secret = '{CLIENT_SECRET}'\n\
         redirect_uris = ['{REDIRECT_URI}']\naccess_token_audience = ['https://gateway']\n"
    )
}

fn client(program: &Program, client_id: &str, secret: &str) -> RelyingParty {
    RelyingParty {
        client_id: client_id.to_owned(),
        client_secret: Some(secret.to_owned()),
        ..program.client()
    }
}

/// Starts the provider and signs 陈涛 in.
async fn signed_in(more: &str) -> (Program, Browser) {
    let portal = Simulator::start(SimulatorSettings::default())
        .await
        .unwrap();
    let program = Program::start(portal.url().as_str(), more).await;
    let mut browser = Browser::new();
    let ticket = portal.issue_ticket(CHEN_TAO);
    let launch = program.at(&format!("/launch/{CLIENT_ID}?ticket={ticket}"));
    assert_eq!(browser.get(launch).await.status, 303);
    (program, browser)
}

/// Removes `lines` from the configuration and restarts the provider.
async fn restart_without(program: &mut Program, lines: &str) {
    let file = program.config_file();
    let before = fs::read_to_string(&file).unwrap();
    assert!(before.contains(lines));
    fs::write(&file, before.replace(lines, "")).unwrap();
    program.restart().await;
}

async fn exchange(gateway: &RelyingParty, token: &str) -> Answer {
    let form = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("subject_token", token),
        ("resource", "https://billing"),
    ];
    gateway.token(&form).await
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

#[tokio::test]
async fn n45_the_tokens_of_a_removed_client_are_inactive() {
    let guest_lines = guest();
    let (mut program, mut browser) = signed_in(&(GATEWAY.to_owned() + &guest_lines)).await;
    let gateway = client(&program, "gateway", "gateway-secret-0123456789");
    let guest = client(&program, "guest", CLIENT_SECRET);
    let tokens = guest.redeem(&guest.login(&mut browser).await).await.json();
    let token = text(&tokens, "access_token");
    let exchanged = exchange(&gateway, token).await;
    assert_eq!(exchanged.status, 200, "{}", exchanged.body);
    let exchanged = exchanged.json();
    let active = async |token: &str| {
        let introspected = gateway.post_token("/introspect", token).await;
        assert_eq!(introspected.status, 200, "{}", introspected.body);
        introspected.json()["active"].clone()
    };
    assert_eq!(active(token).await, true);
    assert_eq!(active(text(&exchanged, "access_token")).await, true);

    restart_without(&mut program, &guest_lines).await;
    assert_eq!(active(token).await, false);
    assert_eq!(active(text(&exchanged, "access_token")).await, false);
    let refused = exchange(&gateway, token).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(refused.json()["error"], "invalid_request");
}

/// `stock` and `billing` are services; `guest` may call both.
const SERVICES: &str = "\
    [[clients]]\nclient_id = 'billing'\nclient_secret = 'gateway-secret-0123456789'\n\
    grant_types = ['urn:ietf:params:oauth:grant-type:token-exchange']\n\
    subject_token_types = ['urn:ietf:params:oauth:token-type:access_token']\n\
    resources = ['https://billing']\nallowed_resources = ['https://billing']\n\
    [[clients]]\nclient_id = 'stock'\nclient_secret = 'gateway-secret-0123456789'\n\
    grant_types = ['client_credentials']\nresources = ['https://stock']\n";

#[tokio::test]
async fn n45_a_token_for_a_removed_resource_is_inactive_there() {
    let allowed = "allowed_resources = ['https://billing', 'https://stock']\n";
    let (mut program, mut browser) = signed_in(&(allowed.to_owned() + SERVICES)).await;
    let app = program.client();
    let token = async |browser: &mut Browser, resources: &[&str]| {
        let mut url = app.authorize_url(&[("scope", "openid")]);
        for resource in resources {
            url.query_pairs_mut().append_pair("resource", resource);
        }
        let code = RelyingParty::code(&browser.get(url).await);
        let tokens = app.redeem(&code).await.json();
        text(&tokens, "access_token").to_owned()
    };
    let plain = token(&mut browser, &[]).await;
    let for_billing = token(&mut browser, &["https://billing"]).await;
    let for_both = token(&mut browser, &["https://billing", "https://stock"]).await;
    let introspect = async |by: &RelyingParty, token: &str| {
        let introspected = by.post_token("/introspect", token).await;
        assert_eq!(introspected.status, 200, "{}", introspected.body);
        introspected.json()
    };
    let billing = client(&program, "billing", "gateway-secret-0123456789");
    let stock = client(&program, "stock", "gateway-secret-0123456789");
    for token in [&for_billing, &for_both] {
        assert_eq!(introspect(&billing, token).await["active"], true);
    }
    restart_without(&mut program, "'https://billing', ").await;
    for token in [&for_billing, &for_both] {
        assert_eq!(introspect(&billing, token).await["active"], false);
        let refused = exchange(&billing, token).await;
        assert_eq!(refused.status, 400, "{}", refused.body);
    }
    // No service is left that the token is for.
    assert_eq!(introspect(&app, &for_billing).await["active"], false);
    assert_eq!(app.userinfo(&for_billing).await.status, 401);
    // What the client may still call is not affected.
    assert_eq!(introspect(&stock, &for_both).await["aud"], "https://stock");
    for token in [&for_both, &plain] {
        assert_eq!(introspect(&app, token).await["active"], true);
        assert_eq!(app.userinfo(token).await.status, 200);
    }
}

#[tokio::test]
async fn n45_a_refresh_does_not_grant_a_removed_resource() {
    let lines = "allowed_resources = ['https://billing', 'https://stock']\n";
    let (mut program, mut browser) = signed_in(lines).await;
    let app = program.client();
    let mut url = app.authorize_url(&[("scope", "openid offline_access")]);
    for resource in ["https://billing", "https://stock"] {
        url.query_pairs_mut().append_pair("resource", resource);
    }
    let code = RelyingParty::code(&browser.get(url).await);
    let tokens = app.redeem(&code).await.json();
    let refresh_token = text(&tokens, "refresh_token");

    restart_without(&mut program, "'https://billing', ").await;
    for changes in [&[][..], &[("resource", "https://billing")]] {
        let refused = app.refresh_with(refresh_token, changes).await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        assert_eq!(refused.json()["error"], "invalid_target");
    }
    let stock = [("resource", "https://stock")];
    let answer = app.refresh_with(refresh_token, &stock).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    assert_eq!(
        claims(text(&answer, "access_token"))["aud"],
        "https://stock"
    );
}

#[tokio::test]
async fn a_pending_request_of_a_removed_client_is_refused_and_forgotten() {
    let (mut program, _) = signed_in(&guest()).await;
    let mut browser = Browser::new();
    let guest_app = client(&program, "guest", CLIENT_SECRET);
    browser.get(guest_app.authorize_url(&[])).await;
    // The name may contain hyphens.
    let mut cookies = browser.cookies.keys();
    let name = cookies.find_map(|name| Some(name.split_once("-parked-")?.1.to_owned()));
    let name = name.unwrap();
    restart_without(&mut program, &guest()).await;
    let resume = program.at(&format!("/resume/{name}"));
    assert_eq!(browser.get(&resume).await.status, 400);
    assert_eq!(browser.get(&resume).await.status, 410);
}

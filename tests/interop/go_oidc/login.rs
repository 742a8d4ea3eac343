//! A login from the menu: discovery, code, ID token, userinfo.
//!
//! x/oauth2 tries a Basic header first, then sends the same code with the secret in the body. A failed
//! client authentication must not burn the code (N28, docs/security.md).

use serde_json::json;

use super::app::{App, Registration};
use crate::support::CHEN_TAO;
use crate::support::app::{claims, header};
use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::tools::portal;

const SECRET: &str = "go-oidc-secret-0123456789abcdef";

#[tokio::test]
async fn n28_the_failed_first_try_of_auto_detection_does_not_burn_the_code() {
    let lines = "token_endpoint_auth_method = 'client_secret_post'";
    let registration = Registration::new("go-post", SECRET, lines);
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), &registration.toml).await;
    let app = App::start(&registration, &program).await;

    let ticket = portal.issue_ticket(CHEN_TAO);
    let report = app.click(&program, &mut Browser::new(), &ticket).await;
    assert_eq!(report["token_requests"], json!(["header 401", "body 200"]));
    assert_eq!(report["userinfo"]["name"], "陈涛");
}

#[tokio::test]
async fn n46_a_secret_with_special_characters_works_in_a_basic_header() {
    let lines = "token_endpoint_auth_method = 'client_secret_basic'";
    let registration = Registration::new("go-basic", "a+b/c=d:e%f&g h~0123456789", lines);
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), &registration.toml).await;
    let app = App::start(&registration, &program).await;

    let ticket = portal.issue_ticket(CHEN_TAO);
    let report = app.click(&program, &mut Browser::new(), &ticket).await;
    assert_eq!(report["token_requests"], json!(["header 200"]));
}

#[tokio::test]
async fn go_oidc_verifies_every_algorithm_of_id_token_and_userinfo() {
    let registrations = ["RS256", "PS256", "ES256", "EdDSA"].map(|alg| {
        let lines = format!(
            "id_token_signed_response_alg = '{alg}'\nuserinfo_signed_response_alg = '{alg}'"
        );
        (alg, Registration::new(&alg.to_lowercase(), SECRET, &lines))
    });
    let portal = portal().await;
    let toml = registrations
        .each_ref()
        .map(|(_, registration)| &*registration.toml)
        .concat();
    let program = Program::start(portal.url().as_str(), &toml).await;

    for (alg, registration) in &registrations {
        let app = App::start(registration, &program).await;
        let ticket = portal.issue_ticket(CHEN_TAO);
        let report = app.click(&program, &mut Browser::new(), &ticket).await;
        let id_token = report["id_token"].as_str().unwrap();
        assert_eq!(header(id_token)["alg"], *alg);
        assert_eq!(claims(id_token)["sub"], "1", "{alg}");
        assert_eq!(
            report["userinfo"]["phone_number"],
            claims(id_token)["phone_number"],
            "{alg}"
        );
    }
}

#[tokio::test]
async fn an_issuer_with_a_trailing_slash_is_another_issuer() {
    let registration = Registration::new("go-slash", SECRET, "");
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), &registration.toml).await;

    let mut processes = registration.run(&program.at("/"));
    assert!(!processes.end().await.success());
    let log = processes.log();
    assert!(log.contains("issuer URL provided to client"), "{log}");
}

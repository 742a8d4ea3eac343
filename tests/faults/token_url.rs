//! Apps that send the parameters of a token request in the URL of an empty POST, as `JustAuth` does, and
//! that nobody can change.

use std::process::Command;

use reqwest::Method;
use url::Url;

use crate::support::app::{RelyingParty, VERIFIER};
use crate::support::browser::{Answer, Browser};
use crate::support::program::{BINARY, CLIENT_SECRET, Program, REDIRECT_URI};
use crate::tools::{portal, signed_in};

const ALLOWED: &str = "token_parameters_in_url = true";

/// Posts `body` to `path`, with `parameters` in the URL.
async fn post(program: &Program, path: &str, parameters: &[(&str, &str)], body: &str) -> Answer {
    let url = Url::parse_with_params(&program.at(path), parameters).unwrap();
    Browser::new()
        .send(Method::POST, url, |request| match body {
            "" => request,
            body => request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body.to_owned()),
        })
        .await
}

fn parameters(code: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", "app"),
        ("client_secret", CLIENT_SECRET),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ]
}

async fn code(app: &RelyingParty, browser: &mut Browser) -> String {
    app.login(browser).await
}

#[tokio::test]
async fn token_parameters_in_the_url_are_accepted_of_a_client_that_is_allowed_to_and_not_logged() {
    let portal = portal().await;
    let other = "[[clients]]\nclient_id = 'other'\nclient_secret = 'other-secret-0123456789'\n\
                 redirect_uris = ['http://127.0.0.1:9/other']\n";
    let program = Program::start(portal.url().as_str(), &format!("{ALLOWED}\n{other}")).await;
    let mut browser = signed_in(&program, &portal).await;
    let app = program.client();
    let first = code(&app, &mut browser).await;
    let answer = post(&program, "/token", &parameters(&first), "").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.json()["id_token"].is_string());
    // Some in the URL and the rest in the body; a parameter in both is given twice.
    let second = code(&app, &mut browser).await;
    let (in_url, in_body) = (&parameters(&second)[1..], "grant_type=authorization_code");
    let twice = post(&program, "/token", &parameters(&second), in_body).await;
    assert_eq!(twice.json()["error"], "invalid_request");
    let answer = post(&program, "/token", in_url, in_body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // A wrong secret stays wrong, and neither other clients nor other endpoints are opened.
    let third = code(&app, &mut browser).await;
    let wrong = |name: &'static str, value: &'static str| {
        let mut changed = parameters(&third);
        changed.retain(|(known, _)| *known != name);
        changed.push((name, value));
        changed
    };
    for (changed, error) in [
        (wrong("client_secret", "wrong-0123456789"), "invalid_client"),
        (wrong("client_id", "other"), "invalid_request"),
        (wrong("client_id", "nobody"), "invalid_request"),
        (wrong("client_id", ""), "invalid_request"),
    ] {
        let answer = post(&program, "/token", &changed, "").await;
        assert_eq!(answer.json()["error"], error, "{changed:?}");
    }
    let token = [
        ("token", "x"),
        ("client_id", "app"),
        ("client_secret", CLIENT_SECRET),
    ];
    for path in ["/revoke", "/introspect"] {
        let answer = post(&program, path, &token, "").await;
        assert_eq!(answer.json()["error"], "invalid_request", "{path}");
    }
    let answer = post(&program, "/token", &parameters(&third), "").await;
    assert_eq!(answer.status, 200, "nothing used the code up");
    let log = program.log();
    for secret in [CLIENT_SECRET, &first, &second, &third, "wrong-0123456789"] {
        assert!(!log.contains(secret), "{log}");
    }
}

/// The app shows what it got, at best: so the answer says the remedy.
#[tokio::test]
async fn token_parameters_in_the_url_are_refused_by_default_with_the_remedy() {
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), "").await;
    let mut browser = signed_in(&program, &portal).await;
    let code = code(&program.client(), &mut browser).await;
    let answer = post(&program, "/token", &parameters(&code), "").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"], "invalid_request");
    let description = answer.json()["error_description"].to_string();
    assert!(description.contains("parameters belong into the body, not into the URL"));
    assert!(description.contains("token_parameters_in_url"));
    assert!(!program.log().contains(&code));
    assert_eq!(program.client().redeem(&code).await.status, 200);
}

#[test]
fn check_warns_of_a_client_whose_secret_stands_in_urls() {
    for (lines, warnings) in [("", 0), (ALLOWED, 1)] {
        let program = Program::prepare("http://127.0.0.1:9", "", lines);
        let checked = Command::new(BINARY)
            .args(["check", "--config"])
            .arg(program.config_file())
            .output()
            .unwrap();
        let said = String::from_utf8(checked.stderr).unwrap();
        assert!(checked.status.success(), "{said}");
        assert_eq!(said.matches("warning: ").count(), warnings, "{said}");
        assert_eq!(said.matches("].token_parameters_in_url").count(), warnings);
    }
}

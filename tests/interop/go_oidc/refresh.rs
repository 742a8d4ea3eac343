//! Refresh by the `TokenSource` of x/oauth2, which Grafana uses.

use serde_json::{Value, json};

use super::app::{App, Registration};
use crate::support::CHEN_TAO;
use crate::support::app::claims;
use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::tools::{portal, sign_out};

#[tokio::test]
async fn a_token_source_refreshes_until_the_session_ends() {
    let lines = "token_endpoint_auth_method = 'client_secret_post'\n\
                 id_token_signed_response_alg = 'ES256'";
    let registration = Registration::new("go-refresh", "go-oidc-secret-0123456789abcdef", lines);
    let portal = portal().await;
    let program = Program::start(portal.url().as_str(), &registration.toml).await;
    let app = App::start(&registration, &program).await;

    let mut browser = Browser::new();
    let ticket = portal.issue_ticket(CHEN_TAO);
    let first = app.click(&program, &mut browser, &ticket).await;
    let second = app.refresh().await;
    let third = app.refresh().await;
    let rotated = |a: &Value, b: &Value, member: &str| assert_ne!(a[member], b[member], "{member}");
    for member in ["refresh_token", "access_token", "id_token"] {
        rotated(&first, &second, member);
        rotated(&second, &third, member);
    }
    let sid = |report: &Value| claims(report["id_token"].as_str().unwrap())["sid"].clone();
    assert_eq!(sid(&third), sid(&first));
    // x/oauth2 detects the authentication method once and remembers it.
    assert_eq!(
        third["token_requests"],
        json!(["header 401", "body 200", "body 200", "body 200"])
    );

    sign_out(&program, &mut browser).await;
    let responses = app.try_refresh().await;
    let page = responses.last().unwrap();
    assert_eq!(page.status, 502, "{}", page.body);
    assert!(page.body.contains("invalid_grant"), "{}", page.body);
}

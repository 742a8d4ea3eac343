//! `/authorize`: which requests get a code, which are refused, and whether the client or the user
//! sees the error (RFC 6749 §4.1, OIDC Core §3.1.2). `authentication.rs` tests how recent a sign-in
//! must be.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;

use crate::kit::{registered, registration};
use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;

const FORM: &str = "application/x-www-form-urlencoded";

/// The response to grafana's authorization request with `changes`, for a signed-in user.
async fn authorized(changes: &[(&str, &str)]) -> Answer {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let url = provider.client("grafana").authorize_url(changes);
    browser.get(url).await
}

#[track_caller]
fn error(answer: &Answer) -> String {
    assert_eq!(answer.status, 303);
    assert_eq!(answer.parameter("code"), None);
    answer.parameter("error").expect("an error")
}

async fn post(browser: &mut Browser, url: &url::Url) -> Answer {
    let body = url.query().unwrap().to_owned();
    let endpoint = url.as_str().split('?').next().unwrap();
    browser
        .send(Method::POST, endpoint, |request| {
            request.header("content-type", FORM).body(body)
        })
        .await
}

#[tokio::test]
async fn a_code_goes_to_the_redirect_uri_by_303_and_is_not_cached() {
    let answer = authorized(&[]).await;
    assert_eq!(answer.status, 303, "RFC 9700 §4.12");
    let location = answer.location();
    assert_eq!(
        location.as_str().split('?').next(),
        Some("http://127.0.0.1:3000/login/generic_oauth")
    );
    let mut names: Vec<_> = location.query_pairs().map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["code", "iss", "state"]);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn rfc9207_every_response_names_the_issuer() {
    let provider = TestProvider::open_with_issuer_path("/sso", "", "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for changes in [vec![], vec![("response_type", "token")]] {
        let answer = browser.get(grafana.authorize_url(&changes)).await;
        assert_eq!(answer.parameter("iss").unwrap(), provider.issuer);
    }
}

#[tokio::test]
async fn state_is_returned_unchanged_in_successes_and_errors() {
    let keycloak = "Zm9v.".repeat(30);
    assert_eq!(keycloak.len(), 150);
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for state in [
        keycloak.as_str(),
        "a+b c%20d&e=f#g\"<>",
        "状态🐼",
        "a/b==.c",
        "?ticket",
    ] {
        for prompt in ["none", "nonsense"] {
            let changes = [("state", state), ("prompt", prompt)];
            let answer = browser.get(grafana.authorize_url(&changes)).await;
            assert_eq!(answer.parameter("state").as_deref(), Some(state));
            assert_eq!(answer.parameter("error").is_some(), prompt == "nonsense");
        }
    }
    let stateless = browser.get(grafana.authorize_url(&[("state", "")])).await;
    assert_eq!(stateless.parameter("state"), None);
}

#[tokio::test]
async fn neither_state_nor_nonce_is_required() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let url = grafana.authorize_url(&[("state", ""), ("nonce", "")]);
    let code = RelyingParty::code(&browser.get(url).await);
    let tokens = grafana.redeem(&code).await.json();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert!(id_token.get("nonce").is_none(), "{id_token}");
}

#[tokio::test]
async fn post_is_handled_like_get() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let granted = post(&mut browser, &grafana.authorize_url(&[])).await;
    assert_eq!(granted.parameter("state").as_deref(), Some("the-state"));
    let redeemed = grafana.redeem(&RelyingParty::code(&granted)).await;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
    let url = grafana.authorize_url(&[("response_type", "token")]);
    let refused = post(&mut browser, &url).await;
    assert_eq!(error(&refused), "unsupported_response_type");
}

#[tokio::test]
async fn a_cross_site_post_is_redirected_to_a_get_that_carries_the_session() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let state = "a+b&c=%20陈";
    // A browser sends no SameSite=Lax cookies with a form that another site posts.
    let url = grafana.authorize_url(&[("state", state)]);
    let posted = post(&mut Browser::new(), &url).await;
    assert_eq!(posted.status, 303);
    assert_eq!(posted.location().path(), "/authorize");
    let granted = browser.get(posted.location()).await;
    RelyingParty::code(&granted);
    assert_eq!(granted.parameter("state").as_deref(), Some(state));
}

#[tokio::test]
async fn unsupported_parameters_get_their_own_error_codes() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for (name, value, code) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "id_token", "unsupported_response_type"),
        (
            "response_type",
            "code id_token",
            "unsupported_response_type",
        ),
        ("response_type", "", "invalid_request"),
        ("response_mode", "web_message", "invalid_request"),
        (
            "request",
            "eyJhbGciOiJub25lIn0.e30.",
            "request_not_supported",
        ),
        (
            "request_uri",
            "https://evil.example/r",
            "request_uri_not_supported",
        ),
        ("registration", "{}", "registration_not_supported"),
        ("prompt", "create", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
        ("id_token_hint", "nonsense", "invalid_request"),
    ] {
        let answer = browser.get(grafana.authorize_url(&[(name, value)])).await;
        assert_eq!(error(&answer), code, "{name}={value}");
        assert_eq!(answer.parameter("state").as_deref(), Some("the-state"));
        let description = answer.parameter("error_description").unwrap();
        assert!(
            !description.is_empty() && !description.contains(['"', '\\']),
            "{description}"
        );
    }
}

#[tokio::test]
async fn unknown_and_optional_parameters_are_ignored() {
    let answer = authorized(&[
        ("login_hint", "陈涛"),
        ("ui_locales", "fr zh-CN"),
        ("claims_locales", "en"),
        ("acr_values", "urn:mace:incommon:iap:silver"),
        ("display", "popup"),
        ("claims", r#"{"userinfo":{"email":null}}"#),
        ("unheard", "of"),
        ("kc_idp_hint", "panda"),
        ("access_type", "offline"),
        ("prompt", "consent"),
    ])
    .await;
    RelyingParty::code(&answer);
}

#[tokio::test]
async fn known_scopes_give_their_claims_and_unknown_ones_are_ignored() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for (requested, granted, has_name) in [
        ("openid", "openid", false),
        ("profile openid openid", "openid profile", true),
        ("openid user:email address groups", "openid", false),
        ("openid email profile", "openid profile", true),
    ] {
        let url = grafana.authorize_url(&[("scope", requested)]);
        let code = RelyingParty::code(&browser.get(url).await);
        let tokens = grafana.redeem(&code).await.json();
        assert_eq!(tokens["scope"], granted);
        let id_token = claims(tokens["id_token"].as_str().unwrap());
        assert_eq!(id_token.get("name").is_some(), has_name, "{requested}");
        assert_eq!(id_token.get("preferred_username").is_some(), has_name);
    }
}

#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for scope in ["user:email", "profile", ""] {
        let url = grafana.authorize_url(&[("scope", scope)]);
        let code = RelyingParty::code(&browser.get(url).await);
        let tokens = grafana.redeem(&code).await.json();
        assert!(tokens["access_token"].is_string(), "{tokens}");
        assert!(tokens.get("id_token").is_none(), "{scope}: {tokens}");
    }
}

#[tokio::test]
async fn an_invalid_client_or_redirect_uri_gets_an_error_page() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for changes in [
        [("client_id", "nobody")],
        [("client_id", "")],
        [("redirect_uri", "")],
        [("redirect_uri", "https://evil.example/")],
        [("redirect_uri", "http://127.0.0.1:3000/login/generic_oauth/")],
        [("redirect_uri", "http://127.0.0.1:3001/login/generic_oauth")],
    ] {
        let answer = browser.get(grafana.authorize_url(&changes)).await;
        assert_eq!(answer.status, 400, "{changes:?}");
        assert_eq!(answer.header("location"), "", "{changes:?}");
        assert!(answer.body.contains("invalid_request"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_public_client_may_use_any_loopback_port_and_must_redeem_with_the_same() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let spa = provider.client("spa");
    let redirect_uri = "http://127.0.0.1:51004/callback";
    let answer = browser
        .get(spa.authorize_url(&[("redirect_uri", redirect_uri)]))
        .await;
    assert_eq!(answer.location().port(), Some(51004));
    let code = RelyingParty::code(&answer);
    let redeemed = spa
        .redeem_with(&code, &[("redirect_uri", redirect_uri)])
        .await;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
}

#[tokio::test]
async fn a_redirect_uri_keeps_the_query_it_was_registered_with() {
    let uri = "http://127.0.0.1:9/cb?tenant=a%20b";
    let client = registration("query", "").replace("http://127.0.0.1:9/query", uri);
    let provider = TestProvider::open_with(&client, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let client = RelyingParty {
        redirect_uri: uri.to_owned(),
        ..registered(&provider, "query")
    };
    let answer = browser.get(client.authorize_url(&[])).await;
    let start = format!("{uri}&code=");
    assert!(answer.header("location").starts_with(&start), "{answer:?}");
    let redeemed = client.redeem(&RelyingParty::code(&answer)).await;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
}

#[tokio::test]
async fn a_redirect_uri_that_no_header_can_carry_is_not_registered() {
    let uri = "http://127.0.0.1:9/回调";
    let client = registration("letters", "").replace("http://127.0.0.1:9/letters", uri);
    let toml = format!(
        "issuer = 'http://127.0.0.1:1'\n[provider]\nkind = 'panda'\n\
         base_url = 'http://127.0.0.1:2'\n{client}"
    );
    let problems = panda_oidc::config::parse(&toml).unwrap_err();
    assert!(problems[0].key.contains("redirect_uris"), "{problems:?}");
    let encoded = utf8_percent_encode("回调", NON_ALPHANUMERIC).to_string();
    assert!(panda_oidc::config::parse(&toml.replace("回调", &encoded)).is_ok());
}

#[tokio::test]
async fn another_method_than_get_or_post_gets_405_with_an_allow_header() {
    let provider = TestProvider::open().await;
    let url = provider.client("grafana").authorize_url(&[]);
    let answer = Browser::new()
        .send(Method::PUT, url, |request| request)
        .await;
    assert_eq!(answer.status, 405);
    // RFC 9110 §15.5.6: MUST.
    let allowed = answer.header("allow");
    assert!(
        allowed.contains("GET") && allowed.contains("POST"),
        "{allowed}"
    );
}

//! Authorization requests: repeated and unsupported parameters, prompts and hints (N12 to N15 and N18
//! to N20, docs/security.md), and oversized requests.

use reqwest::Method;

use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{BROWSER, SESSION, TrapServer, assert_error_page, user_of};

/// Panics unless the response redirects to the client with `error` and without a code.
#[track_caller]
fn assert_error_redirect(answer: &Answer, client: &RelyingParty, error: &str) {
    let location = answer.location();
    assert!(location.as_str().starts_with(&client.redirect_uri));
    assert_eq!(answer.parameter("error").as_deref(), Some(error));
    assert_eq!(answer.parameter("code"), None);
}

#[tokio::test]
async fn n12_a_parameter_given_twice_is_refused() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for (name, value) in [
        ("client_id", "grafana"),
        ("client_id", "spa"),
        ("client_id", ""),
        ("redirect_uri", grafana.redirect_uri.as_str()),
        ("redirect_uri", "http://evil.com"),
        ("redirect_uri", ""),
    ] {
        let mut url = grafana.authorize_url(&[]);
        url.query_pairs_mut().append_pair(name, value);
        assert_error_page(&browser.get(url).await, 400, name);
    }
    for name in ["state", "nonce", "scope", "response_type", "code_challenge"] {
        for value in ["x", ""] {
            let mut url = grafana.authorize_url(&[]);
            url.query_pairs_mut().append_pair(name, value);
            let answer = browser.get(url).await;
            assert_error_redirect(&answer, &grafana, "invalid_request");
            let state = answer.parameter("state");
            assert_eq!(state.is_none(), name == "state", "{name}: {state:?}");
        }
    }
}

#[tokio::test]
async fn n13_no_token_is_issued_through_the_browser() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for response_type in [
        "token",
        "id_token",
        "code token",
        "code id_token",
        "code code",
        "none",
        "CODE",
        " code",
        "code\0",
    ] {
        let url = grafana.authorize_url(&[("response_type", response_type)]);
        let answer = browser.get(url).await;
        assert_error_redirect(&answer, &grafana, "unsupported_response_type");
        assert_eq!(answer.location().fragment(), None);
    }
    for mode in ["web_message", "query.jwt", "QUERY"] {
        let url = grafana.authorize_url(&[("response_mode", mode)]);
        assert_error_redirect(&browser.get(url).await, &grafana, "invalid_request");
    }
}

#[tokio::test]
async fn n14_n15_no_url_from_a_request_is_fetched() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let trap = TrapServer::open();
    let trap_url = trap.url();
    let request_object = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwOi8vZXZpbCJ9.";
    for (name, value, error) in [
        ("request", request_object, "request_not_supported"),
        (
            "request_uri",
            trap_url.as_str(),
            "request_uri_not_supported",
        ),
        ("registration", "{}", "registration_not_supported"),
    ] {
        let request = grafana.authorize_url(&[(name, value)]);
        assert_error_redirect(&browser.get(request).await, &grafana, error);
    }
    for name in [
        "jwks_uri",
        "sector_identifier_uri",
        "logo_uri",
        "login_hint",
    ] {
        let request = grafana.authorize_url(&[(name, &trap_url)]);
        assert!(browser.get(request).await.parameter("code").is_some());
    }
    trap.assert_not_contacted();
}

#[tokio::test]
async fn n18_prompt_none_shows_no_page_and_stores_no_pending_request() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let prompt_none = grafana.authorize_url(&[("prompt", "none")]);
    let mut browser = Browser::new();
    let answer = browser.get(&prompt_none).await;
    assert_error_redirect(&answer, &grafana, "login_required");
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    let none_and_login = grafana.authorize_url(&[("prompt", "none login")]);
    assert_error_redirect(
        &browser.get(none_and_login).await,
        &grafana,
        "invalid_request",
    );

    let mut browser = provider.signed_in(CHEN_TAO).await;
    let mut with_ticket = prompt_none;
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    with_ticket.query_pairs_mut().append_pair("ticket", &ticket);
    assert_error_redirect(&browser.get(with_ticket).await, &grafana, "login_required");
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn n19_a_forced_login_that_was_not_completed_yields_no_code() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    provider.advance(chrono::TimeDelta::minutes(2));
    for changes in [("prompt", "login"), ("max_age", "1"), ("max_age", "0")] {
        let mut tab = browser.clone();
        let answer = tab.get(grafana.authorize_url(&[changes])).await;
        assert_eq!(answer.status, 200, "{changes:?}");
        let pending = tab
            .cookies
            .keys()
            .find_map(|name| name.strip_prefix("panda-oidc-parked-"));
        let resume = provider.at(&format!("/resume/{}", pending.unwrap()));
        let resumed = tab.get(resume).await;
        assert_eq!(
            (resumed.status.as_u16(), resumed.header("location")),
            (200, "")
        );
    }
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn n20_an_id_token_hint_of_another_user_signs_nobody_in() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut hinted = provider.signed_in(HEI_LONG_JIANG).await;
    let tokens = grafana
        .redeem(&grafana.login(&mut hinted).await)
        .await
        .json();
    let hint = tokens["id_token"].as_str().unwrap();
    assert_eq!(claims(hint)["sub"], "2");

    let mut signed_out = Browser::new();
    let url = grafana.authorize_url(&[("id_token_hint", hint)]);
    let answer = signed_out.get(&url).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (200, "")
    );
    assert!(!signed_out.cookies.contains_key(SESSION));

    let mut signed_in = provider.signed_in(CHEN_TAO).await;
    provider.advance(chrono::TimeDelta::seconds(1));
    let answer = signed_in.get(&url).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (200, "")
    );
    let prompt_none = grafana.authorize_url(&[("id_token_hint", hint), ("prompt", "none")]);
    assert_error_redirect(
        &signed_in.get(prompt_none).await,
        &grafana,
        "login_required",
    );
    assert_eq!(
        user_of(&provider, &mut signed_in).await.as_deref(),
        Some("1")
    );
}

#[tokio::test]
async fn a_head_request_gets_no_code() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let url = provider.client("grafana").authorize_url(&[]);
    let answer = browser.send(Method::HEAD, url, |request| request).await;
    assert_eq!(answer.header("location"), "");
    assert!(answer.set_cookies().is_empty());
}

#[tokio::test]
async fn an_oversized_request_is_refused_with_an_error_page() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let long = grafana.authorize_url(&[("state", &"x".repeat(17 * 1024))]);
    assert_error_page(&browser.get(long).await, 413, "a query of 17 KiB");

    let mut many = grafana.authorize_url(&[]);
    for index in 0..101 {
        many.query_pairs_mut()
            .append_pair(&format!("p{index}"), "x");
    }
    assert_error_page(&browser.get(&many).await, 413, "more than 100 parameters");
    many.set_path("/launch/grafana");
    assert_eq!(
        browser.get(many).await.status,
        303,
        "a launch reads only its ticket"
    );

    let form = "x=".to_owned() + &"x".repeat(80 * 1024);
    let post = |body: String, kind: &'static str| {
        move |request: reqwest::RequestBuilder| request.header("content-type", kind).body(body)
    };
    let kind = "application/x-www-form-urlencoded";
    let url = provider.at("/authorize");
    let answer = browser.send(Method::POST, &url, post(form, kind)).await;
    assert_error_page(&answer, 413, "a body of 80 KiB");
    let json = format!("{{\"client_id\":\"grafana\",\"a\":{}", "[".repeat(10_000));
    let answer = browser
        .send(Method::POST, &url, post(json, "application/json"))
        .await;
    assert_error_page(&answer, 400, "JSON");
}

#[tokio::test]
async fn a_pending_request_too_large_for_a_cookie_is_reported_as_lost() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let grafana = provider.client("grafana");
    let answer = browser
        .get(grafana.authorize_url(&[("state", &"x".repeat(8000))]))
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("然后重新打开"), "{}", answer.body);
    assert!(browser.cookies.is_empty());
    assert_eq!(
        provider
            .launch(&mut browser, "grafana", CHEN_TAO)
            .await
            .status,
        303
    );
    assert!(browser.cookies.contains_key(BROWSER));
}

//! Requests that nobody should send and that arrive all the same: methods, media types, encodings and
//! addresses. Each gets an answer that says what is wrong.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use crate::support::CHEN_TAO;
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;

async fn send(provider: &TestProvider, method: Method, path: &str) -> Answer {
    let url = provider.at(path);
    Browser::new().send(method, url, |request| request).await
}

#[tokio::test]
async fn a_request_without_a_token_is_told_where_the_token_belongs() {
    let provider = TestProvider::open().await;
    for path in [
        "/userinfo",
        "/userinfo/emails",
        "/userinfo?access_token=abc",
        "/userinfo/emails?access_token=abc",
    ] {
        let answer = send(&provider, Method::GET, path).await;
        assert_eq!(answer.status, 401, "{path}");
        let challenge = answer.header("www-authenticate");
        assert!(
            challenge.starts_with("Bearer realm=\"panda-oidc\""),
            "{challenge}"
        );
        let description = answer.json()["error_description"].clone();
        let description = description.as_str().unwrap().to_owned();
        assert!(
            description.contains("Authorization: Bearer"),
            "{description}"
        );
        let in_url = path.contains("access_token");
        assert_eq!(description.contains("URL"), in_url, "{description}");
        assert!(!answer.body.contains("abc"), "{}", answer.body);
    }
}

#[tokio::test]
async fn every_error_response_has_a_body_and_is_not_stored() {
    let provider = TestProvider::open().await;
    for (method, path) in [
        (Method::GET, "/userinfo"),
        (Method::PUT, "/userinfo"),
        (Method::DELETE, "/userinfo/emails"),
        (Method::GET, "/token"),
        (Method::POST, "/token"),
        (Method::PUT, "/introspect"),
        (Method::POST, "/introspect"),
        (Method::GET, "/revoke"),
        (Method::POST, "/revoke"),
        (Method::POST, "/jwks"),
        (Method::DELETE, "/.well-known/openid-configuration"),
        (Method::PUT, "/launch/grafana"),
        (Method::POST, "/launch"),
        (Method::DELETE, "/authorize"),
        (Method::GET, "/logout/confirm"),
        (Method::GET, "/nowhere"),
        (Method::POST, "/nowhere"),
    ] {
        let answer = send(&provider, method.clone(), path).await;
        assert!(answer.status.is_client_error(), "{method} {path}");
        assert!(!answer.body.is_empty(), "{method} {path}");
        assert_eq!(
            answer.header("cache-control"),
            "no-store",
            "{method} {path}"
        );
        if answer.status == 405 {
            assert!(!answer.header("allow").is_empty(), "{method} {path}");
        }
    }
    for (method, path) in [
        (Method::PUT, "/userinfo"),
        (Method::DELETE, "/userinfo/emails"),
    ] {
        let answer = send(&provider, method, path).await;
        assert_eq!(answer.status, 405, "{path}");
        // RFC 6750 §3
        assert!(
            answer.header("www-authenticate").starts_with("Bearer"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn no_response_is_stored_but_the_public_documents() {
    let provider = TestProvider::open().await;
    for (method, path) in [
        (Method::HEAD, "/launch/grafana"),
        (Method::HEAD, "/authorize"),
        (Method::GET, "/"),
        (Method::GET, "/launch"),
        (Method::OPTIONS, "/launch"),
    ] {
        let answer = send(&provider, method.clone(), path).await;
        assert_eq!(
            answer.header("cache-control"),
            "no-store",
            "{method} {path}"
        );
    }
    let client = provider.client("grafana");
    let revoked = client.post_token("/revoke", "x").await;
    assert_eq!(revoked.status, 200);
    assert_eq!(revoked.header("cache-control"), "no-store");
    let keys = send(&provider, Method::GET, "/jwks").await;
    assert!(keys.header("cache-control").contains("max-age"));
}

#[tokio::test]
async fn a_head_request_to_an_unknown_client_is_404() {
    let provider = TestProvider::open().await;
    for (path, status) in [
        ("/launch/grafana", 204),
        ("/launch/grafana/d/1?kiosk", 204),
        ("/launch", 204),
        ("/launch/nobody", 404),
        ("/launch/nobody/d/1", 404),
        ("/nowhere", 404),
    ] {
        let answer = send(&provider, Method::HEAD, path).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_slash_after_the_path_of_the_issuer_is_the_same_page() {
    let provider = TestProvider::open_with_issuer_path("/sso", "", "").await;
    for path in ["", "/"] {
        let answer = send(&provider, Method::GET, path).await;
        assert_eq!(answer.header("location"), provider.at("/launch"), "{path}");
    }
    let outside = provider.issuer.replace("/sso", "/other");
    let page = Browser::new().get(outside).await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("没有这个页面"), "{}", page.body);
}

#[tokio::test]
async fn what_browsers_ask_for_by_themselves_is_served_or_quietly_missing() {
    for path in ["", "/sso"] {
        let provider = TestProvider::open_with_issuer_path(path, "", "").await;
        let host = provider.issuer.trim_end_matches("/sso");
        let get = async |path: &str| Browser::new().get(format!("{host}{path}")).await;
        let icon = get("/favicon.ico").await;
        assert_eq!(icon.status, 200);
        assert!(
            icon.header("content-type").starts_with("image/"),
            "{icon:?}"
        );
        assert!(icon.header("cache-control").contains("max-age"), "{icon:?}");
        let robots = get("/robots.txt").await;
        assert_eq!(robots.status, 200);
        assert!(robots.body.contains("Disallow: /"), "{}", robots.body);
        for path in [
            "/apple-touch-icon.png",
            "/apple-touch-icon-precomposed.png",
            "/apple-touch-icon-120x120.png",
            "/.well-known/change-password",
            "/.well-known/appspecific/com.chrome.devtools.json",
        ] {
            let missing = get(path).await;
            assert_eq!(missing.status, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn a_posted_request_must_be_a_form() {
    let provider = TestProvider::open().await;
    let mut signed_in = provider.signed_in(CHEN_TAO).await;
    let query = provider.client("grafana").authorize_url(&[]);
    let query = query.query().unwrap().to_owned();
    for path in ["/authorize", "/logout", "/logout/confirm"] {
        for media_type in [
            "text/plain",
            "application/json",
            "multipart/form-data; boundary=x",
        ] {
            let answer = signed_in
                .send(Method::POST, provider.at(path), |request| {
                    request.header(CONTENT_TYPE, media_type).body(query.clone())
                })
                .await;
            assert_eq!(answer.status, 400, "{path} {media_type}: {}", answer.body);
            let reason = "the body is not application/x-www-form-urlencoded";
            assert!(answer.body.contains(reason), "{path}: {}", answer.body);
        }
    }
    let answer = signed_in
        .send(Method::POST, provider.at("/authorize"), |request| {
            request
                .header(
                    CONTENT_TYPE,
                    "application/x-www-form-urlencoded; charset=GBK",
                )
                .body(query.clone())
        })
        .await;
    assert!(answer.parameter("code").is_some());
}

/// OAuth 2.0 encodes parameters in UTF-8 (RFC 6749 appendix B). Other bytes could not be sent back as
/// they came.
#[tokio::test]
async fn a_parameter_that_is_not_utf_8_is_refused_by_name() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let request = provider.client("grafana").authorize_url(&[("state", "")]);
    for (name, value) in [("state", "%B3%C2"), ("nonce", "%ff"), ("unknown", "a%80")] {
        let url = format!("{request}&{name}={value}");
        let answer = browser.get(url).await;
        assert_eq!(
            answer.parameter("error").as_deref(),
            Some("invalid_request")
        );
        let description = answer.parameter("error_description").unwrap();
        assert!(description.contains(name), "{description}");
        assert!(description.contains("UTF-8"), "{description}");
        assert_eq!(
            answer.parameter("state"),
            None,
            "a changed state is not sent"
        );
    }
    let url = format!("{request}&state=%E9%99%88");
    let answer = browser.get(url).await;
    assert_eq!(answer.parameter("state").as_deref(), Some("陈"));
    let logout = "/logout?client_id=grafana&state=%B3%C2";
    let page = browser.get(provider.at(logout)).await;
    assert_eq!(page.status, 400, "{}", page.body);
    assert!(page.body.contains("UTF-8"), "{}", page.body);
    let token = Browser::new()
        .send(Method::POST, provider.at("/token"), |request| {
            request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .basic_auth("grafana", Some("grafana-secret-0123456789"))
                .body("grant_type=refresh_token&refresh_token=%B3%C2")
        })
        .await;
    assert_eq!(token.json()["error"], "invalid_request", "{}", token.body);
}

#[tokio::test]
async fn a_confirmation_page_and_what_follows_stay_in_the_requested_language() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let page = browser.get(provider.at("/logout?ui_locales=en")).await;
    assert!(page.body.contains("<html lang=\"en\""), "{}", page.body);
    let action = page.body.split("action=\"").nth(1).unwrap();
    let action = action.split('"').next().unwrap().to_owned();
    let confirmation = page.field("confirmation");
    let form = [("confirmation", confirmation.as_str())];
    let page = browser.post(action, &form).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<html lang=\"en\""), "{}", page.body);

    let mut browser = provider.signed_in(CHEN_TAO).await;
    let ticket = provider.portal.issue_ticket(crate::support::HEI_LONG_JIANG);
    let url = provider.at(&format!("/launch?ui_locales=en&ticket={ticket}"));
    let switch = browser.get(url).await.location();
    let page = browser.get(switch).await;
    let action = page.body.split("action=\"").nth(1).unwrap();
    let action = action.split('"').next().unwrap().to_owned();
    let page = browser.post(action, &[("confirmation", "wrong")]).await;
    assert_eq!(page.status, 410);
    assert!(page.body.contains("<html lang=\"en\""), "{}", page.body);
}

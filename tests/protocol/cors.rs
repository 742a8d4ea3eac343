//! CORS: a single-page app of another origin can redeem its own code (Fetch §3.3).

use reqwest::Method;
use serde_json::Value;

use crate::kit::{registered, registration};
use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, VERIFIER};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;

/// The origin of the single-page app.
const APP: &str = "https://app.example.com";

/// A provider with a single-page app at [`APP`].
async fn provider() -> TestProvider {
    let page = "[[clients]]\nclient_id = 'page'\ntoken_endpoint_auth_method = 'none'\n\
                redirect_uris = ['https://App.example.com:443/cb', 'com.example.app:/cb']\n";
    TestProvider::open_with(page, "").await
}

fn page(provider: &TestProvider) -> RelyingParty {
    RelyingParty {
        client_secret: None,
        redirect_uri: "https://App.example.com:443/cb".to_owned(),
        ..registered(provider, "page")
    }
}

async fn preflight(url: &str, origin: &str, method: &str, headers: &str) -> Answer {
    Browser::new()
        .send(Method::OPTIONS, url, |request| {
            request
                .header("origin", origin)
                .header("access-control-request-method", method)
                .header("access-control-request-headers", headers)
        })
        .await
}

/// Asserts that a page of `origin` may read the response.
#[track_caller]
fn readable(answer: &Answer, origin: &str) {
    let at = &answer.url;
    assert_eq!(answer.header("access-control-allow-origin"), origin, "{at}");
    assert_eq!(answer.header("vary"), "origin", "{at}");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    let exposed = answer.header("access-control-expose-headers");
    assert_eq!(exposed, "www-authenticate,retry-after", "{at}");
}

#[tokio::test]
async fn a_single_page_app_redeems_its_code_and_calls_userinfo() {
    let provider = provider().await;
    let page = page(&provider);
    let code = page.login(&mut provider.signed_in(CHEN_TAO).await).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", page.redirect_uri.as_str()),
        ("code_verifier", VERIFIER),
        ("client_id", "page"),
    ];
    let tokens = Browser::new()
        .send(Method::POST, provider.at("/token"), |request| {
            request.header("origin", APP).form(&form)
        })
        .await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    readable(&tokens, APP);
    let tokens = tokens.json();
    for method in [Method::GET, Method::POST] {
        let person = Browser::new()
            .send(method, provider.at("/userinfo"), |request| {
                let token = tokens["access_token"].as_str().unwrap();
                request.header("origin", APP).bearer_auth(token)
            })
            .await;
        assert_eq!(person.json()["sub"], "1");
        readable(&person, APP);
    }
}

#[tokio::test]
async fn errors_can_be_read_too() {
    let provider = provider().await;
    let from_page = async |method, path: &str, body: &'static str, token: &str| {
        Browser::new()
            .send(method, provider.at(path), |request| {
                request
                    .header("origin", APP)
                    .header("authorization", token)
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(body)
            })
            .await
    };
    for (answer, status, error) in [
        (
            from_page(Method::POST, "/token", "client_id=x", "Basic eA==").await,
            401,
            "invalid_client",
        ),
        (
            from_page(Method::POST, "/token?x=y", "", "").await,
            400,
            "invalid_request",
        ),
        (
            from_page(Method::GET, "/userinfo", "", "Bearer x").await,
            401,
            "invalid_token",
        ),
    ] {
        assert_eq!(answer.status, status);
        assert_eq!(answer.json()["error"], error);
        readable(&answer, APP);
    }
    let bare = Browser::new()
        .send(Method::GET, provider.at("/userinfo"), |request| {
            request.header("origin", APP)
        })
        .await;
    assert!(bare.header("www-authenticate").starts_with("Bearer"));
    readable(&bare, APP);
}

#[tokio::test]
async fn a_preflight_response_lists_the_allowed_methods_and_headers() {
    let provider = provider().await;
    for path in ["/token", "/revoke", "/userinfo", "/userinfo/emails"] {
        let answer = preflight(
            &provider.at(path),
            APP,
            "POST",
            "authorization,content-type",
        )
        .await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), APP);
        assert_eq!(answer.header("access-control-allow-methods"), "GET,POST");
        assert_eq!(
            answer.header("access-control-allow-headers"),
            "authorization,content-type"
        );
        assert_eq!(answer.header("access-control-max-age"), "7200");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert_eq!(answer.header("vary"), "origin");
    }
}

/// What interceptors of a page add to each of its requests: frameworks, tracing, error reports, caches.
#[tokio::test]
async fn a_page_may_send_whatever_headers_its_interceptors_add() {
    let provider = provider().await;
    for headers in [
        "x-requested-with",
        "authorization,x-requested-with",
        "baggage,sentry-trace,traceparent,tracestate",
        "cache-control,pragma,x-csrf-token,x-xsrf-token",
        "x-datadog-trace-id,x-tenant-id",
    ] {
        for path in ["/token", "/revoke", "/userinfo", "/userinfo/emails"] {
            let answer = preflight(&provider.at(path), APP, "POST", headers).await;
            assert_eq!(answer.header("access-control-allow-origin"), APP, "{path}");
            let allowed = answer.header("access-control-allow-headers");
            assert_eq!(allowed, headers, "{path}");
        }
        for path in [
            "/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server",
            "/jwks",
        ] {
            let answer = preflight(&provider.at(path), APP, "GET", headers).await;
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
            let allowed = answer.header("access-control-allow-headers");
            assert_eq!(allowed, headers, "{path}");
        }
        // Services call it, from no page.
        let answer = preflight(&provider.at("/introspect"), APP, "POST", headers).await;
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn the_origins_are_those_of_the_redirect_uris() {
    let provider = TestProvider::open_with(&registration("dev", ""), "").await;
    for origin in [
        "http://127.0.0.1:3000",
        "http://127.0.0.1:8180",
        "http://127.0.0.1:9",
        "http://127.0.0.1", // as `spa` registered it: other ports are for native apps
    ] {
        let answer = preflight(&provider.at("/token"), origin, "POST", "").await;
        assert_eq!(answer.header("access-control-allow-origin"), origin);
    }
}

#[tokio::test]
async fn an_issuer_with_a_path_allows_the_same_origins() {
    let provider = TestProvider::open_with_issuer_path("/sso", "", "").await;
    let answer = preflight(&provider.at("/token"), "http://127.0.0.1:3000", "POST", "").await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "http://127.0.0.1:3000"
    );
}

#[tokio::test]
async fn every_origin_may_read_discovery_and_the_jwks() {
    let provider = provider().await;
    for path in ["/.well-known/openid-configuration", "/jwks"] {
        let answer = Browser::new()
            .send(Method::GET, provider.at(path), |request| {
                request.header("origin", "https://anybody.example")
            })
            .await;
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(matches!(answer.json(), Value::Object(_)));
    }
}

//! Cross-origin requests from pages that must not read our responses (CORS): N56, docs/security.md.

use reqwest::Method;

use crate::support::CHEN_TAO;
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::tools::access_token;

/// A registered browser application. Most of [`FOREIGN_ORIGINS`] are near misses of its origin.
const CLIENT: &str = "[[clients]]\nclient_id = 'page'\ntoken_endpoint_auth_method = 'none'\n\
                      redirect_uris = ['https://app.example.com/cb', 'com.example.app:/cb']\n";

const FOREIGN_ORIGINS: [&str; 17] = [
    "https://evil.example",
    "null",
    "*",
    "",
    "https://app.example.com.evil.example",
    "https://evilapp.example.com",
    "https://app.example.co",
    "https://example.com",
    "https://app.example.com:8443",
    "https://app.example.com:443",
    "http://app.example.com",
    "HTTPS://APP.EXAMPLE.COM",
    "https://app.example.com/",
    "https://app.example.com/cb",
    "https://app.example.com, https://evil.example",
    "com.example.app:",
    "http://127.0.0.1:3002",
];

async fn cross_origin(
    method: Method,
    url: &str,
    origin: &str,
    browser: &mut Browser,
    token: &str,
) -> Answer {
    browser
        .send(method, url, |request| {
            request
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "authorization")
                .bearer_auth(token)
        })
        .await
}

#[tokio::test]
async fn n56_an_unregistered_origin_gets_no_cors_headers() {
    let provider = TestProvider::open_with(CLIENT, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let token = access_token(&provider.client("grafana"), &mut browser).await;
    for path in ["/token", "/userinfo"] {
        for method in [Method::OPTIONS, Method::GET, Method::POST] {
            for origin in FOREIGN_ORIGINS {
                let url = provider.at(path);
                let answer = cross_origin(method.clone(), &url, origin, &mut browser, &token).await;
                let allowed = answer.headers.get("access-control-allow-origin");
                assert_eq!(allowed, None, "{method} {path} from {origin}");
                let credentials = answer.headers.get("access-control-allow-credentials");
                assert_eq!(credentials, None, "{method} {path} from {origin}");
            }
        }
    }
    let url = provider.at("/userinfo");
    let registered = cross_origin(
        Method::GET,
        &url,
        "https://app.example.com",
        &mut browser,
        &token,
    )
    .await;
    assert_eq!(
        registered.header("access-control-allow-origin"),
        "https://app.example.com"
    );
}

#[tokio::test]
async fn n56_browser_endpoints_send_no_cors_headers_to_any_origin() {
    let provider = TestProvider::open_with(CLIENT, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for path in [
        "/authorize",
        "/launch",
        "/launch/grafana",
        "/switch",
        "/resume/x",
        "/nowhere",
    ] {
        for method in [Method::OPTIONS, Method::GET, Method::POST] {
            for origin in ["https://app.example.com", provider.issuer.as_str(), "null"] {
                let url = provider.at(path);
                let answer = cross_origin(method.clone(), &url, origin, &mut browser, "x").await;
                let names = answer
                    .headers
                    .keys()
                    .map(reqwest::header::HeaderName::as_str);
                let cors: Vec<_> = names.filter(|name| name.starts_with("access-")).collect();
                assert!(cors.is_empty(), "{method} {path} from {origin}: {cors:?}");
            }
        }
    }
}

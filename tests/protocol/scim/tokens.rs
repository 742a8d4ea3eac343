//! Access to SCIM: users can be read only with a token, and only on the admin listener (N59,
//! docs/security.md).

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use serde_json::json;

use super::client::{HR, ScimClient, WIKI};
use crate::support::program::Program;

const ENDPOINTS: [&str; 10] = [
    "/Users",
    "/Users/1",
    "/Groups",
    "/Groups/dispatch",
    "/ServiceProviderConfig",
    "/Schemas",
    "/ResourceTypes",
    "/Me",
    "/Bulk",
    "/nowhere",
];

#[tokio::test]
async fn n59_nobody_reads_people_without_a_token() {
    let reader = ScimClient::open().await;
    let wrong = "wrong-0123456789abcdef0123456789abc";
    for path in ENDPOINTS {
        let get = || reader.request(Method::GET, path);
        let basic = format!("Basic {HR}");
        let (none, unknown) = (
            "Bearer realm=\"scim\"",
            "Bearer realm=\"scim\", error=\"invalid_token\"",
        );
        for (what, request, challenge) in [
            ("nothing", get(), none),
            ("in the query", get().query(&[("access_token", HR)]), none),
            ("another scheme", get().header(AUTHORIZATION, &basic), none),
            ("two of them", get().bearer_auth(HR).bearer_auth(HR), none),
            ("a wrong one", get().bearer_auth(wrong), unknown),
            ("a part", get().bearer_auth(&HR[1..]), unknown),
        ] {
            let response = ScimClient::send(request).await;
            response.expect_error(401);
            let received = response.headers[WWW_AUTHENTICATE].to_str().unwrap();
            assert_eq!(received, challenge, "{path} {what}");
        }
        let posted = reader.request(Method::POST, path).bearer_auth(wrong);
        ScimClient::send(posted).await.expect_error(401);
    }
    let searched = reader
        .request(Method::POST, "/Users/.search")
        .json(&json!({}));
    ScimClient::send(searched).await.expect_error(401);
    let log = reader.program.log();
    assert!(log.contains("the token presented to SCIM is unknown"));
    assert!(
        !log.contains("0123456789abcdef0123"),
        "a token is in the log"
    );
}

#[tokio::test]
async fn n59_a_token_is_limited_to_its_scopes() {
    let reader = ScimClient::open().await;
    for (path, status) in [
        ("/Users", 403),
        ("/Users/1", 403),
        ("/Groups", 200),
        ("/Groups/dispatch", 200),
        ("/ServiceProviderConfig", 200),
    ] {
        let request = reader.request(Method::GET, path).bearer_auth(WIKI);
        assert_eq!(ScimClient::send(request).await.status, status, "{path}");
    }
    let searched = reader
        .request(Method::POST, "/Users/.search")
        .json(&json!({}));
    ScimClient::send(searched.bearer_auth(WIKI))
        .await
        .expect_error(403);
    let log = reader.program.log();
    assert!(log.contains("wiki asked: GET /scim/v2/Groups"), "{log}");
}

#[tokio::test]
async fn n59_people_are_on_the_admin_listener_alone_and_nowhere_without_tokens() {
    let reader = ScimClient::open().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ENDPOINTS {
        let public = reader.program.at(&format!("/scim/v2{path}"));
        let answer = http.get(public).bearer_auth(HR).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    let program = Program::start("http://127.0.0.1:9", "[directory]\nsync = 'off'\n").await;
    for token in [HR, ""] {
        let admin = format!("{}/scim/v2/Users", program.admin);
        let answer = http.get(admin).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 404);
    }
}

#[tokio::test]
async fn n59_only_callers_with_many_wrong_tokens_are_rate_limited() {
    let reader = ScimClient::open_with("[limits]\nexempt = []\n").await;
    let try_wrong_token = async || {
        let wrong = reader.request(Method::GET, "/Users").bearer_auth("wrong");
        ScimClient::send(wrong).await
    };
    // Enough requests to empty the bucket, even if it refills in between.
    let mut refused = None;
    for _ in 0..600 {
        let response = try_wrong_token().await;
        if response.status == 429 {
            refused = Some(response);
            break;
        }
        response.expect_error(401);
    }
    let refused = refused.expect("never told to wait");
    refused.expect_error(429);
    assert!(refused.headers.contains_key("retry-after"));
    reader.get("/Users").await.expect_ok();
}

#[tokio::test]
async fn writes_are_refused() {
    let reader = ScimClient::open().await;
    let send = async |method: Method, path: &str| {
        let request = reader.request(method, path).bearer_auth(HR);
        ScimClient::send(request.json(&json!({ "userName": "x" }))).await
    };
    for (method, path) in [
        (Method::POST, "/Users"),
        (Method::PUT, "/Users/1"),
        (Method::PATCH, "/Users/1"),
        (Method::DELETE, "/Users/1"),
        (Method::POST, "/Groups"),
        (Method::PATCH, "/Groups/dispatch"),
        (Method::POST, "/Schemas"),
    ] {
        let response = send(method.clone(), path).await;
        let (_, detail) = response.expect_error(405);
        assert!(detail.contains("read here, not written"), "{method} {path}");
        assert!(response.headers["allow"].to_str().unwrap().contains("GET"));
    }
    for (method, path) in [(Method::GET, "/Me"), (Method::POST, "/Bulk")] {
        send(method, path).await.expect_error(501);
    }
    reader.get("/Devices").await.expect_error(404);
    reader.get("/Users/1").await.expect_ok();
}

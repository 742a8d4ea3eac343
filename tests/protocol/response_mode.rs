//! `response_mode`: OAuth 2.0 Multiple Response Type Encoding Practices §2.1, OAuth 2.0 Form Post
//! Response Mode §2.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::CHEN_TAO;
use crate::support::browser::Answer;
use crate::support::provider::TestProvider;

const REDIRECT_URI: &str = "http://127.0.0.1:3000/login/generic_oauth";

async fn authorize(changes: &[(&str, &str)]) -> Answer {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    browser.get(grafana.authorize_url(changes)).await
}

#[tokio::test]
async fn query_may_be_requested_explicitly() {
    let answer = authorize(&[("response_mode", "query")]).await;
    assert!(answer.parameter("code").is_some());
}

#[tokio::test]
async fn fragment_leaves_the_query_alone() {
    for (more, first) in [(("nonce", "n"), "code="), (("max_age", "x"), "error=")] {
        let answer = authorize(&[("response_mode", "fragment"), more]).await;
        assert_eq!(answer.status, 303);
        let location = answer.location();
        assert_eq!(location.query(), None);
        let fragment = location.fragment().unwrap();
        assert!(fragment.starts_with(first), "{fragment}");
        assert!(fragment.contains("&state=the-state&iss=http"), "{fragment}");
    }
}

/// §2: "the HTTP status code 200 … a cache policy". Every value is escaped and otherwise unchanged.
#[tokio::test]
async fn form_post_is_a_page_that_posts_the_code_or_the_error() {
    let state = "a\"><script>alert(1)</script>&'陈";
    for (more, first) in [(("nonce", "n"), "code"), (("max_age", "x"), "error")] {
        let answer = authorize(&[("response_mode", "form_post"), ("state", state), more]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), "no-store");
        let form = format!("<form method=\"post\" action=\"{REDIRECT_URI}\">");
        assert!(answer.body.contains(&form), "{}", answer.body);
        assert!(!answer.field(first).is_empty());
        assert!(answer.field("iss").starts_with("http://127.0.0.1:"));
        let escaped = "a&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#38;&#39;陈";
        assert_eq!(answer.field("state"), escaped);
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

#[tokio::test]
async fn a_pending_form_post_request_is_resumed_as_form_post() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(chrono::TimeDelta::minutes(2));
    let url = grafana.authorize_url(&[("response_mode", "form_post"), ("prompt", "login")]);
    assert!(
        browser
            .get(url)
            .await
            .body
            .contains("请从熊猫智慧水务门户进入")
    );
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let page = browser.get(launched.location()).await;
    let redeemed = grafana.redeem(&page.field("code")).await;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
}

/// A request object with these claims. Its signature is never looked at.
fn object(claims: &Value, signature: &str) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.{signature}",
        part(&json!({"alg": "none"})),
        part(claims)
    )
}

/// Request objects are refused. The error goes where, and in the way that, the object says if the
/// request itself does not (OIDC Core §6.1 allows both places).
#[tokio::test]
async fn the_error_for_a_request_object_travels_as_the_object_asks() {
    let claims = json!({
        "response_mode": "form_post", "state": "inside", "redirect_uri": REDIRECT_URI,
    });
    for signature in ["", "c2lnbmVk"] {
        let object = object(&claims, signature);
        let answer = authorize(&[("request", &object), ("state", ""), ("redirect_uri", "")]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.field("error"), "request_not_supported");
        assert_eq!(answer.field("state"), "inside");
    }
    let fragment = object(&json!({"response_mode": "fragment"}), "");
    let answer = authorize(&[("request", &fragment)]).await;
    let location = answer.location();
    assert!(location.fragment().unwrap().contains("state=the-state"));
    // The request itself has the last word.
    let changes = [
        ("request", &*object(&claims, "")),
        ("response_mode", "query"),
    ];
    let answer = authorize(&changes).await;
    let error = answer.parameter("error");
    assert_eq!(error.as_deref(), Some("request_not_supported"));
    assert_eq!(answer.parameter("state").as_deref(), Some("the-state"));
}

#[tokio::test]
async fn a_request_object_that_says_nothing_usable_changes_nothing() {
    for unusable in [
        "x".to_owned(),
        "a.b.c".to_owned(),
        "a.b.c.d.e".to_owned(),
        object(&json!([1]), ""),
        object(&json!({"response_mode": "web_message", "state": 7}), ""),
        object(&json!({"response_mode": {"a": 1}}), ""),
    ] {
        let answer = authorize(&[("request", &unusable)]).await;
        let error = answer.parameter("error");
        assert_eq!(
            error.as_deref(),
            Some("request_not_supported"),
            "{unusable}"
        );
        assert_eq!(answer.parameter("state").as_deref(), Some("the-state"));
    }
    // Nobody is sent to an address that is not registered.
    let elsewhere = object(&json!({"redirect_uri": "https://evil.example/cb"}), "");
    let answer = authorize(&[("request", &elsewhere), ("redirect_uri", "")]).await;
    assert_eq!(answer.status, 400);
}

//! `response_mode`: OAuth 2.0 Multiple Response Type Encoding Practices §2.1, OAuth 2.0 Form Post
//! Response Mode §2.

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
    provider.advance(chrono::TimeDelta::seconds(1));
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

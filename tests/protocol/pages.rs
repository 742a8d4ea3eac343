//! The pages that users see: their language and headers, that they need no script, and that they
//! escape every value from a request or from the portal.

use panda_oidc_panda::simulator::Fault;
use reqwest::Method;

use crate::kit::{registration, tokens_of};
use crate::support::app::claims;
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

const HOSTILE: &str = r#"<script>alert(1)</script>"'&<img src=x onerror=alert(1)>"#;

async fn get_in_language(browser: &mut Browser, url: &str, language: &str) -> Answer {
    browser
        .send(Method::GET, url, |request| {
            request.header("accept-language", language)
        })
        .await
}

#[tokio::test]
async fn the_root_redirects_to_the_list_of_apps() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = browser.get(provider.at("/")).await;
    assert_eq!(answer.header("location"), provider.at("/launch"));
}

/// OIDC Core §3.1.2.1: a `POST` carries its parameters in the body, `ui_locales` too.
#[tokio::test]
async fn a_page_about_a_posted_request_uses_its_ui_locales() {
    let provider = TestProvider::open().await;
    let form = [("ui_locales", "en"), ("client_id", "nobody")];
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let page = browser.post(provider.at("/authorize"), &form).await;
    assert_eq!((page.status.as_u16(), page_language(&page)), (400, "en"));
}

fn page_language(page: &Answer) -> &str {
    let start = "<html lang=\"";
    let from = page.body.find(start).expect("a page") + start.len();
    page.body[from..].split('"').next().unwrap()
}

/// One page of each kind, with a label.
async fn pages(provider: &TestProvider) -> Vec<(&'static str, Answer)> {
    let grafana = provider.client("grafana");
    let mut new_browser = Browser::new();
    let mut signed_in = provider.signed_in(CHEN_TAO).await;
    provider
        .launch(&mut signed_in, "grafana", HEI_LONG_JIANG)
        .await;
    vec![
        ("waits", new_browser.get(grafana.authorize_url(&[])).await),
        (
            "refused",
            new_browser
                .get(grafana.authorize_url(&[("client_id", HOSTILE)]))
                .await,
        ),
        (
            "no such client",
            new_browser.get(provider.at("/launch/%3Cscript%3E")).await,
        ),
        ("no page", new_browser.get(provider.at("/nowhere")).await),
        (
            "rejected",
            new_browser
                .get(provider.at("/launch/grafana?ticket=no"))
                .await,
        ),
        ("apps", signed_in.get(provider.at("/launch")).await),
        ("switch", signed_in.get(provider.at("/switch")).await),
    ]
}

#[tokio::test]
async fn pages_are_chinese_by_default_and_always_include_english() {
    let provider = TestProvider::open().await;
    for (kind, page) in pages(&provider).await {
        assert_eq!(page_language(&page), "zh-CN", "{kind}");
        assert!(page.body.contains("lang=\"en\""), "{kind} has English too");
    }
}

#[tokio::test]
async fn accept_language_chooses_among_the_supported_languages() {
    let provider = TestProvider::open().await;
    let url = provider.at("/launch");
    for (header, language) in [
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr, de;q=0.5", "zh-CN"),
        ("fr, en;q=0.5", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("*", "zh-CN"),
        // RFC 9110 §12.4.2: weight = OWS ";" OWS "q=" qvalue
        ("zh-CN; q=0.5, en-US; q=0.9", "en"),
        ("en ;q=0.2, zh ; q=0.1", "en"),
        ("EN", "en"),
    ] {
        let page = get_in_language(&mut Browser::new(), &url, header).await;
        assert_eq!(page_language(&page), language, "{header}");
    }
}

#[tokio::test]
async fn ui_locales_take_precedence_over_accept_language() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    for (locales, header, language) in [
        ("en", "zh-CN", "en"),
        ("fr en-US", "zh-CN", "en"),
        ("zh-CN", "en", "zh-CN"),
        ("fr", "en", "en"),
    ] {
        let url = grafana.authorize_url(&[("ui_locales", locales)]);
        let page = get_in_language(&mut Browser::new(), url.as_str(), header).await;
        assert_eq!(page_language(&page), language, "{locales} before {header}");
    }
}

#[tokio::test]
async fn ui_locales_of_a_posted_request_are_respected() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(chrono::TimeDelta::minutes(2));
    let url = provider
        .client("grafana")
        .authorize_url(&[("ui_locales", "en"), ("prompt", "login")]);
    let form: Vec<_> = url.query_pairs().into_owned().collect();
    let page = browser
        .send(Method::POST, provider.at("/authorize"), |request| {
            request.form(&form)
        })
        .await;
    assert_eq!(page_language(&page), "en");
}

#[tokio::test]
async fn every_page_has_strict_headers_and_loads_no_resources() {
    let provider = TestProvider::open().await;
    for (kind, page) in pages(&provider).await {
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "no-store", "{kind}");
        assert_eq!(page.header("referrer-policy"), "no-referrer", "{kind}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{kind}");
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; base-uri 'none'; "),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains('*'));
        for asset in [
            "<link", "<img", "src=", "@import", "url(", "style=\"", "onclick",
        ] {
            assert!(!page.body.contains(asset), "{kind} has {asset}");
        }
    }
}

#[tokio::test]
async fn only_the_portal_may_frame_a_page_and_nobody_may_frame_a_confirmation() {
    let provider = TestProvider::open().await;
    let portal = provider.portal.url().origin().ascii_serialization();
    for (kind, page) in pages(&provider).await {
        let policy = page.header("content-security-policy");
        let framed_by = if kind == "switch" { "'none'" } else { &portal };
        let directive = format!("frame-ancestors {framed_by};");
        assert!(policy.contains(&directive), "{kind}: {policy}");
    }
}

#[tokio::test]
async fn every_page_works_without_a_script() {
    let provider = TestProvider::open().await;
    for (kind, page) in pages(&provider).await {
        let scripts = page.body.matches("<script").count();
        let moves_ticket_from_fragment = page.body.contains("data-ticket-parameter=");
        assert_eq!(scripts, usize::from(moves_ticket_from_fragment), "{kind}");
        assert!(page.body.contains("<h1>"), "{kind}");
        let has_next_step = page.body.contains("<a class=\"button");
        assert_eq!(has_next_step, kind != "refused", "{kind}");
    }
}

#[tokio::test]
async fn n69_a_hostile_name_is_escaped_on_pages_and_unchanged_in_tokens() {
    let provider = TestProvider::open().await;
    for user in [CHEN_TAO, HEI_LONG_JIANG] {
        provider.portal.rename_user(user, HOSTILE);
    }
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    for path in ["/launch", "/switch"] {
        let page = browser.get(provider.at(path)).await;
        assert_eq!(page.status, 200);
        for raw in ["<script>alert", "<img src=x", "\"'&<"] {
            assert!(!page.body.contains(raw), "{path}: {}", page.body);
        }
        assert!(page.body.contains("alert(1)"), "{path} shows the name");
    }
    let tokens = tokens_of(&provider, "grafana").await;
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id_token["name"], HOSTILE);
}

#[tokio::test]
async fn n11_error_pages_escape_the_parameters_of_the_request() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    for parameter in ["client_id", "redirect_uri", "state"] {
        let url =
            grafana.authorize_url(&[("redirect_uri", "https://x.example"), (parameter, HOSTILE)]);
        let page = Browser::new().get(url).await;
        assert_eq!(page.status, 400);
        assert!(!page.body.contains("<script>alert"), "{}", page.body);
        assert!(!page.body.contains("<img src=x"), "{}", page.body);
    }
    let path = "/launch/%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let page = Browser::new().get(provider.at(path)).await;
    assert_eq!(page.status, 404);
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
}

#[tokio::test]
async fn a_hostile_client_name_is_escaped_on_the_page_that_shows_it() {
    let more = registration("odd", &format!("client_name = '''{HOSTILE}'''"));
    let provider = TestProvider::open_with(&more, "").await;
    let url = crate::kit::registered(&provider, "odd").authorize_url(&[]);
    let page = Browser::new().get(url).await;
    assert!(page.body.contains("alert(1)"), "the name is shown");
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
}

#[tokio::test]
async fn f24_a_portal_outage_gets_an_error_page_with_retry_after() {
    let provider = TestProvider::open().await;
    provider.portal.set_fault(Fault::Dead).await;
    let mut browser = Browser::new();
    let page = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_eq!(page.status, 503);
    assert_eq!(page.header("retry-after"), "10");
    assert!(page.body.contains("门户暂时没有响应"), "{}", page.body);
    assert!(page.body.contains(provider.portal.url().as_str()));
    assert!(!browser.cookies.contains_key("panda-oidc-session"));
}

#[tokio::test]
async fn f25_an_unreadable_portal_response_gets_an_error_page_that_says_so() {
    let provider = TestProvider::open().await;
    provider.portal.set_fault(Fault::LoginPage).await;
    let mut browser = Browser::new();
    let page = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_eq!(page.status, 502);
    assert!(page.body.contains("门户的回答无法识别"), "{}", page.body);
    assert!(!browser.cookies.contains_key("panda-oidc-session"));
}

//! What people read: in their language, without a script, and with nobody's words taken for ours.

use panda_oidc_panda::simulator::Fault;
use reqwest::Method;

use crate::kit::{registration, tokens_of};
use crate::support::app::claims;
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

const HOSTILE: &str = r#"<script>alert(1)</script>"'&<img src=x onerror=alert(1)>"#;

async fn reads(browser: &mut Browser, url: &str, language: &str) -> Answer {
    browser
        .send(Method::GET, url, |request| {
            request.header("accept-language", language)
        })
        .await
}

#[tokio::test]
async fn who_types_the_address_finds_the_apps() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = browser.get(provider.at("/")).await;
    assert_eq!(answer.header("location"), provider.at("/launch"));
}

/// OIDC Core §3.1.2.1: the parameters of a `POST` come in its body, `ui_locales` too.
#[tokio::test]
async fn a_page_about_a_posted_request_speaks_its_language() {
    let provider = TestProvider::open().await;
    let form = [("ui_locales", "en"), ("client_id", "nobody")];
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let page = browser.post(provider.at("/authorize"), &form).await;
    assert_eq!((page.status.as_u16(), tag(&page)), (400, "en"));
}

fn tag(page: &Answer) -> &str {
    let start = "<html lang=\"";
    let from = page.body.find(start).expect("a page") + start.len();
    page.body[from..].split('"').next().unwrap()
}

/// Pages of every kind, with a word for each.
async fn pages(provider: &TestProvider) -> Vec<(&'static str, Answer)> {
    let grafana = provider.client("grafana");
    let mut stranger = Browser::new();
    let mut known = provider.signed_in(CHEN_TAO).await;
    provider.launch(&mut known, "grafana", HEI_LONG_JIANG).await;
    vec![
        ("waits", stranger.get(grafana.authorize_url(&[])).await),
        (
            "refused",
            stranger
                .get(grafana.authorize_url(&[("client_id", HOSTILE)]))
                .await,
        ),
        (
            "no such client",
            stranger.get(provider.at("/launch/%3Cscript%3E")).await,
        ),
        ("no page", stranger.get(provider.at("/nowhere")).await),
        (
            "rejected",
            stranger.get(provider.at("/launch/grafana?ticket=no")).await,
        ),
        ("apps", known.get(provider.at("/launch")).await),
        ("switch", known.get(provider.at("/switch")).await),
    ]
}

#[tokio::test]
async fn chinese_unless_somebody_says_otherwise_and_always_both() {
    let provider = TestProvider::open().await;
    for (kind, page) in pages(&provider).await {
        assert_eq!(tag(&page), "zh-CN", "{kind}");
        assert!(page.body.contains("lang=\"en\""), "{kind} has English too");
    }
}

#[tokio::test]
async fn the_browsers_language_is_spoken_if_it_is_one_of_ours() {
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
        let page = reads(&mut Browser::new(), &url, header).await;
        assert_eq!(tag(&page), language, "{header}");
    }
}

#[tokio::test]
async fn ui_locales_come_before_the_browsers_language() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    for (locales, header, language) in [
        ("en", "zh-CN", "en"),
        ("fr en-US", "zh-CN", "en"),
        ("zh-CN", "en", "zh-CN"),
        ("fr", "en", "en"),
    ] {
        let url = grafana.authorize_url(&[("ui_locales", locales)]);
        let page = reads(&mut Browser::new(), url.as_str(), header).await;
        assert_eq!(tag(&page), language, "{locales} before {header}");
    }
}

#[tokio::test]
async fn ui_locales_of_a_posted_request_count_as_well() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    provider.advance(chrono::TimeDelta::seconds(1));
    let url = provider
        .client("grafana")
        .authorize_url(&[("ui_locales", "en"), ("prompt", "login")]);
    let form: Vec<_> = url.query_pairs().into_owned().collect();
    let page = browser
        .send(Method::POST, provider.at("/authorize"), |request| {
            request.form(&form)
        })
        .await;
    assert_eq!(tag(&page), "en");
}

#[tokio::test]
async fn every_page_says_what_it_is_and_fetches_nothing() {
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
async fn the_portal_may_frame_what_asks_no_question_and_nobody_else_may() {
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
async fn every_page_is_whole_without_a_script() {
    let provider = TestProvider::open().await;
    for (kind, page) in pages(&provider).await {
        let scripts = page.body.matches("<script").count();
        let rescues = page.body.contains("data-ticket=");
        assert_eq!(scripts, usize::from(rescues), "{kind}");
        assert!(page.body.contains("<h1>"), "{kind}");
        let way_on = page.body.contains("<a class=\"button");
        assert_eq!(way_on, kind != "refused", "{kind}");
    }
}

#[tokio::test]
async fn n69_a_hostile_name_is_text_on_every_page_and_itself_in_every_token() {
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
async fn n11_what_a_request_brought_is_text_on_the_page_that_refuses_it() {
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
async fn a_hostile_client_name_is_text_on_the_page_that_names_it() {
    let more = registration("odd", &format!("client_name = '''{HOSTILE}'''"));
    let provider = TestProvider::open_with(&more, "").await;
    let url = crate::kit::registered(&provider, "odd").authorize_url(&[]);
    let page = Browser::new().get(url).await;
    assert!(page.body.contains("alert(1)"), "it is named");
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
}

#[tokio::test]
async fn f24_a_portal_that_is_down_is_told_in_plain_words_with_a_time_to_try_again() {
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
async fn f25_an_answer_that_makes_no_sense_is_the_portals_fault_and_said_so() {
    let provider = TestProvider::open().await;
    provider.portal.set_fault(Fault::LoginPage).await;
    let mut browser = Browser::new();
    let page = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_eq!(page.status, 502);
    assert!(page.body.contains("门户的回答无法识别"), "{}", page.body);
    assert!(!browser.cookies.contains_key("panda-oidc-session"));
}

//! `/launch`: a click in the portal's menu, and the URLs that portals build from a menu entry.

use reqwest::Method;
use url::Url;

use crate::kit::registration;
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

const GRAFANA: &str = "/login/generic_oauth";

#[track_caller]
fn opens_grafana(answer: &Answer) {
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(answer.location().path(), GRAFANA);
}

#[track_caller]
fn assert_no_session(browser: &Browser) {
    let session = browser.cookies.keys().find(|name| name.contains("session"));
    assert_eq!(session, None);
}

#[tokio::test]
async fn a_launch_redirects_to_the_clients_login_url_without_the_ticket() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let url = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let answer = Browser::new().get(url).await;
    opens_grafana(&answer);
    assert!(!format!("{:?}{}", answer.headers, answer.body).contains(&ticket));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn the_client_receives_the_issuer() {
    let provider = TestProvider::open().await;
    let answer = provider
        .launch(&mut Browser::new(), "grafana", CHEN_TAO)
        .await;
    // OIDC Core §4: REQUIRED.
    assert_eq!(answer.parameter("iss").unwrap(), provider.issuer);
}

#[tokio::test]
async fn f8_a_ticket_is_found_wherever_the_portal_appends_it() {
    let provider = TestProvider::open().await;
    for (before, after) in [
        ("/launch/grafana?ticket=", ""),
        ("/launch/grafana?from=menu&ticket=", ""),
        ("/launch/grafana?from=menu?ticket=", ""),
        ("/launch/grafana?ticket=", "&from=menu"),
        ("/launch/grafana?&ticket=", ""),
        ("/launch/grafana?%74icket=", ""),
    ] {
        let ticket = provider.portal.issue_ticket(CHEN_TAO);
        let url = provider.at(&format!("{before}{ticket}{after}"));
        opens_grafana(&Browser::new().get(&url).await);
    }
}

#[tokio::test]
async fn f8_a_ticket_joined_to_the_path_by_an_ampersand_is_found_and_not_shown() {
    let provider = TestProvider::open().await;
    for before in ["/launch/grafana&ticket=", "/launch/grafana/&ticket="] {
        let ticket = provider.portal.issue_ticket(CHEN_TAO);
        let answer = Browser::new()
            .get(provider.at(&format!("{before}{ticket}")))
            .await;
        assert!(!answer.body.contains(&ticket), "{}", answer.body);
        opens_grafana(&answer);
    }
}

#[tokio::test]
async fn f8_a_trailing_slash_in_the_menu_url_is_accepted() {
    let provider = TestProvider::open().await;
    for path in ["/launch/grafana/", "/launch/"] {
        let ticket = provider.portal.issue_ticket(CHEN_TAO);
        let url = provider.at(&format!("{path}?ticket={ticket}"));
        let answer = Browser::new().get(url).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn f8_two_different_tickets_are_refused_without_a_portal_call_and_two_equal_ones_accepted() {
    let provider = TestProvider::open().await;
    let one = provider.portal.issue_ticket(CHEN_TAO);
    let other = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let mut browser = Browser::new();
    let url = provider.at(&format!("/launch/grafana?ticket={one}&ticket={other}"));
    assert_eq!(browser.get(url).await.status, 400);
    assert_no_session(&browser);
    assert_eq!(provider.portal.calls().user_by_ticket, 0);
    let url = provider.at(&format!("/launch/grafana?ticket={one}&ticket={one}"));
    opens_grafana(&browser.get(url).await);
}

#[tokio::test]
async fn f8_the_page_for_a_missing_ticket_can_read_one_from_the_fragment() {
    let provider = TestProvider::open().await;
    let answer = Browser::new().get(provider.at("/launch/grafana")).await;
    assert!(answer.body.contains("data-ticket-parameter=\"ticket\""));
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
}

#[tokio::test]
async fn f9_a_plus_in_a_ticket_survives_encoding_and_decoding() {
    let provider = TestProvider::open().await;
    for (number, sent) in ["a+b/c==", "a%2Bb%2Fc%3D%3D", "a b/c==", "a%20b/c=="]
        .into_iter()
        .enumerate()
    {
        provider
            .portal
            .plant_ticket(format!("{number}a+b/c=="), CHEN_TAO);
        let url = provider.at(&format!("/launch/grafana?ticket={number}{sent}"));
        opens_grafana(&Browser::new().get(url).await);
    }
}

#[tokio::test]
async fn f9_a_ticket_that_was_encoded_twice_is_accepted() {
    let provider = TestProvider::open().await;
    provider.portal.plant_ticket("x+y/z", CHEN_TAO);
    let url = provider.at("/launch/grafana?ticket=x%252By%252Fz");
    opens_grafana(&Browser::new().get(url).await);
}

#[tokio::test]
async fn the_name_of_the_ticket_parameter_is_configurable() {
    let provider = TestProvider::open_with("", "ticket_parameter = 'token'").await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let url = provider.at(&format!("/launch/grafana?token={ticket}"));
    opens_grafana(&Browser::new().get(url).await);
}

#[tokio::test]
async fn f29_back_and_refresh_launch_again_without_a_portal_call() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let url = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let mut browser = Browser::new();
    opens_grafana(&browser.get(&url).await);
    let cookies = browser.cookies.clone();
    opens_grafana(&browser.get(&url).await);
    let keycloak = provider.at(&format!("/launch/keycloak?ticket={ticket}"));
    let second_app = browser.get(keycloak).await;
    assert_eq!(
        second_app.location().path(),
        "/realms/broker/account",
        "the same ticket opens the second app"
    );
    assert_eq!(provider.portal.calls().user_by_ticket, 1);
    for name in ["panda-oidc-session", "panda-oidc-browser"] {
        assert_eq!(browser.cookies[name], cookies[name]);
    }
}

#[tokio::test]
async fn a_launch_makes_one_portal_call_whether_the_ticket_is_valid_or_not() {
    let provider = TestProvider::open().await;
    provider
        .launch(&mut Browser::new(), "grafana", CHEN_TAO)
        .await;
    assert_eq!(provider.portal.calls().user_by_ticket, 1);
    let url = provider.at("/launch/grafana?ticket=unknown");
    assert_eq!(Browser::new().get(url).await.status, 403);
    assert_eq!(provider.portal.calls().user_by_ticket, 2);
    assert_eq!(provider.portal.calls().users, 0);
}

#[tokio::test]
async fn a_rejected_ticket_creates_no_session_and_its_page_links_to_the_portal() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let answer = browser.get(provider.at("/launch/grafana?ticket=no")).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("请重新从门户进入"), "{}", answer.body);
    assert!(answer.body.contains(provider.portal.url().as_str()));
    assert_no_session(&browser);
}

#[tokio::test]
async fn an_unknown_client_gets_an_error_page_and_the_ticket_is_not_verified() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    let url = provider.at(&format!("/launch/gis?ticket={ticket}"));
    let answer = browser.get(url).await;
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("没有登记这个应用"));
    assert!(!answer.body.contains(&ticket));
    assert_no_session(&browser);
    assert_eq!(provider.portal.calls().user_by_ticket, 0);
}

#[tokio::test]
async fn a_deep_link_is_passed_on_as_target_link_uri() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let path = "/launch/grafana/d/abc/%E6%B3%B5%E7%AB%99";
    let answer = Browser::new()
        .get(provider.at(&format!("{path}?ticket={ticket}")))
        .await;
    opens_grafana(&answer);
    assert_eq!(
        answer.parameter("target_link_uri").as_deref(),
        Some("http://127.0.0.1:3000/d/abc/%E6%B3%B5%E7%AB%99")
    );
}

#[tokio::test]
async fn a_client_without_a_login_url_opens_at_its_client_uri_or_a_deep_link() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let home = provider.launch(&mut browser, "spa", CHEN_TAO).await;
    assert_eq!(home.header("location"), "http://127.0.0.1:3001/");
    let deep = browser.get(provider.at("/launch/spa/d/1")).await;
    assert_eq!(deep.header("location"), "http://127.0.0.1:3001/d/1");
}

#[tokio::test]
async fn a_launch_without_a_target_creates_no_session_and_claims_none() {
    let provider = TestProvider::open().await;
    // `keycloak` is registered without a client_uri, so it has no deep links.
    let mut browser = Browser::new();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let url = provider.at(&format!("/launch/keycloak/x?ticket={ticket}"));
    let answer = browser.get(url).await;
    assert_eq!(answer.status, 404);
    assert_no_session(&browser);
    assert!(!answer.body.contains("您已登录"), "{}", answer.body);
}

#[tokio::test]
async fn without_a_client_the_user_chooses_among_those_that_can_be_opened() {
    let provider = TestProvider::open_with(&registration("api-only", ""), "").await;
    let mut browser = Browser::new();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launched = browser
        .get(provider.at(&format!("/launch?ticket={ticket}")))
        .await;
    assert_eq!(launched.header("location"), provider.at("/launch"));
    let page = browser.get(launched.location()).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("陈涛，您已登录"), "{}", page.body);
    for client in ["grafana", "keycloak", "spa"] {
        let link = format!("href=\"{}\"", provider.at(&format!("/launch/{client}")));
        assert!(page.body.contains(&link), "{client}");
    }
    assert!(page.body.contains(">Grafana</a>"));
    assert!(!page.body.contains("/launch/api-only"));
    opens_grafana(&browser.get(provider.at("/launch/grafana")).await);
    assert_eq!(provider.portal.calls().user_by_ticket, 1);
}

#[tokio::test]
async fn n64_a_head_request_does_not_use_the_ticket() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let url = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let head = Browser::new()
        .send(Method::HEAD, &url, |request| request)
        .await;
    assert_eq!(head.status, 204);
    assert!(head.set_cookies().is_empty());
    assert_eq!(provider.portal.calls().user_by_ticket, 0);
}

#[tokio::test]
async fn f27_a_launch_loop_is_stopped_and_the_user_can_continue() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let url = provider.at("/launch/grafana");
    let mut answer = browser.get(&url).await;
    for _ in 0..5 {
        if answer.status != 303 {
            break;
        }
        answer = browser.get(&url).await;
    }
    assert_eq!(answer.status, 429);
    assert!(!answer.header("retry-after").is_empty());
    assert!(answer.body.contains("/launch/grafana?again"));
    opens_grafana(&browser.get(provider.at("/launch/grafana?again")).await);
}

#[tokio::test]
async fn a_launch_below_an_issuers_path_stays_below_it() {
    let provider = TestProvider::open_with_issuer_path("/sso", "", "").await;
    let mut browser = Browser::new();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launched = browser
        .get(provider.at(&format!("/launch?ticket={ticket}")))
        .await;
    let expected = Url::parse(&provider.at("/launch")).unwrap();
    assert_eq!(launched.location(), expected);
    for cookie in launched.set_cookies() {
        assert!(cookie.contains("Path=/sso"), "{cookie}");
    }
}

//! What a launch passes on to the app: the page that the menu entry names, and the parameters of OIDC
//! Core §4 that the app takes.

use url::Url;

use crate::kit::registration;
use crate::support::CHEN_TAO;
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;

/// Opens `path` in a new browser; `TICKET` stands for a new ticket. Panics if the ticket is passed on.
async fn open(provider: &TestProvider, path: &str) -> Answer {
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let url = provider.at(&path.replace("TICKET", &ticket));
    let answer = Browser::new().get(url).await;
    let location = answer.header("location");
    assert!(!location.contains(&ticket), "{path}: {location}");
    assert!(!answer.body.contains(&ticket), "{path}: {}", answer.body);
    answer
}

/// The raw query of a `Location`.
fn query(answer: &Answer) -> String {
    let location = answer.header("location");
    let (_, query) = location.split_once('?').unwrap_or_default();
    query.to_owned()
}

const PAGE: &str = "http://127.0.0.1:3000/d/x";

#[tokio::test]
async fn the_query_of_a_menu_entry_reaches_the_app_to_the_byte() {
    let provider = TestProvider::open().await;
    for (before, after, rest) in [
        ("?orgId=1&var=2&kiosk&ticket=", "", "orgId=1&var=2&kiosk"),
        ("?ticket=", "&orgId=1&var=2&kiosk", "orgId=1&var=2&kiosk"),
        ("?b=2&ticket=", "&a=1&b=3", "b=2&a=1&b=3"),
        ("?q=%2f%2F+%20&e=&=&ticket=", "", "q=%2f%2F+%20&e=&="),
        ("?var=%E6%B3%B5&ticket=", "", "var=%E6%B3%B5"),
        ("?kiosk?ticket=", "", "kiosk"),
        ("?kiosk;ticket=", "", "kiosk"),
        ("?kiosk/ticket=", "", "kiosk"),
        ("?kiosk&amp;ticket=", "", "kiosk"),
        ("?kiosk%3Fticket=", "", "kiosk"),
        ("?kiosk%26ticket%3D", "", "kiosk"),
        ("?kiosk%2526ticket%253D", "", "kiosk"),
        ("%3Fticket=", "?kiosk", "kiosk"),
    ] {
        let path = format!("/launch/grafana/d/x{before}TICKET{after}");
        let answer = open(&provider, &path).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
        let link = answer.parameter("target_link_uri").unwrap();
        assert_eq!(link, format!("{PAGE}?{rest}"), "{path}");
        let direct = open(&provider, &path.replace("grafana", "spa")).await;
        let expected = format!("http://127.0.0.1:3001/d/x?{rest}");
        assert_eq!(direct.header("location"), expected, "{path}");
    }
    let home = open(&provider, "/launch/grafana?orgId=2&ticket=TICKET").await;
    assert_eq!(
        home.parameter("target_link_uri").as_deref(),
        Some("http://127.0.0.1:3000/?orgId=2")
    );
}

#[tokio::test]
async fn the_query_of_a_launch_without_a_ticket_is_kept_too() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = browser
        .get(provider.at("/launch/grafana/d/x?orgId=1&kiosk"))
        .await;
    assert_eq!(
        answer.parameter("target_link_uri").as_deref(),
        Some("http://127.0.0.1:3000/d/x?orgId=1&kiosk")
    );
    let again = browser.get(provider.at("/launch/grafana?again")).await;
    assert_eq!(again.parameter("target_link_uri"), None, "`again` is ours");
}

#[tokio::test]
async fn a_query_with_line_breaks_is_refused_like_such_a_path() {
    let provider = TestProvider::open().await;
    for query in ["a=%0d%0aSet-Cookie:x", "a=%00"] {
        let path = format!("/launch/grafana/d/x?{query}&ticket=TICKET");
        let answer = open(&provider, &path).await;
        assert_ne!(answer.status, 200, "{query}");
        assert!(!answer.header("location").contains("3000"), "{query}");
    }
}

/// However the portal has joined the ticket to the URL, no client receives it.
#[tokio::test]
async fn a_ticket_is_never_passed_on_to_a_client() {
    let provider = TestProvider::open().await;
    let joints = [
        "&", "?", ";", ",", "/", "%26", "%3F", "%3f", "%3B", "%2C", "%2F", "&amp;", "%253F",
    ];
    let request = "response_type=code&client_id=grafana&scope=openid\
         &redirect_uri=http%3A%2F%2F127.0.0.1%3A3000%2Flogin%2Fgeneric_oauth";
    for joint in joints {
        for path in [
            format!("/launch/grafana/d/x?kiosk{joint}ticket=TICKET"),
            format!("/launch/grafana/d/x?kiosk{joint}Ticket=TICKET"),
            format!("/launch/grafana/d/x?kiosk{joint}ticket[]=TICKET"),
            format!("/launch/grafana/d/x?kiosk{joint}%74icket%3DTICKET"),
            format!("/launch/spa/d/x{joint}ticket=TICKET"),
            format!("/authorize?{request}&state=s{joint}ticket=TICKET"),
            format!("/authorize?{request}&prompt=none&state=s{joint}ticket=TICKET"),
            format!("/authorize?{request}&response_mode=x&state=s{joint}TICKET=TICKET"),
            format!("/logout?client_id=grafana&state=s{joint}ticket=TICKET"),
        ] {
            if path.contains("TICKET=TICKET") {
                continue;
            }
            open(&provider, &path).await;
        }
        let answer = open(
            &provider,
            &format!("/authorize?{request}&state=s{joint}ticket=TICKET"),
        )
        .await;
        assert_eq!(answer.parameter("state").as_deref(), Some("s"), "{joint}");
    }
}

const SUPERSET: &str = "initiate_login_uri = 'http://127.0.0.1:9/login/panda'\n\
     client_uri = 'http://127.0.0.1:9/superset/'\n";

#[tokio::test]
async fn a_client_says_which_parameters_its_launch_has() {
    for (parameters, expected) in [
        ("['iss', 'login_hint']", "iss=ISSUER&login_hint=1"),
        ("['login_hint']", "login_hint=1"),
        ("['target_link_uri']", ""),
        ("[]", ""),
    ] {
        let lines = format!("{SUPERSET}initiate_login_parameters = {parameters}");
        let provider = TestProvider::open_with(&registration("superset", &lines), "").await;
        let answer = open(&provider, "/launch/superset?ticket=TICKET").await;
        let issuer: String =
            url::form_urlencoded::byte_serialize(provider.issuer.as_bytes()).collect();
        assert_eq!(query(&answer), expected.replace("ISSUER", &issuer));
        assert_eq!(answer.location().path(), "/login/panda");
    }
}

#[tokio::test]
async fn a_page_goes_with_a_launch_under_the_name_and_in_the_form_that_the_app_expects() {
    for (lines, expected) in [
        ("target_link_parameter = 'next'", "/superset/d/1?a=1&kiosk"),
        (
            "target_link_parameter = 'next'\ntarget_link_format = 'url'",
            "http://127.0.0.1:9/superset/d/1?a=1&kiosk",
        ),
        ("preset = 'flask-appbuilder'", "/superset/d/1?a=1&kiosk"),
    ] {
        let more = registration("superset", &format!("{SUPERSET}{lines}"));
        let provider = TestProvider::open_with(&more, "").await;
        let answer = open(&provider, "/launch/superset/d/1?a=1&ticket=TICKET&kiosk").await;
        assert_eq!(
            answer.parameter("next").as_deref(),
            Some(expected),
            "{lines}"
        );
        assert_eq!(answer.parameter("target_link_uri"), None, "{lines}");
        let has_iss = answer.parameter("iss").is_some();
        assert_eq!(has_iss, !lines.contains("preset"), "{lines}");
    }
}

/// Every argument of the login URL of a Flask-AppBuilder app becomes a claim of a JWT, and `iss` must be
/// a text there.
#[tokio::test]
async fn a_launch_of_a_flask_appbuilder_app_has_no_parameter_but_the_page() {
    let more = registration(
        "superset",
        &format!("{SUPERSET}preset = 'flask-appbuilder'"),
    );
    let provider = TestProvider::open_with(&more, "").await;
    let answer = open(&provider, "/launch/superset?ticket=TICKET").await;
    assert_eq!(answer.header("location"), "http://127.0.0.1:9/login/panda");
}

#[tokio::test]
async fn a_named_link_opens_its_page() {
    let links = "links = { pumps = '/d/abc/pumps?orgId=1&kiosk', '泵站' = 'd/2#/x' }";
    let uri = "client_uri = 'http://127.0.0.1:9/home/'";
    let login = "initiate_login_uri = 'http://127.0.0.1:9/login'";
    let more = [
        registration("app", &format!("{uri}\n{login}\n{links}")),
        registration("page", &format!("{uri}\n{links}")),
        registration(
            "plain",
            &format!("{uri}\n{login}\ninitiate_login_parameters = ['iss']\n{links}"),
        ),
    ];
    let provider = TestProvider::open_with(&more.concat(), "").await;
    let pumps = "http://127.0.0.1:9/home/d/abc/pumps?orgId=1&kiosk";
    let answer = open(&provider, "/launch/app/pumps?ticket=TICKET").await;
    assert_eq!(answer.parameter("target_link_uri").as_deref(), Some(pumps));
    let answer = open(&provider, "/launch/app/pumps?var=2&ticket=TICKET").await;
    let with_query = format!("{pumps}&var=2");
    assert_eq!(answer.parameter("target_link_uri"), Some(with_query));
    for client in ["page", "plain"] {
        let path = format!("/launch/{client}/pumps&ticket=TICKET");
        let answer = open(&provider, &path).await;
        assert_eq!(answer.header("location"), pumps, "{client} is opened there");
        let path = format!("/launch/{client}/%E6%B3%B5%E7%AB%99?ticket=TICKET");
        let answer = open(&provider, &path).await;
        assert_eq!(
            answer.header("location"),
            "http://127.0.0.1:9/home/d/2#/x",
            "{client}"
        );
    }
    let other = open(&provider, "/launch/page/pump?ticket=TICKET").await;
    let location = Url::parse(other.header("location")).unwrap();
    assert_eq!(location.path(), "/home/pump", "another name is a path");
}

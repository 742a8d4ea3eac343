use crate::oauth::client::tests::public;
use crate::oauth::initiate_login::*;
use proptest::prelude::*;

fn client() -> Client {
    Client {
        initiate_login_uri: Url::parse("https://app.example.com/login?x=1").ok(),
        client_uri: Url::parse("https://app.example.com/home/").ok(),
        ..public("app")
    }
}

fn launch(client: &Client, path: Option<&str>, query: &str) -> Result<String, NoLoginUrl> {
    let issuer = Issuer::new("https://op").unwrap();
    login_url(client, DeepLink { path, query }, &issuer).map(|url| url.for_user("1"))
}

/// The value of `name` in the query of `url`.
fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    let mut pairs = url.query_pairs();
    pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

#[test]
fn the_login_url_names_the_issuer() {
    assert_eq!(
        launch(&client(), None, "").unwrap(),
        "https://app.example.com/login?x=1&iss=https%3A%2F%2Fop"
    );
}

#[test]
fn a_client_without_a_login_url_is_opened_at_its_client_uri() {
    let allowed = Client {
        initiate_login_uri: None,
        ..client()
    };
    assert_eq!(
        launch(&allowed, None, "").unwrap(),
        "https://app.example.com/home/"
    );
    assert_eq!(
        launch(&allowed, Some("d/1"), "").unwrap(),
        "https://app.example.com/home/d/1"
    );
    assert_eq!(launch(&public("x"), None, ""), Err(NoLoginUrl::NoLoginUri));
}

#[test]
fn n73_a_deep_link_stays_below_the_clients_home() {
    let url = launch(&client(), Some("d/泵站-1"), "").unwrap();
    assert_eq!(
        parameter(&url, "target_link_uri").as_deref(),
        Some("https://app.example.com/home/d/%E6%B3%B5%E7%AB%99-1")
    );
    for deep in [
        "../x",
        "a/../../x",
        "/evil.com",
        "//evil.com",
        "\\evil.com",
        "a\\..\\x",
        "%2e%2e/x",
        "..%2fx",
        "..;/x",
        "a?b",
        "a#b",
        "a\tb",
        "./x",
    ] {
        assert_eq!(
            launch(&client(), Some(deep), ""),
            Err(NoLoginUrl::OutOfBounds),
            "{deep}"
        );
    }
}

#[test]
fn a_query_reaches_the_client_to_the_byte() {
    let direct = Client {
        initiate_login_uri: None,
        ..client()
    };
    for query in [
        "orgId=1&var=2&kiosk",
        "b=2&a=1&b=3",
        "&&=&a==b",
        "q=%2f%2F+%20%zz%",
        "from='x'&to={y}|z",
        "next=//evil.example/",
    ] {
        let page = format!("https://app.example.com/home/d/x?{query}");
        assert_eq!(launch(&direct, Some("d/x"), query), Ok(page.clone()));
        let url = launch(&client(), Some("d/x"), query).unwrap();
        assert_eq!(parameter(&url, "target_link_uri"), Some(page));
    }
    assert_eq!(
        launch(&direct, None, "kiosk").unwrap(),
        "https://app.example.com/home/?kiosk"
    );
    for query in [
        "next=//evil.example",
        "a=1&u=https:%2f%2fevil",
        "x=%5c/evil",
    ] {
        assert_eq!(
            launch(&direct, None, query).unwrap(),
            "https://app.example.com/home/",
            "{query}"
        );
    }
    for query in ["a=%0d%0ab", "a=%00", "a=%7f"] {
        let refused = launch(&client(), Some("d/x"), query);
        assert_eq!(refused, Err(NoLoginUrl::Query), "{query}");
    }
}

#[test]
fn a_client_chooses_the_parameters_of_its_launch() {
    let mut app = client();
    app.launch.parameters = vec![];
    let at = |app: &Client, path| launch(app, path, "").unwrap();
    assert_eq!(at(&app, None), "https://app.example.com/login?x=1");
    assert_eq!(
        at(&app, Some("d/1")),
        "https://app.example.com/home/d/1",
        "without a parameter for it, the page itself is opened"
    );
    app.launch.parameters = vec![LaunchParameter::TargetLinkUri, LaunchParameter::LoginHint];
    app.launch.target_link_parameter = "next".to_owned();
    app.launch.target_link_format = TargetLinkFormat::Path;
    assert_eq!(
        launch(&app, Some("d/1"), "a=1&b").unwrap(),
        "https://app.example.com/login?x=1&next=%2Fhome%2Fd%2F1%3Fa%3D1%26b&login_hint=1"
    );
}

#[test]
fn a_named_link_stands_for_a_page_of_the_client() {
    let home = Url::parse("https://app.example.com/home/").unwrap();
    for (link, page) in [
        (
            "/d/abc?orgId=1&kiosk",
            "https://app.example.com/home/d/abc?orgId=1&kiosk",
        ),
        (
            "d/%E6%B3%B5#/x",
            "https://app.example.com/home/d/%E6%B3%B5#/x",
        ),
        (
            "https://app.example.com/home/d/1",
            "https://app.example.com/home/d/1",
        ),
    ] {
        assert_eq!(named_link(&home, link).unwrap(), page);
    }
    for link in [
        "https://evil.example/",
        "//evil.example",
        "/../x",
        "/%2e%2e/x",
        "/x#a b",
    ] {
        assert!(named_link(&home, link).is_err(), "{link}");
    }
    let mut app = client();
    let pumps = named_link(&home, "/d/abc?kiosk").unwrap();
    app.launch.links.insert("pumps".to_owned(), pumps);
    app.initiate_login_uri = None;
    assert_eq!(
        launch(&app, Some("pumps"), "var=2").unwrap(),
        "https://app.example.com/home/d/abc?kiosk&var=2"
    );
}

proptest! {
    #[test]
    fn no_text_leads_out_of_the_clients_home(deep in "[a-z./\\\\%2eE;:@?#\u{2f}\u{ff0f} -]{0,20}|\\PC{0,20}", query in "[!-~é]{0,20}") {
        let allowed = Client { initiate_login_uri: None, ..client() };
        if let Ok(url) = launch(&allowed, Some(&deep), &query) {
            prop_assert!(url.starts_with("https://app.example.com/home/"), "{}", url);
            prop_assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{}", url);
            let url = Url::parse(&url).unwrap();
            prop_assert_eq!(url.host_str(), Some("app.example.com"));
        }
    }
}

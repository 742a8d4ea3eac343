//! The simulated portal's pages, as a browser sees them.

use panda_oidc_panda::simulator::{
    MenuEntry, Person, Simulator, SimulatorHandle, SimulatorSettings, Tickets,
};
use reqwest::redirect::Policy;
use url::Url;

async fn portal(tickets: Tickets) -> SimulatorHandle {
    let app = |path: &str| Url::parse(&format!("http://127.0.0.1:9400{path}")).unwrap();
    Simulator::start(SimulatorSettings {
        tickets,
        menu: vec![
            MenuEntry::new("监控大屏", "Dashboards", app("/launch/grafana")),
            MenuEntry::new("<b>工单", "Orders", app("/launch?client=a")).in_new_tab(),
        ],
        ..SimulatorSettings::default()
    })
    .await
    .unwrap()
}

async fn visit(portal: &SimulatorHandle, path: &str) -> reqwest::Response {
    let browser = reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy();
    let url = portal.url().join(path).unwrap();
    browser.build().unwrap().get(url).send().await.unwrap()
}

async fn page(portal: &SimulatorHandle, path: &str) -> String {
    visit(portal, path).await.text().await.unwrap()
}

async fn click(portal: &SimulatorHandle, path: &str) -> String {
    let response = visit(portal, path).await;
    assert_eq!(response.status(), 302);
    response.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_visitor_chooses_a_user_and_sees_the_menu() {
    let portal = portal(Tickets::PerClick).await;
    let people = page(&portal, "/").await;
    assert!(
        people.contains(r#"href="/?user=1""#) && people.contains("陈涛"),
        "{people}"
    );
    let menu = page(&portal, "/?user=1").await;
    assert!(
        menu.contains("监控大屏") && menu.contains("Dashboards"),
        "{menu}"
    );
    assert!(menu.contains(r#"href="/open/0?user=1""#), "{menu}");
    assert!(
        menu.contains(r#"href="/open/1?user=1" target="_blank""#),
        "{menu}"
    );
}

#[tokio::test]
async fn a_ticket_is_issued_at_the_click() {
    let portal = portal(Tickets::PerClick).await;
    assert!(!page(&portal, "/?user=1").await.contains("ticket"));
    let first = click(&portal, "/open/0?user=1").await;
    let second = click(&portal, "/open/0?user=1").await;
    assert!(
        first.starts_with("http://127.0.0.1:9400/launch/grafana?ticket="),
        "{first}"
    );
    assert_ne!(first, second);
    let other = click(&portal, "/open/1?user=1").await;
    assert!(
        other.starts_with("http://127.0.0.1:9400/launch?client=a&ticket="),
        "{other}"
    );
}

#[tokio::test]
async fn per_session_clicks_share_their_ticket() {
    let portal = portal(Tickets::PerSession).await;
    let first = click(&portal, "/open/0?user=1").await;
    assert_eq!(click(&portal, "/open/0?user=1").await, first);
    assert_ne!(click(&portal, "/open/0?user=2").await, first);
}

#[tokio::test]
async fn names_and_keywords_are_escaped() {
    let portal = portal(Tickets::PerClick).await;
    portal.add_user(Person::new(9, "<script>alert('\"&</script>", ""));
    for path in ["/", "/?user=9", "/?keyword=%22%3E%3Cscript%3E"] {
        let page = page(&portal, path).await;
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    }
}

#[tokio::test]
async fn an_unknown_entry_or_user_is_not_found() {
    let portal = portal(Tickets::PerClick).await;
    for path in ["/open/7?user=1", "/open/0?user=77"] {
        assert_eq!(visit(&portal, path).await.status(), 404);
    }
}

#[tokio::test]
async fn people_are_found_by_keyword() {
    let portal = portal(Tickets::PerClick).await;
    let page = page(&portal, "/?keyword=%E9%BB%91%E9%BE%99").await;
    assert!(page.contains("黑龙江") && !page.contains("陈涛"), "{page}");
}

#[tokio::test]
async fn a_stopped_portal_frees_its_port() {
    let portal = portal(Tickets::PerClick).await;
    let listen = (
        portal.url().host_str().unwrap().to_owned(),
        portal.url().port().unwrap(),
    );
    portal.stop().await;
    tokio::net::TcpListener::bind(listen).await.unwrap();
}

//! Where a user without a session is sent, and which origins a launch may come from.

use panda_oidc_sdk::{Entrance, Plugin as _};
use url::Url;

use crate::bench::open;

fn entrance(table: &str) -> Entrance {
    let resume = Url::parse("https://sso.example.com/authorize/resume").unwrap();
    open(table).unwrap().entrance(&resume)
}

#[test]
fn the_portal_is_linked_unless_portal_redirect_is_set() {
    let table = "base_url = \"http://10.0.0.5\"\nportal_url = \"http://portal/#/home\"";
    let portal = Url::parse("http://portal/#/home").unwrap();
    assert_eq!(entrance(table), Entrance::Portal(portal.clone()));
    let table = format!("{table}\nportal_redirect = true");
    assert_eq!(entrance(&table), Entrance::Redirect(portal));
}

#[test]
fn both_configured_urls_are_origins_of_the_portal() {
    let provider = open("base_url = \"http://10.0.0.5\"\nportal_url = \"https://portal/home\"");
    let provider = provider.unwrap();
    let origins: Vec<_> = provider
        .origins()
        .iter()
        .map(url::Origin::ascii_serialization)
        .collect();
    assert_eq!(origins, ["https://portal", "http://10.0.0.5"]);
    let provider = open("base_url = \"http://10.0.0.5/water\"").unwrap();
    assert_eq!(provider.origins().len(), 1);
}

#[test]
fn further_origins_of_the_portal_are_listed_or_refused() {
    let with = |list: &str| {
        open(&format!(
            "base_url = \"http://10.0.0.5\"\nportal_origins = [{list}]"
        ))
    };
    let provider = with(r#""http://Portal.Local", "https://10.8.0.1:8443/", "http://10.0.0.5:80""#);
    let provider = provider.unwrap();
    let origins: Vec<_> = provider
        .origins()
        .iter()
        .map(url::Origin::ascii_serialization)
        .collect();
    let expected = [
        "http://10.0.0.5",
        "http://portal.local",
        "https://10.8.0.1:8443",
    ];
    assert_eq!(origins, expected);
    for wrong in [
        r#""portal.local""#,
        r#""*""#,
        r#""null""#,
        r#""""#,
        r#""http://portal.local/home""#,
        r#""http://portal.local/?a=1""#,
        r#""http://portal.local/#home""#,
        r#""file:///portal""#,
        r#""http://a:b@portal.local""#,
    ] {
        let error = with(wrong).err().unwrap().to_string();
        assert!(error.contains("`portal_origins`"), "{wrong}: {error}");
    }
    assert!(with(&"\"http://a.example\",".repeat(33)).is_err());
}

#[test]
fn the_ticket_parameter_is_the_configured_one() {
    let table = "base_url = \"http://10.0.0.5\"\nticket_parameter = \"pandaTicket\"";
    assert_eq!(open(table).unwrap().ticket_parameter(), "pandaTicket");
}

#[test]
fn the_plugins_kind_is_panda() {
    assert_eq!(panda_oidc_panda::Plugin.kind(), "panda");
}

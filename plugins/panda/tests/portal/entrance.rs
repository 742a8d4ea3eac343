//! Where people go, and where they may come from.

use panda_oidc_sdk::{Entrance, Plugin as _};
use url::Url;

use crate::bench::open;

fn entrance(table: &str) -> Entrance {
    let resume = Url::parse("https://sso.example.com/authorize/resume").unwrap();
    open(table).unwrap().entrance(&resume)
}

#[test]
fn the_portal_is_shown_unless_the_operator_wants_people_sent_there() {
    let table = "base_url = \"http://10.0.0.5\"\nportal_url = \"http://portal/#/home\"";
    let portal = Url::parse("http://portal/#/home").unwrap();
    assert_eq!(entrance(table), Entrance::Portal(portal.clone()));
    let table = format!("{table}\nportal_redirect = true");
    assert_eq!(entrance(&table), Entrance::Redirect(portal));
}

#[test]
fn clicks_come_from_the_portal_under_either_name() {
    let provider = open("base_url = \"http://10.0.0.5\"\nportal_url = \"https://portal/home\"");
    let origins = provider.unwrap().origins();
    let origins: Vec<_> = origins
        .iter()
        .map(url::Origin::ascii_serialization)
        .collect();
    assert_eq!(origins, ["https://portal", "http://10.0.0.5"]);
    let provider = open("base_url = \"http://10.0.0.5/water\"").unwrap();
    assert_eq!(provider.origins().len(), 1);
}

#[test]
fn the_ticket_is_looked_for_under_the_name_it_was_given() {
    let table = "base_url = \"http://10.0.0.5\"\nticket_parameter = \"pandaTicket\"";
    assert_eq!(open(table).unwrap().ticket_parameter(), "pandaTicket");
}

#[test]
fn the_plugin_goes_by_panda() {
    assert_eq!(panda_oidc_panda::Plugin.kind(), "panda");
}

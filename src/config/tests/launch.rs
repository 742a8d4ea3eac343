//! The keys of a client about launches.

use super::{GOOD, only_problem, problems};

const HOME: &str = "client_uri = 'https://app.example.com/home/'\n";

#[test]
fn a_page_of_the_client_can_have_a_name() {
    for link in [
        "/d/abc?orgId=1&kiosk",
        "d/1#/x",
        "https://app.example.com/home/d/1",
    ] {
        let toml = format!("{GOOD}{HOME}links = {{ pumps = '{link}', '泵站' = '{link}' }}\n");
        assert_eq!(problems(&toml), [""; 0], "{link}");
    }
    for (lines, expected) in [
        (
            format!("{HOME}links = {{ pumps = 'https://evil.example/' }}"),
            "clients[0].links.pumps: `https://evil.example/` is no page below client_uri",
        ),
        (
            format!("{HOME}links = {{ pumps = '/../admin' }}"),
            "clients[0].links.pumps: `/../admin` is no page below client_uri",
        ),
        (
            format!("{HOME}links = {{ 'a/b' = '/d' }}"),
            "clients[0].links.a/b: the name is not 1 to 64 letters",
        ),
        (
            "links = { pumps = '/d' }".to_owned(),
            "clients[0].links: there is no client_uri that the pages are below; add client_uri",
        ),
    ] {
        let problem = only_problem(&format!("{GOOD}{lines}\n"));
        assert!(problem.contains(expected), "{problem}");
    }
}

#[test]
fn the_name_for_the_page_is_a_parameter_that_is_sent() {
    for (lines, expected) in [
        ("target_link_parameter = 'a b'", "it is not 1 to 64 of the"),
        (
            "target_link_parameter = 'iss'",
            "`iss` is another parameter",
        ),
        (
            "target_link_parameter = 'next'\ninitiate_login_parameters = ['iss']",
            "target_link_uri is not among the initiate_login_parameters",
        ),
    ] {
        let problem = only_problem(&format!("{GOOD}{lines}\n"));
        assert!(
            problem.contains("clients[0].target_link_parameter"),
            "{problem}"
        );
        assert!(problem.contains(expected), "{problem}");
    }
}

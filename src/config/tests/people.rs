//! Groups, and who may use which client.

use super::*;

#[test]
fn a_slip_in_a_group_is_told_with_its_name() {
    for (section, told) in [
        (
            "[groups.a]\nmember = []",
            "groups.a.member: there is no such key; did you mean `members`?",
        ),
        (
            "[groups.a]\nmembers = ['陈']",
            "groups.a.members: `陈` is not an ID of the portal",
        ),
        (
            "[groups.a]\nwhen = '('",
            "groups.a.when: the rule cannot be read",
        ),
        ("[groups.' ']", "groups: a group has no name"),
    ] {
        let said = only(&format!("{GOOD}{section}\n"));
        assert!(said.contains(told), "{said}");
    }
    let said = only(&format!("groups_file = 'groups.xlsx'\n{GOOD}"));
    assert!(
        said.contains("groups_file: it is neither a .csv nor a .toml"),
        "{said}"
    );
}

#[test]
fn a_client_that_says_nothing_is_open_to_everybody() {
    assert!(
        parse(GOOD)
            .unwrap()
            .clients
            .get("grafana")
            .unwrap()
            .access
            .is_none()
    );
    for lines in [
        "allow = { ids = [1] }",
        "deny.groups = ['a']",
        "unlinked = 'deny'",
    ] {
        let config = parse(&format!("{GOOD}{lines}\n")).unwrap();
        assert!(
            config.clients.get("grafana").unwrap().access.is_some(),
            "{lines}"
        );
    }
}

#[test]
fn whom_to_ask_is_said_once_or_by_each_client() {
    let asked = |top: &str, lines: &str| {
        let config = parse(&format!("{top}{GOOD}{lines}\n")).unwrap();
        let contact = config.clients.get("grafana").unwrap().contact.clone();
        contact.map(|contact| contact.text)
    };
    assert_eq!(asked("", ""), None);
    assert_eq!(asked("contact = 'all'\n", "").as_deref(), Some("all"));
    assert_eq!(
        asked("contact = 'all'\n", "contact = 'own'").as_deref(),
        Some("own")
    );
}

#[test]
fn a_slip_in_who_may_use_a_client_is_told() {
    for (lines, told) in [
        ("allow = {}", "clients[0].allow: it names nobody; name ids"),
        ("deny = { ids = [] }", "clients[0].deny: it names nobody"),
        (
            "allow = { group = ['a'] }",
            "clients[0].allow.group: there is no such key; did you mean `groups`?",
        ),
        (
            "allow = { when = 'nope(1)' }",
            "clients[0].allow.when: the rule cannot be read",
        ),
        (
            "unlinked = 'no'",
            "`no` is not a value for it; it is one of: allow, deny",
        ),
        (
            "contact = ' '",
            "clients[0].contact: it is empty; write whom to ask",
        ),
    ] {
        let said = only(&format!("{GOOD}{lines}\n"));
        assert!(said.contains(told), "{said}");
    }
}

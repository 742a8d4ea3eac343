//! Groups, access rules and contacts.

use super::*;

#[test]
fn a_mistake_in_a_group_is_reported_with_its_name() {
    for (section, expected) in [
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
        let problem = only_problem(&format!("{GOOD}{section}\n"));
        assert!(problem.contains(expected), "{problem}");
    }
    let problem = only_problem(&format!("groups_file = 'groups.xlsx'\n{GOOD}"));
    assert!(
        problem.contains("groups_file: it is neither a .csv nor a .toml"),
        "{problem}"
    );
}

/// Every list of ids in the configuration, with the end of the key.
const ID_LISTS: [(&str, &str); 4] = [
    ("[directory]\nkeep = [ID]\n", "directory.keep: "),
    ("[groups.a]\nmembers = [ID]\n", "groups.a.members: "),
    ("allow = { ids = [ID] }\n", "allow.ids: "),
    ("deny = { ids = [ID] }\n", "deny.ids: "),
];

fn with_id(list: &str, id: &str) -> String {
    let list = list.replace("ID", id);
    if list.starts_with('[') {
        format!("{GOOD}{list}")
    } else {
        GOOD.replace("[[clients]]\n", &format!("[[clients]]\n{list}"))
    }
}

#[test]
fn ids_are_read_in_one_way_everywhere() {
    for (list, key) in ID_LISTS {
        for id in [
            "1",
            "'1'",
            "'１'",
            "'1.0'",
            "' 1 '",
            "\"'1\"",
            "'1\u{200b}'",
        ] {
            let config =
                parse(&with_id(list, id)).unwrap_or_else(|problems| panic!("{id}: {problems:?}"));
            let client = &config.clients.all()[0].access;
            let access = client
                .iter()
                .flat_map(|access| access.allow.iter().chain(&access.deny));
            let ids = access.flat_map(|set| &set.ids);
            let members = config
                .groups
                .configured
                .values()
                .flat_map(|group| &group.members);
            let all: Vec<_> = config
                .directory
                .keep
                .iter()
                .chain(ids)
                .chain(members)
                .collect();
            assert_eq!(all, ["1"], "{key}{id}");
        }
        for id in [
            "1.0",
            "'1,010'",
            "'101,102'",
            "'1.01E+3'",
            "'陈涛'",
            "''",
            "'#N/A'",
        ] {
            let problem = only_problem(&with_id(list, id));
            assert!(
                problem.contains(key) && problem.contains("is not an ID of the portal"),
                "{problem}"
            );
        }
        let problem = only_problem(&with_id(list, "true"));
        assert!(problem.contains("the portal's ids of people"), "{problem}");
    }
}

#[test]
fn a_client_without_access_rules_is_open_to_everybody() {
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
fn a_contact_is_configured_for_all_clients_or_for_one() {
    let contact_of = |top: &str, lines: &str| {
        let config = parse(&format!("{top}{GOOD}{lines}\n")).unwrap();
        let contact = config.clients.get("grafana").unwrap().contact.clone();
        contact.map(|contact| contact.text)
    };
    assert_eq!(contact_of("", ""), None);
    assert_eq!(contact_of("contact = 'all'\n", "").as_deref(), Some("all"));
    assert_eq!(
        contact_of("contact = 'all'\n", "contact = 'own'").as_deref(),
        Some("own")
    );
}

#[test]
fn a_mistake_in_access_rules_is_reported() {
    for (lines, expected) in [
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
        let problem = only_problem(&format!("{GOOD}{lines}\n"));
        assert!(problem.contains(expected), "{problem}");
    }
}

//! The SCIM representation of people, and filters on it.

use panda_oidc_sdk::{Identity, Subject};

use super::*;
use crate::directory::Person;
use crate::people::GroupsFile;
use crate::scim::Filter;
use crate::session::User as DirectoryUser;

fn entry(name: Option<&str>, phone: Option<&str>, presence: Presence) -> UserRow {
    UserRow {
        person: Person {
            user: DirectoryUser {
                identity: Identity {
                    subject: Subject::new("1").unwrap(),
                    name: name.map(str::to_owned),
                    phone: phone.map(str::to_owned),
                },
                updated_at: at(0),
            },
            presence,
        },
        link: None,
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
}

fn chen() -> UserRow {
    let link = r#"{"username":"chentao","email":"Chen@w.cn","attributes":{"groups":["夜班"],"roles":["Own"]}}"#;
    UserRow {
        link: Some(serde_json::from_str(link).unwrap()),
        ..entry(Some("陈涛"), Some("138 0013 8000"), Presence::Listed)
    }
}

fn groups() -> Groups {
    let toml = "[dispatch]\nmembers = ['1']\nroles = ['Editor']";
    Groups::new(&toml::from_str(toml).unwrap(), &GroupsFile::default())
}

fn resource(entry: &UserRow) -> Json {
    User::new(entry, &groups()).resource(&BaseUrl::new("http://127.0.0.1:9401"))
}

#[test]
fn a_user_is_what_the_portal_says_and_the_account_adds() {
    insta::assert_json_snapshot!(resource(&chen()));
}

#[test]
fn unknown_attributes_are_left_out() {
    let user = resource(&entry(None, None, Presence::Unlisted));
    let mut names: Vec<_> = user.as_object().unwrap().keys().collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "active", "groups", "id", "meta", "roles", "schemas", "userName"
        ]
    );
    assert_eq!(user["active"], true);
}

#[test]
fn a_name_or_number_that_cannot_be_parsed_is_returned_unchanged() {
    let user = resource(&entry(
        Some("新耀分公司"),
        Some("1822199904"),
        Presence::Listed,
    ));
    assert_eq!(user["name"], json!({ "formatted": "新耀分公司" }));
    assert_eq!(user["phoneNumbers"][0]["value"], "1822199904");
}

#[test]
fn a_leaver_is_not_active_and_in_no_group() {
    let left = UserRow {
        person: entry(Some("陈涛"), None, Presence::Left(at(60))).person,
        ..chen()
    };
    let user = resource(&left);
    assert_eq!(user["active"], false);
    assert!(user.get("groups").is_none() && user.get("roles").is_none());
    assert_eq!(user["meta"]["lastModified"], "2026-09-21T14:14:20.000Z");
    let absent = resource(&entry(Some("陈涛"), None, Presence::Absent(at(60))));
    assert_eq!(absent["active"], true);
    assert_eq!(absent["meta"]["lastModified"], "2026-09-21T14:13:20.000Z");
}

#[test]
fn the_version_changes_with_the_person() {
    let version = |entry: &UserRow| resource(entry)["meta"]["version"].clone();
    let chen = chen();
    assert_eq!(version(&chen), version(&chen.clone()));
    let renamed = UserRow {
        person: entry(Some("陈滔"), Some("138 0013 8000"), Presence::Listed).person,
        ..chen.clone()
    };
    let unlinked = UserRow {
        link: None,
        ..chen.clone()
    };
    assert_ne!(version(&renamed), version(&chen));
    assert_ne!(version(&unlinked), version(&chen));
}

#[test]
fn people_are_found_by_every_returned_attribute() {
    let (chen, groups) = (chen(), groups());
    for (text, expected) in [
        (r#"userName eq "1" and id eq "1""#, true),
        (r#"externalId eq "chentao""#, true),
        (r#"externalId eq "ChenTao""#, false),
        (r#"name.formatted sw "陈""#, true),
        (
            r#"name.familyName eq "陈" and name.givenName eq "涛""#,
            true,
        ),
        (r#"emails.value eq "chen@W.CN""#, true),
        (r#"phoneNumbers.value eq "+8613800138000""#, true),
        (r#"groups.value eq "夜班" and groups eq "dispatch""#, true),
        (r#"groups eq "Dispatch""#, false),
        (r#"roles.value eq "Editor""#, true),
        ("active eq true", true),
    ] {
        let filter = Filter::parse(text).unwrap();
        assert_eq!(filter.holds(&User::new(&chen, &groups)), expected, "{text}");
    }
}

/// Every attribute that users can be filtered by is in the schema, with the same comparison.
#[test]
fn filters_compare_values_as_the_schema_says() {
    let base = BaseUrl::new("http://a");
    let schema = crate::scim::schema(UserAttribute::SCHEMA, &base).unwrap();
    let find = |list: &Json, name: &str| {
        let list = list.as_array().unwrap();
        list.iter().find(|one| one["name"] == name).cloned()
    };
    for (name, attribute) in UserAttribute::NAMED {
        let (top, part) = name.split_once('.').unwrap_or((name, "value"));
        // These are common to all resources and in no schema (RFC 7643 §3.1).
        if ["id", "externalId", "meta"].contains(&top) {
            continue;
        }
        let defined = find(&schema["attributes"], top).expect(name);
        let defined = match defined["type"].as_str() {
            Some("complex") => find(&defined["subAttributes"], part).expect(name),
            _ => defined,
        };
        let kind = match (&defined["type"], &defined["caseExact"]) {
            (Json::String(kind), _) if kind == "boolean" => Kind::Boolean,
            (_, Json::Bool(true)) => Kind::Exact,
            _ => Kind::Folded,
        };
        assert_eq!(attribute.kind(), kind, "{name}");
    }
}

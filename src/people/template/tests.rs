//! Tests of templates and conditions.

use super::*;
use crate::people::{Attribute, Condition, Link};
use crate::session::tests::session;

fn profile() -> Profile {
    let mut user = session("17").user;
    user.identity.name = Some("陈涛".to_owned());
    let attributes = [
        ("dept".to_owned(), Attribute::One("调度中心".to_owned())),
        (
            "sites".to_owned(),
            Attribute::Many(vec!["东".to_owned(), "西".to_owned()]),
        ),
    ];
    Profile {
        link: Some(Link {
            username: Some("chentao".to_owned()),
            attributes: attributes.into(),
            ..Link::default()
        }),
        groups: vec!["dispatch".to_owned()],
        ..Profile::of(user)
    }
}

fn fill(source: &str) -> Option<ClaimValue> {
    Template::new(source).unwrap().render(&profile()).unwrap()
}

fn text(text: &str) -> ClaimValue {
    ClaimValue::Text(text.to_owned())
}

#[test]
fn a_template_renders_the_values_of_the_user() {
    assert_eq!(
        fill("{{ user.id }}@panda.invalid"),
        Some(text("17@panda.invalid"))
    );
    assert_eq!(fill("{{ link.attributes.dept }}"), Some(text("调度中心")));
    assert_eq!(
        fill("{{ link.username or user.id }}"),
        Some(text("chentao"))
    );
    assert_eq!(fill("Viewer"), Some(text("Viewer")));
}

#[test]
fn a_list_stays_a_list_and_a_number_becomes_a_text() {
    let list = |members: &[&str]| {
        Some(ClaimValue::List(
            members.iter().map(ToString::to_string).collect(),
        ))
    };
    assert_eq!(fill("{{ groups }}"), list(&["dispatch"]));
    assert_eq!(fill("{{ link.attributes.sites }}"), list(&["东", "西"]));
    assert_eq!(fill("{{ roles }}"), list(&[]));
    assert_eq!(fill("{{ groups | length }}"), Some(text("1")));
    assert_eq!(
        fill("{{ 'dispatch' in groups }}"),
        Some(ClaimValue::Flag(true))
    );
}

#[test]
fn a_missing_value_renders_to_nothing() {
    for source in [
        "{{ link.attributes.none.deeper }}",
        "{{ user.phone }}",
        "",
        "{{ link.email }}",
    ] {
        assert_eq!(fill(source), None, "{source}");
    }
}

#[test]
fn a_value_is_neither_escaped_nor_evaluated_again() {
    let mut profile = profile();
    profile.user.identity.name = Some("<{{ 1 + 1 }}&".to_owned());
    let filled = Template::new("{{ user.name }}!")
        .unwrap()
        .render(&profile)
        .unwrap();
    assert_eq!(filled, Some(text("<{{ 1 + 1 }}&!")));
}

#[test]
fn a_condition_is_true_or_false() {
    let holds = |source: &str| {
        Condition::new(source)
            .unwrap()
            .evaluate(&profile())
            .unwrap()
    };
    assert!(holds("'dispatch' in groups and user.id == '17'"));
    assert!(!holds("link.email") && !holds("user.phone"));
}

#[test]
fn a_rule_that_is_invalid_or_never_ends_is_an_error() {
    assert!(Template::new("{{ user.id").is_err());
    assert!(Template::new("{{ user.id | nope }}").is_err());
    assert!(Condition::new("a ==").is_err());
    let endless = Template::new(
        "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}",
    );
    assert!(endless.unwrap().render(&profile()).is_err());
}

#[test]
fn a_missing_value_leaves_nothing_in_a_text() {
    let mut profile = profile();
    profile.link.as_mut().unwrap().username = None;
    profile.user.identity.name = None;
    let fill = |source: &str| Template::new(source).unwrap().render(&profile).unwrap();
    assert_eq!(
        fill("u{{ link.username }}-{{ user.name }}"),
        Some(text("u-"))
    );
    let list = fill("{{ [user.name, none, user.id] }}");
    assert_eq!(list, Some(ClaimValue::List(vec!["17".to_owned()])));
    let unlinked = Profile::of(profile.user.clone());
    let filled = Template::new("a{{ link.email }}")
        .unwrap()
        .render(&unlinked);
    assert_eq!(filled.unwrap(), Some(text("a")));
}

#[test]
fn an_unknown_variable_is_an_error() {
    for source in [
        "{{ usr.id }}",
        "x{{ user.nmae }}",
        "{{ link.dept }}",
        "{{ debug() }}",
    ] {
        assert!(Template::new(source).is_err(), "{source}");
    }
    let error = Condition::new("user.nmae == '1'").unwrap_err().to_string();
    assert!(error.contains("did you mean `user.name`?"), "{error}");
    for source in [
        "{{ link.attributes.sites[0] }}",
        "{% for g in groups %}{{ loop.index }}{{ g }}{% endfor %}",
        "{% set a = user.id %}{{ a }}",
        "{{ groups | first }}{{ range(3) | join }}",
    ] {
        assert!(Template::new(source).is_ok(), "{source}");
    }
}

#[test]
fn the_size_of_a_claim_is_limited() {
    for source in [
        "{{ 'x' * 5000 }}",
        "{{ range(2000) }}",
        "{{ ['x' * 5000] }}",
    ] {
        let filled = Template::new(source).unwrap().render(&profile());
        assert!(filled.is_err(), "{source}");
    }
}

use serde_json::{Value, json};

use super::*;
use crate::oauth::claim_mapping::{EmailPolicy, OwnClaim, SplitNames};
use crate::oauth::scope::Scope;
use crate::people::{Attribute, Link, Rule};
use crate::session::tests::session;

fn zhang_wei() -> Profile {
    let mut user = session("17").user;
    user.identity.name = Some("张伟".to_owned());
    user.identity.phone = Some("138 0013 8000".to_owned());
    Profile::of(user)
}

fn linked(email: &str, email_verified: bool) -> Profile {
    Profile {
        link: Some(Link {
            username: Some("zhangwei".to_owned()),
            email: Some(email.to_owned()),
            email_verified,
            attributes: [("dept".to_owned(), Attribute::One("调度".to_owned()))].into(),
        }),
        groups: vec!["dispatch".to_owned()],
        ..zhang_wei()
    }
}

fn rule(claim: &str, template: &str) -> Rule {
    Rule::new("app", claim, template).unwrap()
}

fn own(claim: &str, template: &str, scope: Scope) -> OwnClaim {
    let rule = rule(claim, template);
    OwnClaim { rule, scope }
}

fn made(template: &str) -> ClaimRules {
    ClaimRules {
        email: EmailPolicy::Made(rule("email", template)),
        ..ClaimRules::default()
    }
}

fn told(profile: &Profile, scopes: &str, rules: &ClaimRules) -> Value {
    let asked = Asked::default();
    serde_json::to_value(person(profile, &Scopes::parse(scopes), &asked, rules)).unwrap()
}

const ALL: &str = "openid profile email phone";

#[test]
fn without_rules_everybody_hears_what_the_portal_knows() {
    let all = json!({
        "sub": "17", "name": "张伟", "family_name": "张", "given_name": "伟",
        "preferred_username": "17", "updated_at": 0,
        "phone_number": "+8613800138000", "phone_number_verified": false,
    });
    let none = ClaimRules::default();
    assert_eq!(told(&zhang_wei(), ALL, &none), all);
    assert_eq!(told(&zhang_wei(), "openid", &none), json!({"sub": "17"}));
}

#[test]
fn a_link_names_the_account_and_nobody_gets_its_address_unasked() {
    let told = told(&linked("z@w.cn", true), ALL, &ClaimRules::default());
    assert_eq!(told["preferred_username"], "zhangwei");
    assert_eq!(told.get("email"), None);
    assert_eq!(told.get("email_verified"), None);
}

#[test]
fn an_address_is_the_links_or_made_and_verified_by_the_link_alone() {
    let both = |profile: &Profile, rules: &ClaimRules| {
        let told = told(profile, ALL, rules);
        (
            told.get("email").cloned(),
            told.get("email_verified").cloned(),
        )
    };
    let link = ClaimRules {
        email: EmailPolicy::Link,
        ..ClaimRules::default()
    };
    let made = made("{{ user.id }}@panda.invalid");
    let (yes, no) = (Some(json!(true)), Some(json!(false)));
    assert_eq!(both(&zhang_wei(), &link), (None, None));
    for rules in [&link, &made] {
        let address = Some(json!("z@w.cn"));
        assert_eq!(
            both(&linked("z@w.cn", true), rules),
            (address.clone(), yes.clone())
        );
        assert_eq!(both(&linked("z@w.cn", false), rules), (address, no.clone()));
    }
    let address = Some(json!("17@panda.invalid"));
    assert_eq!(both(&zhang_wei(), &made), (address.clone(), no.clone()));
    assert_eq!(both(&linked("", true), &made), (address.clone(), no));
    let when_true = ClaimRules {
        email_verified: EmailVerified::WhenTrue,
        ..made
    };
    assert_eq!(both(&zhang_wei(), &when_true), (address, None));
    assert_eq!(both(&linked("z@w.cn", true), &when_true).1, yes);
}

#[test]
fn an_address_comes_with_its_scope_and_only_if_it_is_one() {
    let rules = made("{{ user.id }}@panda.invalid");
    let without = told(&zhang_wei(), "openid profile", &rules);
    assert_eq!(without.get("email"), None);
    let mut other = zhang_wei();
    other.user.identity.subject = panda_oidc_sdk::Subject::new("a@b").unwrap();
    assert_eq!(told(&other, ALL, &rules).get("email"), None);
    assert_eq!(emails(&other, &rules), []);
    assert_eq!(
        serde_json::to_value(emails(&zhang_wei(), &rules)).unwrap(),
        json!([{"email": "17@panda.invalid", "primary": true, "verified": false}])
    );
}

#[test]
fn own_claims_keep_their_kind_and_come_with_their_scope() {
    let rules = ClaimRules {
        own: vec![
            own("groups", "{{ groups }}", Scope::Openid),
            own("roles", "{{ roles }}", Scope::Openid),
            own("count", "{{ groups | length }}", Scope::Openid),
            own("on", "{{ 'dispatch' in groups }}", Scope::Openid),
            own("dept", "{{ link.attributes.dept }}", Scope::Profile),
            own("none", "{{ link.attributes.none }}", Scope::Openid),
        ],
        ..ClaimRules::default()
    };
    let person = linked("z@w.cn", false);
    assert_eq!(
        told(&person, "openid", &rules),
        json!({"sub": "17", "groups": ["dispatch"], "roles": [], "count": "1", "on": true})
    );
    assert_eq!(told(&person, ALL, &rules)["dept"], "调度");
    assert_eq!(told(&person, "phone", &rules).get("groups"), None);
}

#[test]
fn a_rule_takes_the_place_of_a_standard_claim_once_and_as_a_text() {
    let rules = ClaimRules {
        own: vec![
            own("name", "{{ user.name }} ({{ user.id }})", Scope::Openid),
            own("given_name", "{{ groups }}", Scope::Openid),
        ],
        ..ClaimRules::default()
    };
    let person = linked("z@w.cn", false);
    let claims = person_text(&person, "openid profile", &rules);
    assert_eq!(claims.matches("\"name\"").count(), 1, "{claims}");
    let told_all = told(&person, "openid profile", &rules);
    assert_eq!(told_all["name"], "张伟 (17)");
    assert_eq!(told_all.get("given_name"), None, "a list is no name");
    assert_eq!(told_all["family_name"], "张");
    assert_eq!(told(&person, "openid", &rules), json!({"sub": "17"}));
    let asked = Asked::parse("name");
    let by_name =
        crate::oauth::user_claims::person(&person, &Scopes::parse("openid"), &asked, &rules);
    assert_eq!(serde_json::to_value(by_name).unwrap()["name"], "张伟 (17)");
}

fn person_text(profile: &Profile, scopes: &str, rules: &ClaimRules) -> String {
    let asked = Asked::default();
    serde_json::to_string(&person(profile, &Scopes::parse(scopes), &asked, rules)).unwrap()
}

#[test]
fn a_rule_that_fails_costs_its_claim_alone() {
    let rules = ClaimRules {
        own: vec![
            own("bad", "{{ user.id | sum }}", Scope::Openid),
            own("groups", "{{ groups }}", Scope::Openid),
        ],
        ..ClaimRules::default()
    };
    let told = told(&zhang_wei(), "openid", &rules);
    assert_eq!(told, json!({"sub": "17", "groups": []}));
}

#[test]
fn who_is_no_person_has_both_parts_of_a_name_only_where_everybody_must() {
    let mut company = zhang_wei();
    company.user.identity.name = Some("新耀(分公司)".to_owned());
    let with = |split_names| ClaimRules {
        split_names,
        ..ClaimRules::default()
    };
    let names = |profile: &Profile, split_names| {
        let told = told(profile, "openid profile", &with(split_names));
        (
            told.get("given_name").cloned(),
            told.get("family_name").cloned(),
        )
    };
    assert_eq!(names(&company, SplitNames::People), (None, None));
    let both = (Some(json!("新耀（分公司）")), Some(json!("-")));
    assert_eq!(names(&company, SplitNames::Everybody), both);
    let split = (Some(json!("伟")), Some(json!("张")));
    assert_eq!(names(&zhang_wei(), SplitNames::Everybody), split);
    assert_eq!(names(&zhang_wei(), SplitNames::Nobody), (None, None));
    company.user.identity.name = None;
    let by_id = (Some(json!("17")), Some(json!("-")));
    assert_eq!(names(&company, SplitNames::Everybody), by_id);
}

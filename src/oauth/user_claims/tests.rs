use serde_json::{Value, json};

use super::*;
use crate::oauth::claim_mapping::{CustomClaim, EmailPolicy};
use crate::oauth::scope::Scope;
use crate::oauth::split_name::SplitNames;
use crate::people::{Attribute, ClaimRule, Link};
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

fn rule(claim: &str, template: &str) -> ClaimRule {
    ClaimRule::new("app", claim, template).unwrap()
}

fn own(claim: &str, template: &str, scope: Scope) -> CustomClaim {
    let rule = rule(claim, template);
    CustomClaim { rule, scope }
}

fn made(template: &str) -> ClaimRules {
    ClaimRules {
        email: EmailPolicy::Made(rule("email", template)),
        ..ClaimRules::default()
    }
}

fn claims_of(profile: &Profile, scopes: &str, rules: &ClaimRules) -> Value {
    let requested = RequestedByName::default();
    serde_json::to_value(user_claims(
        profile,
        &Scopes::parse(scopes),
        &requested,
        rules,
    ))
    .unwrap()
}

const ALL: &str = "openid profile email phone";

#[test]
fn without_rules_a_client_gets_what_the_portal_knows() {
    let all = json!({
        "sub": "17", "name": "张伟", "family_name": "张", "given_name": "伟",
        "preferred_username": "17", "updated_at": 0,
        "phone_number": "+8613800138000", "phone_number_verified": false,
    });
    let none = ClaimRules::default();
    assert_eq!(claims_of(&zhang_wei(), ALL, &none), all);
    assert_eq!(
        claims_of(&zhang_wei(), "openid", &none),
        json!({"sub": "17"})
    );
}

#[test]
fn a_link_sets_the_username_but_no_address_without_a_policy() {
    let claims = claims_of(&linked("z@w.cn", true), ALL, &ClaimRules::default());
    assert_eq!(claims["preferred_username"], "zhangwei");
    assert_eq!(claims.get("email"), None);
    assert_eq!(claims.get("email_verified"), None);
}

#[test]
fn an_address_comes_from_a_link_or_a_rule_and_only_a_link_verifies_it() {
    let both = |profile: &Profile, rules: &ClaimRules| {
        let claims = claims_of(profile, ALL, rules);
        (
            claims.get("email").cloned(),
            claims.get("email_verified").cloned(),
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
fn an_address_needs_its_scope_and_must_be_valid() {
    let rules = made("{{ user.id }}@panda.invalid");
    let without = claims_of(&zhang_wei(), "openid profile", &rules);
    assert_eq!(without.get("email"), None);
    let mut other = zhang_wei();
    other.user.identity.subject = panda_oidc_sdk::Subject::new("a@b").unwrap();
    assert_eq!(claims_of(&other, ALL, &rules).get("email"), None);
    assert_eq!(emails(&other, &rules).unwrap_err().claim, "email");
    assert_eq!(
        serde_json::to_value(emails(&zhang_wei(), &rules).unwrap()).unwrap(),
        json!([{"email": "17@panda.invalid", "primary": true, "verified": false}])
    );
}

#[test]
fn own_claims_keep_their_type_and_need_their_scope() {
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
        claims_of(&person, "openid", &rules),
        json!({"sub": "17", "groups": ["dispatch"], "roles": [], "count": "1", "on": true})
    );
    assert_eq!(claims_of(&person, ALL, &rules)["dept"], "调度");
    assert_eq!(claims_of(&person, "phone", &rules).get("groups"), None);
}

#[test]
fn a_rule_replaces_a_standard_claim_with_a_single_string() {
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
    let all_claims = claims_of(&person, "openid profile", &rules);
    assert_eq!(all_claims["name"], "张伟 (17)");
    assert_eq!(all_claims.get("given_name"), None, "a list is no name");
    assert_eq!(all_claims["family_name"], "张");
    assert_eq!(claims_of(&person, "openid", &rules), json!({"sub": "17"}));
    let requested = RequestedByName::parse("name");
    let by_name = crate::oauth::user_claims::user_claims(
        &person,
        &Scopes::parse("openid"),
        &requested,
        &rules,
    );
    assert_eq!(serde_json::to_value(by_name).unwrap()["name"], "张伟 (17)");
}

fn person_text(profile: &Profile, scopes: &str, rules: &ClaimRules) -> String {
    let requested = RequestedByName::default();
    serde_json::to_string(&user_claims(
        profile,
        &Scopes::parse(scopes),
        &requested,
        rules,
    ))
    .unwrap()
}

#[test]
fn a_rule_that_fails_drops_only_its_own_claim() {
    let rules = ClaimRules {
        own: vec![
            own("bad", "{{ user.id | sum }}", Scope::Openid),
            own("groups", "{{ groups }}", Scope::Openid),
        ],
        ..ClaimRules::default()
    };
    let profile = zhang_wei();
    let claims = claims_of(&profile, "openid", &rules);
    assert_eq!(claims, json!({"sub": "17", "groups": []}));
    let requested = RequestedByName::default();
    let claims = user_claims(&profile, &Scopes::parse("openid"), &requested, &rules);
    let failures = claims.failures().iter();
    let failures: Vec<_> = failures
        .map(|failed| (failed.client, failed.claim))
        .collect();
    assert_eq!(failures, [("app", "bad")]);
}

#[test]
fn a_company_has_both_parts_of_a_name_only_if_everybody_gets_them() {
    let mut company = zhang_wei();
    company.user.identity.name = Some("新耀(分公司)".to_owned());
    let with = |split_names| ClaimRules {
        split_names,
        ..ClaimRules::default()
    };
    let names = |profile: &Profile, split_names| {
        let claims = claims_of(profile, "openid profile", &with(split_names));
        (
            claims.get("given_name").cloned(),
            claims.get("family_name").cloned(),
        )
    };
    assert_eq!(names(&company, SplitNames::People), (None, None));
    let both = (Some(json!("新耀（分公司）")), Some(json!("-")));
    assert_eq!(names(&company, SplitNames::Everybody), both);
    let split = (Some(json!("伟")), Some(json!("张")));
    assert_eq!(names(&zhang_wei(), SplitNames::Everybody), split);
    assert_eq!(names(&zhang_wei(), SplitNames::None), (None, None));
    company.user.identity.name = None;
    let by_id = (Some(json!("17")), Some(json!("-")));
    assert_eq!(names(&company, SplitNames::Everybody), by_id);
}

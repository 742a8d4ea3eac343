//! Claim rules of clients, and presets.

use super::*;
use crate::config::presets::ALL as PRESETS;
use crate::oauth::client::Client;
use crate::people::{ClaimValue, Profile};

fn with(lines: &str) -> String {
    format!("{GOOD}{lines}\n")
}

fn client(lines: &str) -> Client {
    let config = parse(&with(lines)).unwrap_or_else(|problems| panic!("{lines}: {problems:?}"));
    Client::clone(config.clients.get("grafana").unwrap())
}

fn email(lines: &str) -> String {
    format!("{:?}", client(lines).claims.email)
}

fn own_claims(client: &Client) -> Vec<&str> {
    let own = client.claims.own.iter();
    own.map(|own| own.rule.claim()).collect()
}

#[test]
fn the_email_policy_is_omit_link_or_a_template() {
    assert_eq!(email(""), "Omit");
    assert_eq!(email("email = 'omit'"), "Omit");
    assert_eq!(email("email = 'link'"), "Link");
    for template in ["{{ user.id }}@panda.invalid", "{id}@panda.invalid"] {
        let made = email(&format!("email = '{template}'"));
        assert!(made.contains("\"{{ user.id }}@panda.invalid\""), "{made}");
    }
}

#[test]
fn a_template_that_gives_two_users_the_same_identifier_is_refused() {
    for lines in [
        "email = 'info@water.cn'",
        "email = '{{ user.name }}@water.cn'",
        "claims = { preferred_username = '{{ user.name }}' }",
        "claims = { login = '{{ link.username or user.name }}' }",
    ] {
        assert!(
            only_problem(&with(lines)).contains("put {{ user.id }} into it"),
            "{lines}"
        );
    }
    client("claims = { preferred_username = 'panda-{{ user.id }}' }");
    client("claims = { login = '{{ user.name }}-{{ user.id }}' }");
}

/// wang with the id 12, and somebody with the id 2 who calls himself wang1.
#[test]
fn a_template_in_which_a_name_runs_into_an_id_is_refused() {
    for lines in [
        "email = '{{ user.name }}{{ user.id }}@water.cn'",
        "email = '{{ user.id }}{{ user.name }}@water.cn'",
        "claims = { login = '{{ user.name ~ user.id }}' }",
        "claims = { preferred_username = 'p{{ user.phone }}{{ user.id }}' }",
        "claims = { login = '{{ user.id }}{{ user.phone }}' }",
    ] {
        let problem = only_problem(&with(lines));
        assert!(problem.contains("runs into the id"), "{problem}");
    }
    for lines in [
        "email = '{{ user.id }}.{{ user.name }}@water.cn'",
        "email = '{{ user.id }}@water.cn'",
        "claims = { login = '{{ link.username or user.id }}' }",
    ] {
        client(lines);
    }
}

#[test]
fn a_reserved_claim_and_an_invalid_template_are_refused_by_name() {
    for claim in ["sub", "iss", "sid", "nonce", "scope", "updated_at"] {
        let problem = only_problem(&with(&format!("claims = {{ {claim} = 'x' }}")));
        let named = format!("clients[0].claims.{claim}: this claim is the provider's own");
        assert!(problem.contains(&named), "{problem}");
    }
    for (lines, part) in [
        (
            "claims = { email = 'a@b.c' }",
            "claims.email: addresses have a key",
        ),
        ("claims = { '' = 'x' }", "it is no name for a claim"),
        (
            "claims = { a = '{{ user.id' }",
            "claims.a: the template cannot be used",
        ),
        (
            "claims = { a = '{{ x | nope }}' }",
            "claims.a: the template cannot be used",
        ),
        ("claims = { a = 1 }", "{ value = "),
        (
            "claims = { a = { value = 'x', scope = 'groups' } }",
            "{ value = ",
        ),
        ("email = 'none'", "clients[0].email: it is neither"),
        (
            "email = '{{ user.id @x.cn'",
            "clients[0].email: the template cannot be used",
        ),
        ("email_verified = 'true'", "clients[0].email_verified"),
        ("split_names = 'all'", "clients[0].split_names"),
    ] {
        let problem = only_problem(&with(lines));
        assert!(problem.contains(part), "{lines}: {problem}");
    }
}

#[test]
fn every_preset_makes_a_valid_client() {
    for (name, text) in PRESETS {
        let defaults: toml::Table = toml::from_str(text).unwrap();
        let client = client(&format!("preset = '{name}'"));
        let claims = defaults["claims"].as_table().unwrap();
        assert_eq!(
            own_claims(&client),
            claims.keys().collect::<Vec<_>>(),
            "{name}"
        );
    }
    let problem = only_problem(&with("preset = 'grafanna'"));
    assert!(
        problem.contains(
            "clients[0].preset: `grafanna` is no preset; write one of: grafana, keycloak"
        ),
        "{problem}"
    );
}

#[test]
fn each_key_of_a_preset_can_be_overridden() {
    let grafana = client("preset = 'grafana'");
    assert!(grafana.refresh_token.always && grafana.claims.grants_email());
    let lifetime = |client: &Client| client.access_token.lifetime.num_seconds();
    assert_eq!(lifetime(&grafana), 300);
    let grafana = client(
        "preset = 'grafana'\nemail = 'omit'\nrefresh_token = 'offline_access'\n\
         access_token_lifetime = '1h'\n\
         claims = { roles = 'Viewer', login = '' }",
    );
    assert!(!grafana.refresh_token.always && !grafana.claims.grants_email());
    assert_eq!(lifetime(&grafana), 3600);
    assert_eq!(own_claims(&grafana), ["groups", "login", "roles"]);
    let profile = Profile::of(crate::session::tests::session("1").user);
    let filled = grafana
        .claims
        .own
        .iter()
        .map(|own| own.rule.fill(&profile).unwrap());
    let viewer = ClaimValue::Text("Viewer".to_owned());
    assert_eq!(
        filled.collect::<Vec<_>>(),
        [Some(ClaimValue::List(Vec::new())), None, Some(viewer)]
    );
}

#[test]
fn a_mistake_beside_a_preset_is_reported_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("panda-oidc.toml");
    for (lines, key) in [
        ("preset = 'grafana'\nemail = 'none'", "clients[0].email"),
        ("preset = 'grafana'\nemial = 'link'", "clients[0].emial"),
    ] {
        std::fs::write(&file, with(lines)).unwrap();
        let problem = load(std::slice::from_ref(&file)).unwrap_err()[0].to_string();
        let named = format!("{}: {key}: ", file.display());
        assert!(problem.starts_with(&named), "{problem}");
    }
}

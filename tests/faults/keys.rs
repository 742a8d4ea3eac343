//! Keys in another's place, and variables of the environment: told, or understood as they were meant.

use std::fs;
use std::process::Command;

use crate::support::program::{BINARY, Program};
use crate::tools::check_without_secrets;

/// Runs `check` for a configuration with `top` at its top, `table` before its clients and `more` at its end.
fn check(top: &str, table: &str, more: &str, variables: &[(&str, &str)]) -> (bool, String) {
    let program = Program::prepare("http://127.0.0.1:9", "", more);
    let toml = fs::read_to_string(program.config_file()).unwrap();
    let toml = toml.replacen("[[clients]]", &format!("{table}\n[[clients]]"), 1);
    fs::write(program.config_file(), format!("{top}\n{toml}")).unwrap();
    check_without_secrets(&program, variables)
}

const WIKI: &str = "[[clients]]\nclient_id = 'wiki'\nclient_secret = 'wiki-secret-0123456789abcdef'\n\
                    redirect_uris = ['http://127.0.0.1:9/wiki']\n";

#[test]
fn a_key_in_anothers_place_is_told_where_it_belongs() {
    for (table, more, expected) in [
        (
            "",
            "groups_file = 'g.csv'",
            "clients[0].groups_file: there is no such key; it belongs to the top, before any [section]",
        ),
        (
            "",
            "timeout = '5s'",
            "clients[0].timeout: there is no such key; it belongs to [provider]",
        ),
        ("", "lifetime = '12h'", "; it belongs to [session]"),
        (
            "",
            "listen = '127.0.0.1:1'",
            "; it belongs to [server], or to [admin]",
        ),
        ("", "members = ['1']", "; it belongs to [groups.NAME]"),
        (
            "[session]\nissuer = 'x'",
            "",
            "session.issuer: there is no such key; it belongs to the top",
        ),
        (
            "[session]\nredirect_uris = []",
            "",
            "session.redirect_uris: there is no such key; it belongs to [[clients]]",
        ),
        (
            "[limits]\nmaster_key_file = 'hunter2'",
            "",
            "limits.master_key_file: there is no such key; it belongs to [keys]",
        ),
        (
            "[limits]\ngroup_file = 'g.csv'",
            "",
            "did you mean `groups_file`, which belongs to the top",
        ),
        ("[groups]\nsync = '5m'", "", "groups.sync: "),
        ("[groups]\nsync = '5m'", "", "; it belongs to [directory]"),
        (
            "",
            "[clients.allow]\nids = ['1']\nunlinked = 'deny'",
            "; it belongs to [[clients]]",
        ),
        (
            "",
            "[[admin.tokens]]\nname = 'x'\ntoken = 'hunter2-hunter2-hunter2-hunter2-hunter2'\nscopes = ['scim']\nsync = '5m'",
            "; it belongs to [directory]",
        ),
    ] {
        let (ok, text) = check("", table, more, &[]);
        assert!(!ok && text.contains(expected), "{table} {more}: {text}");
    }
    let program = Program::prepare("http://127.0.0.1:9", "lifetime = '12h'", "");
    let output = Command::new(BINARY)
        .args(["check", "--config"])
        .arg(program.config_file())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let expected = "provider.lifetime: there is no such key; it belongs to [session]";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_key_that_a_table_below_the_client_swallows_is_told() {
    for (more, expected) in [
        (
            "[clients.claims]\ngroups = '{{ groups }}'\nunlinked = 'deny'",
            "claims.unlinked: it is a key of [[clients]]",
        ),
        (
            "[clients.claims]\ncontact = 'IT 8001'",
            "claims.contact: it is a key of the top",
        ),
        (
            "[clients.claims]\nrequire_pkce = true",
            "; it belongs to [[clients]]",
        ),
        (
            "[[clients]]\nclient_id = 'svc'\nredirect_uris = ['http://127.0.0.1:9/svc']\ntoken_endpoint_auth_method = 'private_key_jwt'\n[clients.jwks]\nkeys = []\nunlinked = 'deny'",
            "`unlinked` is a key of [[clients]]",
        ),
    ] {
        let (ok, text) = check("", "", more, &[]);
        assert!(!ok && text.contains(expected), "{more}: {text}");
    }
    let claims = "[clients.claims]\ngroups = 'staff'\nkeys = 'x'\ncontact = '{{ user.id }}'\nunlinked = { value = 'deny' }";
    let (ok, text) = check("", "", claims, &[]);
    assert!(ok, "{text}");
}

#[test]
fn a_contact_that_only_one_of_several_apps_has_is_warned_about() {
    let warning = "warning: ";
    for (top, more, warned) in [
        ("", format!("{WIKI}contact = 'IT 8001'"), true),
        ("", "contact = 'IT 8001'".to_owned(), false),
        (
            "contact = 'IT 8000'",
            format!("{WIKI}contact = 'IT 8001'"),
            false,
        ),
        (
            "",
            format!("contact = 'IT 8000'\n{WIKI}contact = 'IT 8001'"),
            false,
        ),
    ] {
        let (ok, text) = check(top, "", &more, &[]);
        let found = text.contains(warning) && text.contains("belongs to the top");
        assert!(ok && found == warned, "{more}: {text}");
    }
}

#[test]
fn a_variable_is_text_where_text_is_wanted() {
    for text in [
        "8001", "true", "1e5", "007", "inf", "[8001]", "{a=1}", "-1", "0x1F", "'8001'",
    ] {
        let (ok, error) = check("", "", "", &[("PANDA_OIDC__CONTACT", text)]);
        assert!(ok, "{text}: {error}");
    }
    for (name, text) in [
        ("PANDA_OIDC__PROVIDER__TICKET_PARAMETER", "123"),
        (
            "PANDA_OIDC__CLIENTS__0__CLIENT_SECRET",
            "12345678901234567890",
        ),
        (
            "PANDA_OIDC__CLIENTS__0__CLIENT_SECRET",
            "00000000000000000000000000000001",
        ),
        ("PANDA_OIDC__CLIENTS__0__CLIENT_ID", "true"),
        ("PANDA_OIDC__CLIENTS__0__CLIENT_NAME", "1e5"),
        ("PANDA_OIDC__CLIENTS__0__REQUIRE_PKCE", "true"),
        ("PANDA_OIDC__DIRECTORY__KEEP", "[17, 018]"),
        ("PANDA_OIDC__DIRECTORY__KEEP", "17"),
    ] {
        let (ok, error) = check("", "", "", &[(name, text)]);
        assert!(ok, "{name}={text}: {error}");
    }
}

#[test]
fn a_variable_is_a_number_a_boolean_or_a_list_where_those_are_wanted() {
    for (name, text) in [
        ("PANDA_OIDC__LIMITS__CONNECTIONS", "64"),
        ("PANDA_OIDC__LIMITS__CONNECTIONS", "\"64\""),
        ("PANDA_OIDC__LIMITS__LAUNCHES_PER_MINUTE", "off"),
        ("PANDA_OIDC__SERVER__ALLOW_INSECURE_HTTP", "TRUE"),
        ("PANDA_OIDC__SERVER__ALLOW_INSECURE_HTTP", "true "),
        ("PANDA_OIDC__SERVER__TRUSTED_PROXIES", "10.0.0.5"),
        (
            "PANDA_OIDC__SERVER__TRUSTED_PROXIES",
            "10.0.0.5, 10.1.0.0/16",
        ),
        (
            "PANDA_OIDC__SERVER__TRUSTED_PROXIES",
            "[\"10.0.0.5\", '::1']",
        ),
        ("PANDA_OIDC__PROVIDER__PORTAL_REDIRECT", "True"),
    ] {
        let (ok, error) = check("", "", "", &[(name, text)]);
        assert!(ok, "{name}={text}: {error}");
    }
    for (name, text, expected) in [
        (
            "PANDA_OIDC__LIMITS__CONNECTIONS",
            "hunter2",
            "environment: limits.connections: it is a text",
        ),
        (
            "PANDA_OIDC__SERVER__ALLOW_INSECURE_HTTP",
            "1",
            "environment: server.allow_insecure_http: it is a number",
        ),
        (
            "PANDA_OIDC__SERVER__TRUSTED_PROXIES",
            "proxy",
            "is neither an address",
        ),
        (
            "PANDA_OIDC__CLIENTS__7__CLIENT_SECRET",
            "hunter2",
            "clients.7.client_secret: the files have no such entry",
        ),
        (
            "PANDA_OIDC__SERVER__LISTEN",
            "9400",
            "environment: server.listen: ",
        ),
    ] {
        let (ok, error) = check("", "", "", &[(name, text)]);
        assert!(!ok && error.contains(expected), "{name}={text}: {error}");
    }
}

#[test]
fn a_changed_entry_of_a_list_keeps_the_paths_of_its_file() {
    let program = Program::prepare("http://127.0.0.1:9", "", "");
    let toml = fs::read_to_string(program.config_file()).unwrap();
    let toml = toml.replace(
        "client_secret = 'app-secret-0123456789abcdef'",
        "client_secret_file = 'secret'",
    );
    fs::write(program.config_file(), toml).unwrap();
    fs::write(program.folder().join("secret"), "0123456789abcdef").unwrap();
    let output = Command::new(BINARY)
        .args(["check", "--config"])
        .arg(program.config_file())
        .env("PANDA_OIDC__CLIENTS__0__CLIENT_NAME", "8001")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

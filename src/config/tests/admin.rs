//! The admin listener and its tokens.

use super::*;
use crate::crypto::identifiers::SecretHash;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn with(lines: &str) -> String {
    format!("{GOOD}\n[admin]\n{lines}\n")
}

fn token(lines: &str) -> String {
    with(&format!("[[admin.tokens]]\n{lines}"))
}

fn admin(toml: &str) -> Admin {
    parse(toml)
        .unwrap_or_else(|problems| panic!("{toml}: {problems:?}"))
        .admin
}

#[test]
fn a_token_comes_from_one_of_three_places() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{TOKEN}\n")).unwrap();
    // Cargo sets it for every test.
    let named = env!("CARGO_PKG_DESCRIPTION");
    for (place, presented) in [
        (format!("token = '{TOKEN}'"), TOKEN),
        (format!("token_file = '{}'", file.path().display()), TOKEN),
        ("token_env = 'CARGO_PKG_DESCRIPTION'".to_owned(), named),
    ] {
        let lines = format!("name = 'hr'\nscopes = ['scim']\n{place}");
        let admin = admin(&token(&lines));
        assert_eq!(admin.token(presented).unwrap().name, "hr", "{place}");
        for other in ["", &presented[1..], &presented.to_uppercase()] {
            assert!(admin.token(other).is_none(), "{place} {other}");
        }
    }
}

#[test]
fn a_hashed_token_accepts_the_token() {
    let hash = SecretHash::of(TOKEN.as_bytes()).to_text();
    let admin = admin(&token(&format!(
        "name = 'hr'\nscopes = ['scim:groups']\ntoken_sha256 = '{hash}'"
    )));
    let hr = admin.token(TOKEN).unwrap();
    assert!(hr.has_scope(AdminScope::ScimGroups));
    assert!(!hr.has_scope(AdminScope::ScimUsers) && !hr.has_scope(AdminScope::Scim));
}

#[test]
fn the_scope_scim_includes_users_and_groups() {
    let admin = admin(&token(&format!(
        "name = 'hr'\nscopes = ['scim']\ntoken = '{TOKEN}'"
    )));
    let hr = admin.token(TOKEN).unwrap();
    assert!(hr.has_scope(AdminScope::ScimGroups) && hr.has_scope(AdminScope::ScimUsers));
}

#[test]
fn a_problem_with_a_token_is_reported() {
    let long = format!("token = '{TOKEN}'");
    for (lines, expected) in [
        (
            "name = 'hr'\nscopes = ['scim']\ntoken = '0123456789abcdef'".to_owned(),
            "admin.tokens[0].token: it is shorter than 32 characters",
        ),
        (
            "name = 'hr'\nscopes = ['scim']\ntoken_sha256 = '3d5bd1de'".to_owned(),
            "admin.tokens[0].token_sha256: it is no SHA-256",
        ),
        (
            "name = 'hr'\nscopes = ['scim']".to_owned(),
            "admin.tokens[0].token: it is missing",
        ),
        (
            format!("name = 'hr'\nscopes = ['scim']\ntoken_env = 'HR'\n{long}"),
            "token and token_env are both there",
        ),
        (
            format!("name = ' '\nscopes = ['scim']\n{long}"),
            "admin.tokens[0].name: it is blank",
        ),
        (
            format!("name = 'hr'\nscopes = []\n{long}"),
            "admin.tokens[0].scopes: it is empty",
        ),
        (
            format!("name = 'hr'\nscopes = ['write']\n{long}"),
            "`write` is not a value for it",
        ),
        (
            format!(
                "name = 'hr'\nscopes = ['scim']\n{long}\n\
                 [[admin.tokens]]\nname = 'bi'\nscopes = ['scim']\n{long}"
            ),
            "admin.tokens[1].token: it is the one of `hr`",
        ),
        (
            format!(
                "name = 'hr'\nscopes = ['scim']\n{long}\n\
                 [[admin.tokens]]\nname = 'hr'\nscopes = ['scim']\ntoken = '{TOKEN}0'"
            ),
            "admin.tokens[1].name: `hr` is there twice",
        ),
    ] {
        let problem = only_problem(&token(&lines));
        assert!(problem.contains(expected), "{problem}");
        assert!(!problem.contains("0123456789abcdef"), "{problem}");
    }
}

#[test]
fn a_token_is_in_no_debug() {
    let config = parse(&token(&format!(
        "name = 'hr'\nscopes = ['scim']\ntoken = '{TOKEN}'"
    )));
    let debug = format!("{:?}", config.unwrap());
    assert!(
        debug.contains("\"hr\"") && !debug.contains(TOKEN),
        "{debug}"
    );
}

#[test]
fn the_admin_url_defaults_to_the_listener() {
    assert_eq!(admin(GOOD).url, "http://127.0.0.1:9401");
    for written in ["https://sso.example.com/admin", "http://10.0.0.7:9401/"] {
        let admin = admin(&with(&format!("url = '{written}'")));
        assert_eq!(admin.url, written.trim_end_matches('/'));
    }
    for invalid in [
        "10.0.0.7:9401",
        "ftp://a/",
        "https://a/?x=1",
        "https://u@a/",
    ] {
        let problem = only_problem(&with(&format!("url = '{invalid}'")));
        assert!(problem.contains("admin.url: it is no address"), "{problem}");
    }
}

#[test]
fn tokens_over_plain_http_need_allow_insecure_http() {
    let hr = format!("[[admin.tokens]]\nname = 'hr'\nscopes = ['scim']\ntoken = '{TOKEN}'");
    for (lines, key) in [
        ("listen = '0.0.0.0:9401'", "admin.listen"),
        ("url = 'http://10.0.0.7:9401'", "admin.url"),
    ] {
        let problem = only_problem(&with(&format!("{lines}\n{hr}")));
        assert!(
            problem.contains(&format!("{key}: it is plain http")),
            "{problem}"
        );
        admin(&with(lines));
        admin(&with(&format!(
            "{lines}\n{hr}\n[server]\nallow_insecure_http = true"
        )));
    }
    admin(&with(&format!(
        "listen = '0.0.0.0:9401'\nurl = 'https://sso.internal'\n{hr}"
    )));
}

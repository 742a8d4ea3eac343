//! The settings that guides show are read as they stand.

use std::fs;
use std::path::Path;

use panda_oidc::config;

use crate::guide::{Guide, cells, code};

const BASE: &str = "issuer = 'https://sso.example.com'\n";
const PROVIDER: &str = "[provider]\nkind = 'panda'\nbase_url = 'https://10.0.0.5'\n";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A key at the top of a configuration, and those of a client that guides show alone.
const AT_THE_TOP: [&str; 4] = ["issuer", "contact", "groups_file", "ca_file"];

/// `block` with what a whole configuration needs besides.
fn completed(block: &str) -> String {
    let block = block
        .replace("CLIENT-SECRET", SECRET)
        .replace("\"…\"", &format!("\"{SECRET}\""));
    let (mut top, mut rest) = (String::new(), String::new());
    let mut in_section = false;
    for line in block.lines() {
        let key = line.split([' ', '=']).next().unwrap();
        let is_header = line.starts_with('[');
        if !in_section && !is_header && AT_THE_TOP.contains(&key) {
            top += &format!("{line}\n");
            continue;
        }
        if !in_section && !is_header && !line.trim().is_empty() && !line.starts_with('#') {
            rest += "[[clients]]\n"; // keys without a section are a client's
        }
        in_section |= is_header || !line.trim().is_empty() && !line.starts_with('#');
        rest += &format!("{line}\n");
    }
    let sections: Vec<_> = rest.split_inclusive('\n').collect();
    let mut whole = if top.contains("issuer =") {
        top
    } else {
        format!("{BASE}{top}")
    };
    let mut at = 0;
    while at < sections.len() {
        let end = (at + 1..sections.len())
            .find(|&next| sections[next].starts_with('['))
            .unwrap_or(sections.len());
        let body = sections[at..end].concat();
        whole += sections[at];
        if sections[at].starts_with("[[clients]]") {
            whole += &client_needs(&body, at);
        }
        if sections[at].starts_with("[provider]") {
            for (key, line) in [
                ("kind", "kind = 'panda'\n"),
                ("base_url", "base_url = 'https://10.0.0.5'\n"),
            ] {
                whole += if has(&body, key) { "" } else { line };
            }
        }
        whole += &sections[at + 1..end].concat();
        at = end;
    }
    if !whole.contains("[provider]") {
        whole += PROVIDER;
    }
    whole
}

/// What a client section lacks.
fn client_needs(body: &str, number: usize) -> String {
    let mut needs = String::new();
    if !has(body, "client_id") {
        needs += &format!("client_id = 'app{number}'\n");
    }
    let by_itself = [
        "client_secret",
        "client_secret_file",
        "token_endpoint_auth_method",
    ];
    if !by_itself.iter().any(|key| has(body, key)) {
        needs += &format!("client_secret = '{SECRET}'\n");
    }
    if !has(body, "redirect_uris") {
        let origin = body.split('"').find(|text| text.starts_with("https://"));
        let origin = origin.unwrap_or("https://app.example.com/");
        let host = origin.split('/').nth(2).unwrap();
        needs += &format!("redirect_uris = ['https://{host}/callback']\n");
    }
    needs
}

fn has(body: &str, key: &str) -> bool {
    body.lines()
        .any(|line| line.starts_with(&format!("{key} =")))
}

#[test]
fn every_configuration_in_a_guide_is_accepted() {
    let mut seen = 0;
    let mut refused = Vec::new();
    for guide in Guide::all() {
        for block in guide.blocks() {
            // A crate of its own is no configuration.
            if block.language != "toml" || block.text.starts_with("[package]") {
                continue;
            }
            seen += 1;
            let whole = completed(&block.text);
            let problems = config::parse(&whole).err().unwrap_or_default();
            // Files of the example are not here; a key in it is cut short.
            let problems = problems.iter().map(ToString::to_string).filter(|problem| {
                !problem.contains("cannot be read") && !problem.contains("clients[0].jwks")
            });
            refused.extend(
                problems
                    .map(|problem| format!("{}:{}: {problem}\n{whole}", guide.name(), block.line)),
            );
        }
    }
    assert!(seen > 50, "only {seen} blocks were seen");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// The keys that the reference configuration explains, as `section.key`.
fn reference() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/panda-oidc.toml");
    let text = fs::read_to_string(path).unwrap();
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in text.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if let Some(header) = line.strip_prefix('[') {
            section = header
                .trim_start_matches('[')
                .split(']')
                .next()
                .unwrap()
                .to_owned();
        } else if let Some((key, _)) = line.split_once(" = ") {
            keys.push(format!("{section}.{key}"));
        }
    }
    keys
}

#[test]
fn every_key_that_a_guide_names_is_in_the_reference_configuration() {
    let known = reference();
    let sections = [
        "server",
        "admin",
        "provider",
        "session",
        "store",
        "keys",
        "directory",
        "limits",
    ];
    let mut seen = 0;
    let mut unknown = Vec::new();
    for guide in Guide::all().iter().filter(|guide| guide.is_current()) {
        let mut in_limits = false;
        for (number, line) in guide.prose() {
            let first = cells(line).first().copied().unwrap_or_default();
            in_limits = !first.is_empty() && (in_limits || first == "`[limits]`");
            let keys = code(line).into_iter().filter_map(|code| {
                let code = code.split(" = ").next().unwrap();
                let (section, key) = code.split_once('.')?;
                let is_key = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
                (sections.contains(&section) && is_key && key != "rs").then(|| code.to_owned())
            });
            let limits = code(first).into_iter().map(|key| format!("limits.{key}"));
            let limits = limits.filter(|key| in_limits && !key.contains('['));
            for key in keys.chain(limits) {
                seen += 1;
                if !known.contains(&key) {
                    unknown.push(format!("{}:{number}: {key}", guide.name()));
                }
            }
        }
    }
    assert!(seen > 60, "only {seen} keys were seen");
    assert!(unknown.is_empty(), "{unknown:#?}");
}

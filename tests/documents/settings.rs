//! The settings that guides show are read as they stand.

use panda_oidc::config;

use crate::guide::Guide;

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

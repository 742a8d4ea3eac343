//! The settings that guides show are read as they stand.

use panda_oidc::config;

use crate::guide::Guide;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The keys at the top of a configuration.
const AT_THE_TOP: [&str; 6] = [
    "issuer",
    "contact",
    "groups_file",
    "ca_file",
    "clients_dir",
    "reload_on_change",
];

/// `block` with what a whole configuration needs besides.
fn completed(block: &str) -> String {
    let block = block
        .replace("CLIENT-SECRET", SECRET)
        .replace("\"…\"", &format!("\"{SECRET}\""));
    let (mut top, mut sections) = (Vec::new(), vec![Vec::new()]);
    for line in block.lines() {
        let key = line.split([' ', '=']).next().unwrap();
        let is_blank = key.is_empty() || key.starts_with('#');
        if line.starts_with('[') {
            sections.push(vec![line]);
        } else if sections.len() > 1 {
            sections.last_mut().unwrap().push(line);
        } else if is_blank || AT_THE_TOP.contains(&key) {
            top.push(line);
        } else {
            sections.push(vec!["[[clients]]", line]); // keys without a section are a client's
        }
    }
    let mut whole = Vec::new();
    if !has(&top, "issuer") {
        whole.push("issuer = 'https://sso.example.com'".to_owned());
    }
    whole.extend(top.into_iter().map(str::to_owned));
    for (number, section) in sections.iter().enumerate().skip(1) {
        whole.push(section[0].to_owned());
        match section[0] {
            "[[clients]]" => whole.extend(client_needs(section, number)),
            "[provider]" => whole.extend(provider_needs(section)),
            _ => {}
        }
        whole.extend(section[1..].iter().copied().map(str::to_owned));
    }
    if !whole.iter().any(|line| line == "[provider]") {
        whole.push("[provider]".to_owned());
        whole.extend(provider_needs(&[]));
    }
    whole.join("\n")
}

/// What a `[provider]` section lacks.
fn provider_needs(section: &[&str]) -> Vec<String> {
    let needs = [("kind", "'panda'"), ("base_url", "'https://10.0.0.5'")];
    let needs = needs.into_iter().filter(|(key, _)| !has(section, key));
    needs
        .map(|(key, value)| format!("{key} = {value}"))
        .collect()
}

/// What a client section lacks.
fn client_needs(section: &[&str], number: usize) -> Vec<String> {
    let mut needs = Vec::new();
    if !has(section, "client_id") {
        needs.push(format!("client_id = 'app{number}'"));
    }
    let proofs = [
        "client_secret",
        "client_secret_file",
        "token_endpoint_auth_method",
    ];
    if !proofs.iter().any(|key| has(section, key)) {
        needs.push(format!("client_secret = '{SECRET}'"));
    }
    if !has(section, "redirect_uris") {
        // A logout address must be of the same origin.
        let mut texts = section.iter().flat_map(|line| line.split('"'));
        let url = texts.find(|text| text.starts_with("https://"));
        let host = url.map_or("app.example.com", |url| url.split('/').nth(2).unwrap());
        needs.push(format!("redirect_uris = ['https://{host}/callback']"));
    }
    needs
}

fn has(section: &[&str], key: &str) -> bool {
    let start = format!("{key} =");
    section.iter().any(|line| line.starts_with(&start))
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

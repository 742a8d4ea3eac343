//! Sentences that a guide quotes are those of the program.

use crate::guide::{Guide, code};
use crate::sources::sentences;

/// Where the recipes begin in Chinese.
const RECIPES: &str = "## 配置示例";

/// Words of examples: where a sentence of the program has a value.
const EXAMPLES: [&str; 17] = [
    "grafana",
    "wiki",
    "spa",
    "app",
    "hr",
    "keycloak",
    "accounts.csv",
    "phone",
    "name",
    "id",
    "ID",
    "1",
    "grafanna",
    "listen",
    "request_uri",
    "Refused",
    "TLS",
];

/// The runs of words in a quoted sentence that are no values, each of three words or more. What follows a
/// colon may be the sentence of a cause.
fn runs(sentence: &str) -> Vec<String> {
    let mut runs = vec![Vec::new()];
    for word in sentence.split_whitespace() {
        let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
        let is_value = bare.is_empty()
            || EXAMPLES.contains(&bare)
            || !word.is_ascii()
            || word.contains(|c: char| c.is_ascii_digit() || "/\"=".contains(c));
        if is_value {
            runs.push(Vec::new());
        } else {
            runs.last_mut().unwrap().push(word);
            if word.ends_with([':', ';', '.']) {
                runs.push(Vec::new());
            }
        }
    }
    let runs = runs.into_iter().filter(|run| run.len() >= 3);
    let runs = runs.map(|run| run.join(" "));
    runs.map(|run| run.trim_end_matches([':', ';', '.', ',']).to_owned())
        .collect()
}

/// Whether the program says `run`: in one piece, or with another sentence where it has a placeholder.
fn is_known(run: &str, known: &str) -> bool {
    let joined = run.match_indices(' ').any(|(at, _)| {
        let (before, after) = (&run[..at], &run[at + 1..]);
        known.contains(&format!("{before} {{")) && known.contains(&format!("\n{after}"))
    });
    joined || known.contains(run)
}

/// Without what stands in brackets: the words of the operating system, or another sentence.
fn without_brackets(sentence: &str) -> String {
    let mut text = String::new();
    let mut depth = 0;
    for c in sentence.chars() {
        depth += usize::from(c == '(');
        if depth == 0 {
            text.push(c);
        }
        if c == ')' {
            depth = depth.saturating_sub(1);
            text.push_str(" 0 ");
        }
    }
    text
}

/// Whether code in prose is no sentence: a command, scopes, a rule or the operating system's words.
fn is_other(code: &str) -> bool {
    let first = code.split_whitespace().next().unwrap_or_default();
    let commands = [
        "panda-oidc",
        "users",
        "links",
        "cargo",
        "curl",
        "openssl",
        "openid",
        "systemctl",
        "sudo",
        "call",
    ];
    commands.contains(&first)
        || code.contains(" in groups")
        || code.starts_with("user.")
        || code.contains("No such file")
}

/// What a guide quotes, with the lines: code in its prose, what commands print, and lines of the log.
fn quotes(guide: &Guide) -> Vec<(usize, String)> {
    let mut quotes = Vec::new();
    for (line, text) in guide.paragraphs() {
        // The recipes quote other programs.
        if ["## Recipes", RECIPES].contains(&text.as_str()) {
            break;
        }
        let sentences = code(&text).into_iter().filter(|code| !is_other(code));
        quotes.extend(sentences.map(|code| (line, code.to_owned())));
    }
    for block in guide.blocks() {
        let of_a_command = ["$ panda-oidc", "$ sudo", "20", "error: "];
        if of_a_command
            .iter()
            .any(|start| block.text.starts_with(start))
        {
            let lines = block.text.lines().filter(|line| !line.starts_with('$'));
            // The headings of a table are in capitals.
            let lines = lines.filter(|line| line.contains(char::is_lowercase));
            quotes.extend(lines.map(|text| (block.line, text.to_owned())));
        }
    }
    quotes
}

#[test]
fn every_quoted_sentence_of_the_log_or_a_command_is_one_of_the_programs() {
    let known = sentences();
    let guides = [
        "access",
        "accounts",
        "claims",
        "clients",
        "first-day",
        "leavers",
        "logout",
        "operating",
        "refresh-tokens",
        "requests",
        "scim",
        "services",
        "keycloak",
    ];
    let mut seen = 0;
    let mut unknown = Vec::new();
    for guide in Guide::all() {
        let file = guide.path.file_name().unwrap().to_str().unwrap();
        if !guides.contains(&file.split('.').next().unwrap()) {
            continue;
        }
        for (line, sentence) in quotes(&guide) {
            for run in runs(&without_brackets(&sentence)) {
                seen += 1;
                if !is_known(&run, &known) {
                    unknown.push(format!("{}:{line}: {run}", guide.name()));
                }
            }
        }
    }
    assert!(seen > 200, "only {seen} sentences were seen");
    assert!(unknown.is_empty(), "{unknown:#?}");
}

//! The command lines in README and the guides.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use clap::error::ErrorKind;

use super::Cli;

/// README, CONTRIBUTING, the reference configuration and the guides.
fn documents() -> Vec<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = vec![
        package.join("README.md"),
        package.join("CONTRIBUTING.md"),
        package.join("config/panda-oidc.toml"),
    ];
    for folder in ["docs", "docs/clients"] {
        let entries = fs::read_dir(package.join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        documents.extend(paths.filter(|path| path.extension().is_some_and(|it| it == "md")));
    }
    documents
}

/// The commands in a line of a document, without the program. `shell` is whether the line is of a shell; text
/// names commands also without the program: `users list`.
fn commands(line: &str, shell: bool) -> Vec<Vec<String>> {
    let spans: Vec<&str> = if shell {
        vec![line]
    } else {
        line.split('`').skip(1).step_by(2).collect()
    };
    let mut found = Vec::new();
    for span in spans {
        let command = match span.rsplit_once("panda-oidc ") {
            Some((_, after)) => after,
            None if !shell
                && [
                    "users ",
                    "links ",
                    "sessions ",
                    "keys ",
                    "tokens ",
                    "clients ",
                ]
                .iter()
                .any(|name| span.starts_with(name)) =>
            {
                span
            }
            None => continue,
        };
        let end = command.find([';', '#', '|', '&']);
        // The reference configuration explains a command after spaces.
        let command = command[..end.unwrap_or(command.len())].split("   ");
        let words = words(
            &command
                .into_iter()
                .next()
                .unwrap()
                .replace("=URL", "=http://x"),
        );
        let is_name = |word: &String| word.chars().all(|c| c.is_ascii_lowercase());
        let stands_alone = !shell && words.len() == 1;
        let left_open = words.iter().any(|word| word == "=" || word == "…");
        if words.first().is_some_and(is_name) && !stands_alone && !left_open {
            found.push(words);
        }
    }
    found
}

/// The words of a command, with what is optional in brackets, as a shell would pass them.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in command.chars() {
        match c {
            '"' | '\'' => quoted = !quoted,
            '[' | ']' => {}
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_command_in_the_documents_is_one() {
    let mut seen = 0;
    let mut refused = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let mut fence = None;
        for (index, line) in text.lines().enumerate() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                fence = fence.is_none().then(|| language.to_owned());
                continue;
            }
            let shell = match fence.as_deref() {
                Some("console") if line.starts_with('$') => true,
                Some("sh" | "ini") => true,
                Some(_) => continue,
                None => line.starts_with("#   panda-oidc"),
            };
            for mut words in commands(line, shell) {
                seen += 1;
                // Text leaves out what every command needs.
                let has_its_own = words[0] == "demo" || words.contains(&"--from".to_owned());
                if !has_its_own && !words.contains(&"--config".to_owned()) {
                    words.extend(["--config", "panda-oidc.toml"].map(str::to_owned));
                }
                words.insert(0, "panda-oidc".to_owned());
                if let Err(error) = Cli::try_parse_from(&words)
                    && (shell || !is_a_mere_name(error.kind()))
                {
                    refused.push(format!("{}:{}: {error}", document.display(), index + 1));
                }
            }
        }
    }
    assert!(seen > 60, "only {seen} commands were seen");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// Whether text only names a command: `users forget`.
fn is_a_mere_name(error: ErrorKind) -> bool {
    use ErrorKind::{
        DisplayHelpOnMissingArgumentOrSubcommand, MissingRequiredArgument, MissingSubcommand,
    };
    matches!(
        error,
        MissingRequiredArgument | MissingSubcommand | DisplayHelpOnMissingArgumentOrSubcommand
    )
}

//! The sentences that the program can say.

use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};

/// The string literals of `src/` and the plugins without their tests and comments, one a line, and the texts
/// of the pages. White space is single.
pub(crate) fn sentences() -> String {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    let mut paths = vec![package.join("src"), package.join("plugins")];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            let entries = entries.map(|entry| entry.unwrap().path());
            paths.extend(entries.filter(|path| !is_test(path)));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let tokens = fs::read_to_string(&path).unwrap().parse().unwrap();
            collect(tokens, &mut text);
        }
    }
    text
}

/// The string literals of a file of the source, one a line.
pub(crate) fn sentences_of(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let mut text = String::new();
    collect(
        fs::read_to_string(path).unwrap().parse().unwrap(),
        &mut text,
    );
    text
}

/// The pages in a language: name and title.
pub(crate) fn page_titles(language: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/page/words");
    let words = fs::read_to_string(path.join(format!("{language}.toml"))).unwrap();
    let words: toml::Table = toml::from_str(&words).unwrap();
    let titles = words.into_iter().filter_map(|(page, texts)| {
        let title = texts.get("title")?.as_str()?.to_owned();
        Some((page, title))
    });
    titles.collect()
}

fn is_test(path: &Path) -> bool {
    path.ends_with("tests") || path.ends_with("tests.rs") || path.ends_with("target")
}

fn collect(tokens: TokenStream, text: &mut String) {
    let mut before = String::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let inside = group.stream();
                let first = inside.clone().into_iter().next();
                let is_attribute = before == "#" || before == "!";
                let is_doc = is_attribute && first.is_some_and(|first| first.to_string() == "doc");
                if !is_doc {
                    collect(inside, text);
                }
                before.clear();
            }
            TokenTree::Literal(literal) => {
                if let Ok(literal) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    let value = literal.value();
                    text.extend(value.split_whitespace().flat_map(|word| [word, " "]));
                    text.push('\n');
                }
            }
            other => before = other.to_string(),
        }
    }
}

//! README, CONTRIBUTING and everything in `docs/`, with the parts that the tests look at.

use std::fs;
use std::path::{Path, PathBuf};

/// A document and its path relative to the package.
pub(crate) struct Guide {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A fenced block, without the indentation of its fence.
pub(crate) struct Block {
    pub(crate) language: String,
    /// The line of its fence.
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Guide {
    /// All documents.
    pub(crate) fn all() -> Vec<Self> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = vec![package.join("README.md"), package.join("CONTRIBUTING.md")];
        let mut folders = vec![package.join("docs")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "md") {
                    paths.push(path);
                }
            }
        }
        paths.sort();
        let guides = paths.iter().map(|path| Self {
            path: path.strip_prefix(package).unwrap().to_owned(),
            text: fs::read_to_string(path).unwrap(),
        });
        guides.collect()
    }

    /// The guides that exist in both languages, English first.
    pub(crate) fn pairs() -> Vec<(Self, Self)> {
        let mut english = Self::all();
        let chinese: Vec<_> = english
            .extract_if(.., |guide| guide.name().ends_with(".zh.md"))
            .collect();
        let pairs = chinese.into_iter().map(|chinese| {
            let name = chinese.name().replace(".zh.md", ".md");
            let at = english.iter().position(|guide| guide.name() == name);
            (english.swap_remove(at.expect(&name)), chinese)
        });
        pairs.collect()
    }

    /// The path as text.
    pub(crate) fn name(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// Whether it tells how things are; the others tell how they became so.
    pub(crate) fn is_current(&self) -> bool {
        !self.name().starts_with("docs/adr/") && self.name() != "docs/changelog.md"
    }

    /// The lines outside of fenced blocks, with their numbers.
    pub(crate) fn prose(&self) -> Vec<(usize, &str)> {
        let mut fenced = false;
        let lines = self.text.lines().enumerate().filter(|(_, line)| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fenced && !fence
        });
        lines.map(|(index, line)| (index + 1, line)).collect()
    }

    /// The prose with each paragraph on one line: code may go on in the next line.
    pub(crate) fn paragraphs(&self) -> Vec<(usize, String)> {
        let mut paragraphs: Vec<(usize, String)> = Vec::new();
        let mut end = 0;
        for (number, line) in self.prose() {
            let begins = line.trim().is_empty()
                || line.starts_with(['|', '#'])
                || line.trim_start().starts_with(['-', '*'])
                || number != end + 1;
            match paragraphs.last_mut() {
                Some((_, paragraph)) if !begins => paragraph.extend([" ", line.trim()]),
                _ => paragraphs.push((number, line.to_owned())),
            }
            end = number;
        }
        paragraphs
    }

    /// The fenced blocks.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut lines = self.text.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            let Some(language) = line.trim_start().strip_prefix("```") else {
                continue;
            };
            let indent = line.len() - line.trim_start().len();
            let inside = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim_start() != "```");
            let inside: Vec<_> = inside
                .map(|line| line.get(indent..).unwrap_or(""))
                .collect();
            blocks.push(Block {
                language: language.to_owned(),
                line: index + 1,
                text: inside.join("\n"),
            });
        }
        blocks
    }
}

/// The code in a line of prose: what stands between backticks, single or double.
pub(crate) fn code(line: &str) -> Vec<&str> {
    let mut code = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let fence = if rest[at..].starts_with("``") {
            "``"
        } else {
            "`"
        };
        let inside = &rest[at + fence.len()..];
        let Some(end) = inside.find(fence) else {
            break;
        };
        code.push(inside[..end].trim());
        rest = &inside[end + fence.len()..];
    }
    code
}

/// The cells of a row of a table; none if `line` is no row.
pub(crate) fn cells(line: &str) -> Vec<&str> {
    let Some(row) = line.trim().strip_prefix('|') else {
        return Vec::new();
    };
    let row = row.strip_suffix('|').unwrap_or(row);
    let mut cells = Vec::new();
    let mut start = 0;
    for (at, _) in row.match_indices('|') {
        if !row[..at].ends_with('\\') {
            cells.push(row[start..at].trim());
            start = at + 1;
        }
    }
    cells.push(row[start..].trim());
    cells
}

//! Reads the configuration examples of `docs/`, so that the tests run what the documentation says.

use std::fs;
use std::path::Path;

/// One section of a page.
pub struct Recipe {
    section: String,
}

impl Recipe {
    /// The section of `docs/{page}` under `heading`.
    pub fn read(page: &str, heading: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs")
            .join(page);
        let text = fs::read_to_string(path).unwrap();
        let (_, after) = text.split_once(&format!("\n### {heading}\n")).unwrap();
        let section = after.split("\n### ").next().unwrap().to_owned();
        Self { section }
    }

    /// The code block in `language`, with each pair of `replacements` applied. Each must occur in it.
    pub fn block(&self, language: &str, replacements: &[(&str, &str)]) -> String {
        let (_, after) = self
            .section
            .split_once(&format!("```{language}\n"))
            .unwrap_or_else(|| panic!("no {language}: {}", self.section));
        let mut block = after.split("```").next().unwrap().to_owned();
        for (from, to) in replacements {
            assert!(block.contains(from), "no {from}: {block}");
            block = block.replace(from, to);
        }
        block
    }
}

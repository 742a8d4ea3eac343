//! The recipes of `docs/`, so that what they say is what is tested.

use std::fs;
use std::path::Path;

/// The code of one section of a page.
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

    /// Its block in `language`, with each of `places` put for what stands there.
    pub fn block(&self, language: &str, places: &[(&str, &str)]) -> String {
        let (_, after) = self
            .section
            .split_once(&format!("```{language}\n"))
            .unwrap_or_else(|| panic!("no {language}: {}", self.section));
        let mut block = after.split("```").next().unwrap().to_owned();
        for (from, to) in places {
            assert!(block.contains(from), "no {from}: {block}");
            block = block.replace(from, to);
        }
        block
    }
}

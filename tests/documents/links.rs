//! Links between documents lead somewhere.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use crate::guide::Guide;

/// The anchors of a document: its headings, as GitHub writes them, and those set by hand.
fn anchors(guide: &Guide) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for (_, line) in guide.prose() {
        if let Some((_, after)) = line.split_once("<a id=\"") {
            anchors.push(after.split('"').next().unwrap().to_owned());
        }
        let heading = line.trim_start_matches('#');
        if heading.len() < line.len() && heading.starts_with(' ') {
            let slug = slug(heading);
            let times = anchors.iter().filter(|anchor| **anchor == slug).count();
            anchors.push(if times == 0 {
                slug
            } else {
                format!("{slug}-{times}")
            });
        }
    }
    anchors
}

fn slug(heading: &str) -> String {
    let letters = heading.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    letters.flat_map(char::to_lowercase).collect()
}

/// The targets of the links in a document, with their lines.
fn targets(guide: &Guide) -> Vec<(usize, &str)> {
    let lines = guide.prose().into_iter();
    let targets = lines.flat_map(|(number, line)| {
        let links = line.split("](").skip(1);
        links.filter_map(move |link| Some((number, link.split_once(')')?.0)))
    });
    targets
        .filter(|(_, target)| !target.contains("://"))
        .collect()
}

/// `path` without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            component => plain.push(component),
        }
    }
    plain
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guides = Guide::all();
    let anchors: HashMap<_, _> = guides
        .iter()
        .map(|guide| (guide.path.clone(), anchors(guide)))
        .collect();
    let mut seen = 0;
    let mut broken = Vec::new();
    for guide in &guides {
        for (line, target) in targets(guide) {
            seen += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => guide.path.clone(),
                file => plain(&guide.path.parent().unwrap().join(file)),
            };
            let known = anchor.is_empty()
                || anchors
                    .get(&path)
                    .is_some_and(|anchors| anchors.iter().any(|known| known == anchor));
            if !package.join(&path).exists() || !known {
                broken.push(format!("{}:{line}: {target}", guide.name()));
            }
        }
    }
    assert!(seen > 200, "only {seen} links were seen");
    assert!(broken.is_empty(), "{broken:#?}");
}

/// A reader of one language stays in it, except where a page has no other.
#[test]
fn a_chinese_guide_links_to_chinese_guides() {
    let mut strays = Vec::new();
    for (english, chinese) in Guide::pairs() {
        for (line, target) in targets(&chinese) {
            let file = target.split('#').next().unwrap();
            let path = plain(&chinese.path.parent().unwrap().join(file));
            let translated = path.with_extension("zh.md");
            if !file.is_empty()
                && !file.ends_with(".zh.md")
                && path != english.path
                && Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join(translated)
                    .exists()
            {
                strays.push(format!("{}:{line}: {target}", chinese.name()));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

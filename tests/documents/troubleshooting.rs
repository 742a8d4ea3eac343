//! The chapter on troubleshooting knows every page and every failure of the portal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use axum::http::StatusCode;

use crate::guide::{Guide, cells};
use crate::sources::{page_titles, sentences_of};

/// The guide in both languages, with its heading of the table of pages.
const GUIDES: [(&str, &str, &str); 2] = [
    ("docs/operating.md", "en", "### What people see"),
    ("docs/operating.zh.md", "zh", "### 用户看到的页面"),
];

/// Pages that report no problem.
const NO_PROBLEM: [&str; 6] = [
    "apps",
    "confirm_logout",
    "confirm_earlier_logout",
    "signed_out",
    "not_signed_in",
    "previous_user_signed_out",
];

fn named(name: &str) -> Guide {
    let mut guides = Guide::all().into_iter();
    guides.find(|guide| guide.name() == name).unwrap()
}

#[test]
fn every_page_in_the_table_of_what_people_see_has_that_title() {
    for (guide, language, heading) in GUIDES {
        let titles = page_titles(language);
        let guide = named(guide);
        let (_, chapter) = guide.text.split_once(heading).unwrap();
        let chapter = chapter.split("\n#").next().unwrap();
        let pages = chapter
            .lines()
            .filter_map(|line| cells(line).first().copied());
        let pages: Vec<_> = pages
            .filter(|page| !["page", "页面", "---", "〃", "同上"].contains(page))
            .map(|page| page.split([';', '；']).next().unwrap())
            .map(|page| page.split(" (").next().unwrap())
            .map(|page| {
                let page = page.split('（').next().unwrap();
                page.replace("黑龙江", "{new_user}")
            })
            .collect();
        assert!(pages.len() >= 14, "{pages:?}");
        let unknown: Vec<_> = pages
            .iter()
            .filter(|page| !titles.iter().any(|(_, title)| title == *page))
            .collect();
        assert!(unknown.is_empty(), "{}: {unknown:#?}", guide.name());
    }
}

#[test]
fn every_page_about_a_problem_is_in_the_tables() {
    for (guide, language, _) in GUIDES {
        let guide = named(guide);
        let rows = guide.prose().into_iter().map(|(_, line)| line);
        let rows: String = rows.filter(|line| line.starts_with('|')).collect();
        let missing: Vec<_> = page_titles(language)
            .into_iter()
            .filter(|(page, _)| !NO_PROBLEM.contains(&page.as_str()))
            .map(|(_, title)| title.replace("{new_user}", "黑龙江"))
            .filter(|title| !rows.contains(&format!("| {title}")))
            .collect();
        assert!(missing.is_empty(), "{}: {missing:#?}", guide.name());
    }
}

#[test]
fn every_failure_of_the_portal_is_in_the_tables() {
    let failures =
        sentences_of("plugins/panda/src/error.rs") + &sentences_of("plugins/sdk/src/tls.rs");
    for (guide, ..) in GUIDES {
        let text = named(guide).text;
        // The beginning is enough: what follows names this case, or the remedy.
        let beginnings = failures.lines().filter_map(|failure| {
            let words: Vec<_> = failure.split(' ').take(4).collect();
            let is_failure = failure.contains("portal") || failure.contains("the certificate");
            (words.len() == 4 && is_failure).then(|| words.join(" "))
        });
        let beginnings: Vec<_> = beginnings
            .map(|beginning| beginning.split('{').next().unwrap().trim().to_owned())
            .collect();
        assert!(beginnings.len() >= 15, "{beginnings:?}");
        let missing: Vec<_> = beginnings
            .iter()
            .filter(|beginning| !text.contains(*beginning))
            .collect();
        assert!(missing.is_empty(), "{guide}: {missing:#?}");
    }
}

/// The statuses of each error page, by its name in the texts.
fn statuses() -> BTreeMap<String, BTreeSet<u16>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/error/problem.rs");
    let source = fs::read_to_string(file).unwrap();
    // Which of the four pages says that somebody may not use an app does not change its status.
    let source = source.split("fn denial_message").next().unwrap();
    let mut statuses: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for (at, found) in source.match_indices("&w.") {
        let is_name = |c: &char| c.is_ascii_lowercase() || *c == '_';
        let page = source[at + found.len()..].chars().take_while(is_name);
        let (_, status) = source[..at].rsplit_once("S::").unwrap();
        let is_name = |c: &char| c.is_ascii_uppercase() || *c == '_';
        let status: String = status.chars().take_while(is_name).collect();
        statuses
            .entry(page.collect())
            .or_default()
            .insert(number(&status));
    }
    statuses
}

/// The number of a status with the name `NOT_FOUND`.
fn number(name: &str) -> u16 {
    let is_named = |status: &StatusCode| {
        let reason = status.canonical_reason().unwrap_or_default();
        reason.to_uppercase().replace(' ', "_") == name
    };
    let mut all = (400..600).filter_map(|number| StatusCode::from_u16(number).ok());
    all.find(is_named).expect(name).as_u16()
}

#[test]
fn the_tables_show_the_status_of_each_page() {
    let statuses = statuses();
    let mut seen = 0;
    let mut wrong = Vec::new();
    for (guide, language, _) in GUIDES {
        let guide = named(guide);
        for (page, title) in page_titles(language) {
            let row = format!("| {}", title.replace("{new_user}", "黑龙江"));
            let row = guide.text.lines().find(|line| line.starts_with(&row));
            let (Some(row), Some(statuses)) = (row, statuses.get(&page)) else {
                continue;
            };
            seen += 1;
            let shown = row.split(['(', '（']).nth(1).unwrap();
            let shown = shown.split([')', '）']).next().unwrap();
            let shown: BTreeSet<u16> = shown
                .split([',', '、'])
                .map(|status| status.trim().parse().unwrap())
                .collect();
            if *statuses != shown {
                wrong.push(format!("{}: {title}: {statuses:?}", guide.name()));
            }
        }
    }
    assert!(seen >= 30, "only {seen} were seen");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

//! The chapter on troubleshooting knows every page and every failure of the portal.

use crate::guide::{Guide, cells};
use crate::sources::{page_titles, sentences_of};

/// The guide in both languages, with its heading of the table of pages.
const GUIDES: [(&str, &str, &str); 2] = [
    ("docs/operating.md", "en", "### What people see"),
    ("docs/operating.zh.md", "zh", "### 用户看到的页面"),
];

/// Pages that report no problem.
const NO_PROBLEM: [&str; 5] = [
    "apps",
    "confirm_logout",
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

//! Names that match nothing: a group in a rule that exists nowhere, often because it is spelt otherwise
//! there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

use super::mentions::Mentions;
use crate::csv_text::cell::is_invisible;

/// How similar two names are at least, if one may be a slip for the other.
const MIN_SIMILARITY: f64 = 0.85;

/// How many names a finding lists at most.
const MAX_LISTED: usize = 10;

/// The names that a place of the configuration mentions.
#[derive(Debug, Clone)]
pub struct Place {
    /// The place, such as `client app: deny`.
    pub name: String,
    /// Whether the names decide who is denied. A name that matches nobody then lets people in.
    pub denies: bool,
    /// The names.
    pub mentions: Mentions,
}

/// The names that exist. `None` where nothing is known yet, so that nothing can be said.
#[derive(Debug, Clone, Default)]
pub struct KnownNames {
    /// The groups of the configuration, of the groups file and of all links.
    pub groups: BTreeSet<String>,
    /// Their roles, and those of links.
    pub roles: BTreeSet<String>,
    /// The attributes of all links.
    pub attributes: Option<BTreeSet<String>>,
    /// The ids of the people whom the store knows.
    pub ids: Option<BTreeSet<String>>,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// A group.
    Group,
    /// A role.
    Role,
    /// An attribute of links.
    Attribute,
}

/// A name that matches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmatched {
    /// A place mentions a name that does not exist.
    Missing {
        /// The place.
        place: String,
        /// Whether people are let in whom the place should deny.
        denies: bool,
        /// What the name stands for.
        kind: NameKind,
        /// The name.
        name: String,
        /// The name that may be meant.
        nearest: Option<String>,
    },
    /// A place mentions ids that nobody has.
    Nobody {
        /// The place.
        place: String,
        /// The ids.
        ids: Vec<String>,
    },
    /// Two groups whose names differ in spelling alone.
    Twins(String, String),
    /// Links of a client that is not registered.
    Client {
        /// Its identifier.
        client: String,
        /// How many links there are.
        links: usize,
    },
}

impl Unmatched {
    /// Whether it lets people in who should be denied.
    #[must_use]
    pub fn fails_open(&self) -> bool {
        matches!(self, Self::Missing { denies: true, .. })
    }
}

/// The names in `places` that are not among `known`, and groups whose names differ in spelling alone.
#[must_use]
pub fn unmatched(places: &[Place], known: &KnownNames) -> Vec<Unmatched> {
    let mut found = Vec::new();
    for place in places {
        let Mentions {
            groups,
            roles,
            attributes,
            ids,
        } = &place.mentions;
        let lists = [
            (NameKind::Group, groups, Some(&known.groups)),
            (NameKind::Role, roles, Some(&known.roles)),
            (NameKind::Attribute, attributes, known.attributes.as_ref()),
        ];
        for (kind, names, known) in lists {
            let Some(known) = known else { continue };
            found.extend(names.difference(known).map(|name| Unmatched::Missing {
                place: place.name.clone(),
                denies: place.denies,
                kind,
                name: name.clone(),
                nearest: nearest(name, known),
            }));
        }
        if let Some(known) = &known.ids {
            let ids: Vec<_> = ids.difference(known).cloned().collect();
            if !ids.is_empty() {
                let place = place.name.clone();
                found.push(Unmatched::Nobody { place, ids });
            }
        }
    }
    let mut spellings: BTreeMap<String, &String> = BTreeMap::new();
    for group in &known.groups {
        if let Some(twin) = spellings.insert(spelling(group), group) {
            found.push(Unmatched::Twins(twin.clone(), group.clone()));
        }
    }
    found
}

/// A name without what people overlook: case, width, spaces, `_`, `-`.
fn spelling(name: &str) -> String {
    let matters = |c: &char| !(c.is_whitespace() || is_invisible(*c) || matches!(c, '_' | '-'));
    let letters = name.nfkc().filter(matters);
    letters.flat_map(char::to_lowercase).collect()
}

/// The known name that `name` may be a slip for.
fn nearest(name: &str, known: &BTreeSet<String>) -> Option<String> {
    let written = spelling(name);
    let similarity = |known: &String| strsim::jaro_winkler(&written, &spelling(known));
    let scored = known.iter().map(|known| (similarity(known), known));
    let (score, nearest) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score >= MIN_SIMILARITY).then(|| nearest.clone())
}

impl fmt::Display for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing {
                place,
                denies,
                kind,
                name,
                nearest,
            } => {
                let called = match kind {
                    NameKind::Group => "group",
                    NameKind::Role => "role",
                    NameKind::Attribute => "attribute of linked accounts",
                };
                let effect = if *denies {
                    ": NOBODY IS DENIED BY IT"
                } else {
                    ": it is true of nobody"
                };
                write!(f, "{place}: no {called} is called `{name}`{effect}; ")?;
                match (nearest, kind) {
                    (Some(nearest), _) => write!(f, "did you mean `{nearest}`?"),
                    (None, NameKind::Group) => write!(
                        f,
                        "correct the name, or write [groups.{name:?}] into the configuration if the group \
                         has no members at present"
                    ),
                    (None, _) => write!(f, "correct the name, or take it out"),
                }
            }
            Self::Nobody { place, ids } => {
                let listed = ids.iter().take(MAX_LISTED).map(String::as_str);
                let listed = listed.collect::<Vec<_>>().join(", ");
                let more = if ids.len() > MAX_LISTED { ", …" } else { "" };
                write!(
                    f,
                    "{place}: nobody has heard of {} of the ids: {listed}{more}; compare them with \
                     `panda-oidc users list`",
                    ids.len()
                )
            }
            Self::Twins(one, other) => write!(
                f,
                "the groups `{one}` and `{other}` differ in spelling alone, and are two groups; write the \
                 name in one way if one group is meant"
            ),
            Self::Client { client, links } => write!(
                f,
                "{links} linked accounts are in the client `{client}`, which is not registered; register \
                 it, or remove them with `panda-oidc links remove`"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.map(str::to_owned).into()
    }

    fn place(denies: bool, group: &str) -> Place {
        Place {
            name: "client app: deny".to_owned(),
            denies,
            mentions: Mentions {
                groups: names([group]),
                ..Mentions::default()
            },
        }
    }

    fn texts(places: &[Place], known: &KnownNames) -> Vec<String> {
        let found = unmatched(places, known);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_group_that_exists_nowhere_is_found_and_the_nearest_is_named() {
        let known = KnownNames {
            groups: names(["Contractors", "调度中心"]),
            ..KnownNames::default()
        };
        for (written, meant) in [
            ("contractors", "Contractors"),
            ("Contractor", "Contractors"),
            ("con-tractors ", "Contractors"),
            ("ｃontractors", "Contractors"),
            ("调度中 心", "调度中心"),
        ] {
            let texts = texts(&[place(true, written)], &known);
            assert!(texts[0].contains("NOBODY IS DENIED"), "{texts:?}");
            assert!(
                texts[0].ends_with(&format!("did you mean `{meant}`?")),
                "{texts:?}"
            );
        }
        let other = texts(&[place(false, "外包")], &known);
        assert!(other[0].contains("true of nobody") && other[0].contains("[groups.\"外包\"]"));
        assert_eq!(texts(&[place(true, "Contractors")], &known), [""; 0]);
        assert!(unmatched(&[place(true, "x")], &known)[0].fails_open());
        assert!(!unmatched(&[place(false, "x")], &known)[0].fails_open());
    }

    #[test]
    fn groups_that_differ_in_spelling_alone_are_found() {
        let known = KnownNames {
            groups: names(["Dispatch", "dispatch", "meters"]),
            ..KnownNames::default()
        };
        let texts = texts(&[], &known);
        assert!(texts[0].contains("`Dispatch` and `dispatch`"), "{texts:?}");
        assert_eq!(texts.len(), 1);
    }

    #[test]
    fn nothing_is_said_of_what_is_not_known_yet() {
        let place = Place {
            name: "client app: allow".to_owned(),
            denies: false,
            mentions: Mentions {
                attributes: names(["dpet"]),
                ids: names(["1", "9"]),
                ..Mentions::default()
            },
        };
        let places = [place];
        assert_eq!(texts(&places, &KnownNames::default()), [""; 0]);
        let known = KnownNames {
            attributes: Some(names(["dept"])),
            ids: Some(names(["1"])),
            ..KnownNames::default()
        };
        let texts = texts(&places, &known);
        assert!(texts[0].ends_with("did you mean `dept`?"), "{texts:?}");
        assert!(texts[1].contains("1 of the ids: 9"), "{texts:?}");
    }
}

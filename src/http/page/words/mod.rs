//! What pages say: one catalogue a language, one section a problem.
//!
//! A further language is a file like `en.toml`, and a variant of [`Language`].

use std::fmt::Display;
use std::sync::LazyLock;

use serde::Deserialize;

use super::language::Language;

/// The catalogue of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    pub request_refused: Message,
    pub no_such_client: Message,
    pub no_target: Message,
    pub unfit_ticket: Message,
    pub ticket_refused: Message,
    pub account_disabled: Message,
    pub ticket_rejected: Message,
    pub portal_unreachable: Message,
    pub portal_unintelligible: Message,
    pub nothing_waits: Message,
    pub no_switch: Message,
    pub logout_refused: Message,
    pub no_logout: Message,
    pub redirect_loop: Message,
    pub access_denied: Message,
    pub access_denied_contact: Message,
    pub no_account: Message,
    pub no_account_contact: Message,
    pub too_often: Message,
    pub broken: Message,
    pub not_found: Message,
    pub method_not_allowed: Message,
    pub too_large: Message,
    pub login_required: Message,
    pub login_required_returns: Message,
    pub login_required_reopen: Message,
    pub apps: Message,
    pub confirm_switch: Message,
    pub confirm_sign_in: Message,
    pub confirm_logout: Message,
    pub signed_out: Message,
    pub labels: Labels,
}

/// The heading of a page, and what it says below.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    pub title: String,
    pub body: String,
}

/// What links and buttons say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Labels {
    pub contact: String,
    pub r#continue: String,
    pub no_switch: String,
    pub open_another_app: String,
    pub open_portal: String,
    pub returning_to_app: String,
    pub sign_out: String,
    pub signing_out: String,
    pub stay_signed_in: String,
    pub switch_to: String,
    pub try_again: String,
}

/// Reads a catalogue that is built in; a test has read each of them before.
fn read(toml: &str) -> Words {
    toml::from_str(toml).expect("a catalogue that is built in")
}

impl Words {
    /// The catalogue of `language`.
    pub(crate) fn of(language: Language) -> &'static Self {
        static CHINESE: LazyLock<Words> = LazyLock::new(|| read(include_str!("zh.toml")));
        static ENGLISH: LazyLock<Words> = LazyLock::new(|| read(include_str!("en.toml")));
        match language {
            Language::Chinese => &CHINESE,
            Language::English => &ENGLISH,
        }
    }
}

/// What is filled in for the `{name}`s of a text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values(Vec<(&'static str, String)>);

impl Values {
    /// Fills `value` in for `{name}`.
    pub(crate) fn add(&mut self, name: &'static str, value: impl Display) {
        self.0.push((name, value.to_string()));
    }

    /// `template` with the values in their places. A value is not read again.
    pub(crate) fn fill(&self, mut template: &str) -> String {
        let mut text = String::with_capacity(template.len());
        while let Some((before, after)) = template.split_once('{') {
            text.push_str(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            let value = self.0.iter().find(|(known, _)| *known == name);
            text.push_str(value.map_or("", |(_, value)| value));
            template = after;
        }
        text.push_str(template);
        text
    }
}

/// A text of the catalogue, with what is filled in.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    entry: fn(&Words) -> &str,
    values: Values,
}

impl Text {
    /// The text that `entry` finds in a catalogue.
    pub(crate) fn of(entry: fn(&Words) -> &str) -> Self {
        Self {
            entry,
            values: Values::default(),
        }
    }

    /// A text that is the same in every language, such as a name.
    pub(crate) fn verbatim(text: &str) -> Self {
        Self::of(|_| "{text}").with("text", text)
    }

    /// Fills `value` in for `{name}`.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.values.add(name, value);
        self
    }

    /// The text in `language`.
    #[must_use]
    pub(crate) fn read(&self, language: Language) -> String {
        self.values.fill((self.entry)(Words::of(language)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The placeholders of every text, by its section and key.
    fn placeholders(catalogue: &str) -> BTreeMap<String, BTreeSet<String>> {
        let sections: BTreeMap<String, BTreeMap<String, String>> =
            toml::from_str(catalogue).unwrap();
        let texts = sections.into_iter().flat_map(|(section, texts)| {
            texts.into_iter().map(move |(key, text)| {
                let names = text.split('{').skip(1);
                let names = names.map(|after| after.split_once('}').unwrap().0.to_owned());
                (format!("{section}.{key}"), names.collect())
            })
        });
        texts.collect()
    }

    #[test]
    fn every_language_has_every_text_with_the_same_values() {
        let chinese = include_str!("zh.toml");
        for catalogue in [chinese, include_str!("en.toml")] {
            read(catalogue);
            assert_eq!(placeholders(catalogue), placeholders(chinese));
        }
    }

    #[test]
    fn what_is_filled_in_is_not_read_again() {
        let text = Text::of(|words| &words.labels.switch_to).with("newcomer", "{present}");
        assert_eq!(text.read(Language::English), "Switch to {present}");
        assert_eq!(Text::verbatim("{a}").read(Language::Chinese), "{a}");
    }
}

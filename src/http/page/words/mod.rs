//! What pages say: one catalogue per language, with one section per page.
//! [`language`](super::language) lists the catalogues.

use std::fmt::Display;

use serde::Deserialize;

/// The catalogue of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    pub request_refused: Message,
    pub no_such_client: Message,
    pub no_login_url: Message,
    pub invalid_ticket: Message,
    pub ticket_refused: Message,
    pub account_disabled: Message,
    pub ticket_rejected: Message,
    pub portal_unreachable: Message,
    pub portal_unintelligible: Message,
    pub no_pending_request: Message,
    pub no_pending_switch: Message,
    pub logout_refused: Message,
    pub no_pending_logout: Message,
    pub redirect_loop: Message,
    pub access_denied: Message,
    pub access_denied_contact: Message,
    pub no_linked_account: Message,
    pub no_linked_account_contact: Message,
    pub rate_limited: Message,
    pub internal_error: Message,
    pub not_found: Message,
    pub method_not_allowed: Message,
    pub too_large: Message,
    pub late: Message,
    pub login_required: Message,
    pub login_required_returns: Message,
    pub login_required_reopen: Message,
    pub apps: Message,
    pub confirm_switch: Message,
    pub confirm_sign_in: Message,
    pub confirm_logout: Message,
    pub confirm_earlier_logout: Message,
    pub signed_out: Message,
    pub not_signed_in: Message,
    pub previous_user_signed_out: Message,
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
    pub apps_cannot_be_told: String,
    pub apps_in_browser: String,
    pub apps_told: String,
    pub cancel_switch: String,
    pub contact: String,
    pub r#continue: String,
    pub open_another_app: String,
    pub open_portal: String,
    pub press_continue: String,
    pub request_id: String,
    pub returning_to_app: String,
    pub sign_out: String,
    pub signing_out: String,
    pub stay_signed_in: String,
    pub switch_to: String,
    pub try_again: String,
}

impl Words {
    /// Reads a catalogue. Cannot fail: a test reads each of them.
    pub(super) fn read(catalogue: &str) -> Self {
        toml::from_str(catalogue).expect("a built-in catalogue")
    }
}

/// Values for the placeholders of a text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values(Vec<(&'static str, String)>);

impl Values {
    /// Adds the value of the placeholder `{name}`.
    pub(crate) fn add(&mut self, name: &'static str, value: impl Display) {
        self.0.push((name, value.to_string()));
    }

    /// `template` with its placeholders replaced. Braces inside a value are not expanded.
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

/// A text of the catalogue, with the values for its placeholders.
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

    /// Adds the value of the placeholder `{name}`.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.values.add(name, value);
        self
    }

    /// The text in the language of `words`.
    #[must_use]
    pub(crate) fn read(&self, words: &Words) -> String {
        self.values.fill((self.entry)(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_inside_a_value_are_not_expanded() {
        let words = Words::read(include_str!("en.toml"));
        let text = Text::of(|words| &words.labels.switch_to).with("new_user", "{current_user}");
        assert_eq!(text.read(&words), "Switch to {current_user}");
        assert_eq!(Text::verbatim("{a}").read(&words), "{a}");
    }
}

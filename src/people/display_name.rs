//! What people are called in front of people.

use panda_oidc_sdk::Identity;

/// Somebody's name as a page says it, or their identifier: without what could break the sentence
/// around it or turn its direction (N69).
#[must_use]
pub fn display_name(person: &Identity) -> String {
    let disturbs = |c: &char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let name = person.name.as_deref().unwrap_or_default();
    let name: String = name.chars().filter(|c| !disturbs(c)).collect();
    if name.trim().is_empty() {
        return person.subject.to_string();
    }
    name
}

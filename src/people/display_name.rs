//! The name of a user as pages display it.

use panda_oidc_sdk::Identity;

/// The user's name for display, or the identifier if there is no name.
///
/// Control, zero-width and bidirectional characters are removed: a name must not break or reorder the
/// sentence around it (N69, docs/security.md).
#[must_use]
pub fn display_name(person: &Identity) -> String {
    let is_disruptive = |c: &char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let name = person.name.as_deref().unwrap_or_default();
    let name: String = name.chars().filter(|c| !is_disruptive(c)).collect();
    if name.trim().is_empty() {
        return person.subject.to_string();
    }
    name
}

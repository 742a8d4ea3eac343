//! Who may use a client, and the contact for everybody else: `allow`, `deny`, `unlinked`, `contact`.

use super::check::Check;
use super::section::{ClientSection, Unlinked};
use crate::config::findings::Findings;
use crate::people::{AccessRules, Contact, UserSet};

impl Check<'_, '_> {
    /// The access rules; `None` for a client that is open to everybody.
    pub(super) fn access(&mut self, section: &ClientSection) -> Option<AccessRules> {
        for (key, who) in [("allow", &section.allow), ("deny", &section.deny)] {
            if who.as_ref().is_some_and(UserSet::is_empty) {
                self.fail(
                    key,
                    "it names nobody",
                    "name ids, groups or a rule in when, or take it out",
                );
            }
        }
        let linked_only = section.unlinked == Unlinked::Deny;
        let open = section.allow.is_none() && section.deny.is_none() && !linked_only;
        (!open).then(|| AccessRules {
            allow: section.allow.clone(),
            deny: section.deny.clone(),
            linked_only,
        })
    }

    pub(super) fn contact(&mut self, section: &ClientSection) -> Option<Contact> {
        let key = format!("clients[{}].contact", self.index);
        contact(&key, section.contact.as_deref(), self.findings)
    }
}

/// Reads the contact under `key`, if there is one.
pub(in crate::config) fn contact(
    key: &str,
    written: Option<&str>,
    findings: &mut Findings<'_>,
) -> Option<Contact> {
    let written = written?;
    if written.trim().is_empty() {
        findings.add(
            key,
            "it is empty",
            "write whom to ask: a name, a telephone number, an address, a web page",
        );
    }
    Some(Contact::new(written))
}

//! `[groups.NAME]` and `groups_file`: groups of users.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::findings::Findings;
use crate::people::Group;

/// Where groups come from.
#[derive(Debug, Clone, Default)]
pub struct GroupsSection {
    /// The groups of the configuration, by name.
    pub configured: BTreeMap<String, Group>,
    /// A file with further groups. It is reloaded when it changes.
    pub file: Option<PathBuf>,
}

impl GroupsSection {
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        if self.configured.keys().any(|name| name.trim().is_empty()) {
            findings.add("groups", "a group has no name", "write [groups.NAME]");
        }
        if self.file.as_deref().is_some_and(|file| !is_table(file)) {
            findings.add(
                "groups_file",
                "it is neither a .csv nor a .toml file",
                "name it after what it holds, such as groups.csv",
            );
        }
    }
}

fn is_table(file: &Path) -> bool {
    let extension = file.extension().unwrap_or_default();
    ["csv", "toml"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

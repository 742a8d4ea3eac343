//! `[audit]`: the record of who came in, who was refused, who left, and who changed what.

use std::time::Duration;

use serde::Deserialize;

use super::findings::Findings;

const DAY: Duration = Duration::from_hours(24);

/// How long GB/T 22239 has such records kept at least: six months.
const SIX_MONTHS: Duration = Duration::from_hours(180 * 24);

/// The audit section.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditSection {
    /// How long records are kept.
    #[serde(with = "humantime_serde")]
    pub retention: Duration,
}

impl Default for AuditSection {
    fn default() -> Self {
        Self {
            retention: SIX_MONTHS,
        }
    }
}

impl AuditSection {
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        if self.retention < DAY || self.retention > DAY * 3653 {
            findings.add(
                "audit.retention",
                "it is shorter than a day or longer than ten years",
                "write something like \"180d\"",
            );
        } else if self.retention < SIX_MONTHS {
            findings.warn(
                "audit.retention",
                "it is shorter than the six months that GB/T 22239 demands".to_owned(),
                "write \"180d\" or more",
            );
        }
    }
}

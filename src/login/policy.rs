//! The policy for sessions and tickets.

use chrono::TimeDelta;
use serde::Deserialize;

/// The operator's policy for sessions and tickets.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// How long a session lives after a sign-in.
    pub lifetime: TimeDelta,
    /// How long a ticket's owner is remembered.
    pub ticket_memory: TimeDelta,
    /// Who may present a ticket again.
    pub replay: TicketReplay,
    /// When a ticket of another user needs a confirmation.
    pub confirm_switch: ConfirmSwitch,
}

/// When a ticket of another user replaces the signed-in user only after a confirmation (N63,
/// docs/security.md).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfirmSwitch {
    /// Unless the `Referer` is the portal.
    #[default]
    UnlessFromPortal,
    /// Always.
    Always,
}

/// Who may present a ticket again. A ticket names no audience and is not single-use, so this policy
/// is what stops the use of a leaked ticket (N61, docs/security.md).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TicketReplay {
    /// Only the browser that presented it first.
    #[default]
    BrowserBound,
    /// No one.
    Once,
    /// Anyone.
    Off,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The default lifetimes, with `replay`.
    pub(crate) fn policy(replay: TicketReplay) -> Policy {
        Policy {
            lifetime: TimeDelta::hours(12),
            ticket_memory: TimeDelta::days(7),
            replay,
            confirm_switch: ConfirmSwitch::default(),
        }
    }
}

//! What can happen. The names of events and fields are part of what operators and their tools rely on.

use serde::Serialize;

/// Something that is recorded. It holds neither names nor secrets: tickets and browsers appear as digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A person signed in.
    SignedIn {
        /// The session.
        sid: String,
        /// The digest of the handle of the browser.
        browser: String,
        /// The keyed digest of the ticket.
        ticket: String,
    },
    /// A sign-in was refused.
    SignInRefused {
        /// Why.
        reason: String,
    },
    /// The access rules of the client deny the person access.
    AccessDenied {
        /// Why.
        reason: String,
    },
    /// A client received tokens.
    GrantIssued {
        /// The grant type (RFC 6749).
        grant_type: String,
        /// The scopes of the access token.
        scope: String,
    },
    /// A client did not prove who it is.
    ClientRefused {
        /// Why.
        reason: String,
    },
    /// A code was presented again, and what it gave is revoked.
    CodeReplayed,
    /// A refresh token was used again, and its family is revoked.
    RefreshTokenReplayed,
    /// A session ended.
    SignedOut {
        /// The session.
        sid: String,
        /// What ended it.
        by: SignOutCause,
    },
    /// An operator changed something with a command.
    Changed {
        /// What was changed.
        change: Change,
        /// The operating system's user who ran the command.
        actor: String,
        /// What the change was about.
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// What was not recorded, because there was too much of it.
    RecordsOmitted {
        /// How many.
        count: u64,
    },
}

impl Event {
    /// The stable name of the event.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SignedIn { .. } => "signed_in",
            Self::SignInRefused { .. } => "sign_in_refused",
            Self::AccessDenied { .. } => "access_denied",
            Self::GrantIssued { .. } => "grant_issued",
            Self::ClientRefused { .. } => "client_refused",
            Self::CodeReplayed => "code_replayed",
            Self::RefreshTokenReplayed => "refresh_token_replayed",
            Self::SignedOut { .. } => "signed_out",
            Self::Changed { .. } => "changed",
            Self::RecordsOmitted { .. } => "records_omitted",
        }
    }
}

/// What ended a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignOutCause {
    /// A logout in the browser, or by a client.
    Logout,
    /// A client that revoked the grant of a ticket.
    Revocation,
    /// Another person signed in in the same browser.
    AccountSwitch,
    /// An operator.
    Operator,
    /// The directory does not list the person any more.
    Directory,
}

/// What a command changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Sessions were ended.
    SessionsEnded,
    /// The personal data of a person was removed.
    PersonForgotten,
    /// Values of a linked account were set.
    LinkSet,
    /// A linked account was removed.
    LinkRemoved,
    /// A table of linked accounts was imported.
    LinksImported,
    /// The portal's list was accepted in spite of the removal guard.
    RemovalsAccepted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable() {
        let text = String::new;
        let (reason, by) = (text(), SignOutCause::AccountSwitch);
        let events = [
            Event::SignedIn {
                sid: text(),
                browser: text(),
                ticket: text(),
            },
            Event::SignInRefused {
                reason: reason.clone(),
            },
            Event::AccessDenied {
                reason: reason.clone(),
            },
            Event::GrantIssued {
                grant_type: text(),
                scope: text(),
            },
            Event::ClientRefused { reason },
            Event::CodeReplayed,
            Event::RefreshTokenReplayed,
            Event::SignedOut { sid: text(), by },
            Event::Changed {
                change: Change::PersonForgotten,
                actor: text(),
                detail: None,
            },
            Event::RecordsOmitted { count: 7 },
        ];
        let written: Vec<_> = events
            .iter()
            .map(|event| serde_json::to_string(event).unwrap())
            .collect();
        assert_eq!(
            written,
            [
                r#"{"event":"signed_in","sid":"","browser":"","ticket":""}"#,
                r#"{"event":"sign_in_refused","reason":""}"#,
                r#"{"event":"access_denied","reason":""}"#,
                r#"{"event":"grant_issued","grant_type":"","scope":""}"#,
                r#"{"event":"client_refused","reason":""}"#,
                r#"{"event":"code_replayed"}"#,
                r#"{"event":"refresh_token_replayed"}"#,
                r#"{"event":"signed_out","sid":"","by":"account_switch"}"#,
                r#"{"event":"changed","change":"person_forgotten","actor":""}"#,
                r#"{"event":"records_omitted","count":7}"#,
            ]
        );
        for (event, written) in events.iter().zip(written) {
            assert!(written.starts_with(&format!("{{\"event\":\"{}\"", event.name())));
        }
    }
}

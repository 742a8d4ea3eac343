//! The audit record of a change that a command makes.

use panda_oidc::audit::{Change, Entry, Event};
use panda_oidc::store::{AuditLog, StoreError};
use panda_oidc_sdk::{Clock as _, Subject, SystemClock};

/// What was changed, and for whom.
pub(super) struct ChangeRecord<'a> {
    pub(super) change: Change,
    pub(super) person: Option<&'a Subject>,
    pub(super) client_id: Option<&'a str>,
    pub(super) detail: Option<String>,
}

impl ChangeRecord<'_> {
    /// Records the change.
    pub(super) async fn append(self, store: &dyn AuditLog) -> Result<(), StoreError> {
        let entry = Entry {
            at: SystemClock.now(),
            person: self.person.cloned(),
            client_id: self.client_id.map(str::to_owned),
            address: None,
            event: Event::Changed {
                change: self.change,
                actor: actor(),
                detail: self.detail,
            },
        };
        store
            .append(vec![entry.into_record(&mut rand::rng())])
            .await
    }
}

/// The user of the operating system who runs the command; also who became that user by `sudo`, as it says.
fn actor() -> String {
    let user = user();
    match std::env::var("SUDO_USER") {
        Ok(name) if !name.is_empty() => format!("{user}, sudo by {name}"),
        _ => user,
    }
}

/// The user whom the kernel knows. Variables such as `USER` may say anything.
#[cfg(target_os = "linux")]
fn user() -> String {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").map_or_else(
        |_| "unknown".to_owned(),
        |process| format!("uid {}", process.uid()),
    )
}

/// Where the kernel does not say, the environment does.
#[cfg(not(target_os = "linux"))]
fn user() -> String {
    std::env::var("USER")
        .or_else(|_| std::env::var("USERNAME"))
        .unwrap_or_else(|_| "unknown".to_owned())
}

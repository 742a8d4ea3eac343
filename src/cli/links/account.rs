//! The arguments that name an account: the person and the client.

use clap::Args;
use panda_oidc::audit::Change;
use panda_oidc::config::Config;
use panda_oidc::links::LinkKey;
use panda_oidc_sdk::Subject;

use super::failure::Failure;
use crate::cli::change_record::ChangeRecord;
use crate::cli::person_id::PersonId;

/// The account that a command is about.
#[derive(Debug, Args)]
pub(super) struct Account {
    /// The person's id in the portal.
    #[arg(value_name = "ID", value_parser = PersonId::parse)]
    pub(super) id: PersonId,
    /// The client the account is in; without it the account is for all clients.
    #[arg(long, value_name = "ID")]
    pub(super) client: Option<String>,
}

impl Account {
    /// The link of the person `subject` that these arguments name.
    pub(super) fn key(&self, subject: &Subject) -> LinkKey {
        LinkKey {
            subject: subject.clone(),
            client: self.client.clone(),
        }
    }

    /// The record of a change of the account of `subject`.
    pub(super) fn changed<'a>(&'a self, change: Change, subject: &'a Subject) -> ChangeRecord<'a> {
        ChangeRecord {
            change,
            person: Some(subject),
            client_id: self.client.as_deref(),
            detail: None,
        }
    }
}

/// Whether a client is registered as `id`.
pub(super) fn is_client(config: &Config, id: &str) -> bool {
    let all = config.clients.all();
    all.iter().any(|client| client.id.as_str() == id)
}

/// Refuses a client that is not registered.
pub(super) fn require_registered(config: &Config, client: Option<&str>) -> Result<(), Failure> {
    match client {
        Some(id) if !is_client(config, id) => Err(Failure::Usage(format!(
            "no client is registered as {id:?}; write a client_id of the configuration, or leave \
             --client out to mean all clients"
        ))),
        _ => Ok(()),
    }
}

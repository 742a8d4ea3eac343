//! `panda-oidc links remove`.

use std::process::ExitCode;

use clap::Args;
use panda_oidc::store::Store;

use super::account::Account;
use super::failure::Failure;
use crate::cli::configured::ConfigArgs;

#[derive(Debug, Args)]
pub(super) struct Remove {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    #[command(flatten)]
    account: Account,
}

impl Remove {
    /// Does not require that the client is still registered.
    pub(super) async fn run(&self, store: &dyn Store) -> Result<ExitCode, Failure> {
        let mut tried = String::new();
        for subject in self.account.id.candidates() {
            if store.unlink(&self.account.key(subject)).await? {
                return Ok(ExitCode::SUCCESS);
            }
            tried = subject.to_string();
        }
        let client = self.account.client.as_ref().map_or_else(
            || "for all clients".to_owned(),
            |client| format!("in {client:?}"),
        );
        Err(Failure::Refused(format!(
            "{tried} has no account {client}; see links list"
        )))
    }
}

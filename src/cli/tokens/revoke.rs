//! `panda-oidc tokens revoke ID`.

use std::process::ExitCode;

use clap::Args;
use panda_oidc::error_chain::explain;
use panda_oidc::store::AdminTokens;

use crate::cli::configured::ConfigArgs;
use crate::cli::output::print;

/// Revokes a token.
#[derive(Debug, Args)]
pub(in crate::cli) struct Revoke {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// The ID of the token, as the list shows it.
    id: String,
}

impl Revoke {
    pub(super) async fn run(&self, store: &dyn AdminTokens) -> Result<ExitCode, String> {
        let revoked = store.revoke_admin_token(&self.id).await;
        let revoked = revoked.map_err(|error| explain(&error))?;
        let token = revoked.ok_or_else(|| {
            let id = &self.id;
            format!("no token has the ID {id:?}; `panda-oidc tokens list` shows which there are")
        })?;
        print(&format_args!(
            "revoked {}, the token of {}",
            token.id, token.name
        ));
        Ok(ExitCode::SUCCESS)
    }
}

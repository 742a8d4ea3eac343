//! `panda-oidc users forget ID`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use panda_oidc::app::App;
use panda_oidc::service::forgetting;

use crate::cli::configured::ConfigArgs;
use crate::cli::output::print;
use crate::cli::person_id::{PersonId, unknown_user};
use panda_oidc::error_chain::explain;
use panda_oidc_sdk::Subject;

/// Removes the personal data of a user.
#[derive(Debug, Args)]
pub(in crate::cli) struct Forget {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// The user's id in the portal.
    id: String,
}

impl Forget {
    pub(super) async fn run(&self, app: &Arc<App>) -> Result<ExitCode, String> {
        let id = PersonId::parse(&self.id).map_err(|error| error.to_string())?;
        for subject in id.candidates() {
            if self.forget(app, subject).await? {
                return Ok(ExitCode::SUCCESS);
            }
        }
        Err(unknown_user(&self.id))
    }

    /// Forgets the user with this id. `false` when nobody has it.
    async fn forget(&self, app: &Arc<App>, subject: &Subject) -> Result<bool, String> {
        let forgotten = forgetting::forget(app, subject).await;
        let Some(forgotten) = forgotten.map_err(|error| explain(&error))? else {
            return Ok(false);
        };
        print(&format_args!(
            "forgot {subject}: name, phone, accounts and history are removed; sessions that ended: {}",
            forgotten.ended_sessions
        ));
        if forgotten.is_listed {
            print(
                &"the portal still lists them: the next reading of its list, or a login, brings name and phone again",
            );
        }
        Ok(true)
    }
}

//! `panda-oidc links set`.

use std::process::ExitCode;

use clap::Args;
use panda_oidc::config::Config;
use panda_oidc::links::{Change, Joined, Wish, edit, taken_elsewhere};
use panda_oidc::store::{Links as _, SqliteStore};
use panda_oidc_sdk::{Clock as _, SystemClock};

use super::account::{Account, registered};
use super::failure::Failure;
use crate::cli::configured::Configured;

#[derive(Debug, Args)]
pub(super) struct Set {
    #[command(flatten)]
    pub(super) configured: Configured,
    #[command(flatten)]
    account: Account,
    #[command(flatten)]
    said: Said,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Said {
    /// The name of the account; empty to take it away.
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Its address; empty to take it away.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Whether you vouch for the address.
    #[arg(long, value_name = "BOOL")]
    email_verified: Option<bool>,
    /// A free attribute, `name=text`, or `name[]=one|another` for a list; `name=` takes it away. May
    /// be repeated.
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<String>,
}

impl Set {
    pub(super) async fn run(
        &self,
        config: &Config,
        store: &SqliteStore,
    ) -> Result<ExitCode, Failure> {
        registered(config, self.account.client.as_deref())?;
        let wish = Wish {
            username: self.said.username.clone(),
            email: self.said.email.clone(),
            email_verified: self.said.email_verified,
            attributes: self.said.attributes.clone(),
        };
        let edit = edit(&wish).map_err(|error| Failure::Usage(error.to_string()))?;
        let place = self.account.place();
        let change = Change { place, edit };
        match store
            .join([change.clone()].into(), SystemClock.now())
            .await?
        {
            Joined::Done(_) => Ok(ExitCode::SUCCESS),
            Joined::Taken(taken) => {
                let told = taken.iter().map(|taken| taken_elsewhere(&change, taken));
                Err(Failure::Refused(told.collect::<Vec<_>>().join("; ")))
            }
        }
    }
}

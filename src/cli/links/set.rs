//! `panda-oidc links set`.

use std::process::ExitCode;

use clap::Args;
use panda_oidc::config::Config;
use panda_oidc::links::{EditInput, LinkChange, parse_edit};
use panda_oidc::service::accounts::{SetOutcome, set_account};
use panda_oidc::store::Store;
use panda_oidc_sdk::{Clock as _, SystemClock};

use super::account::{Account, require_registered};
use super::failure::Failure;
use crate::cli::configured::ConfigArgs;
use crate::cli::output::print_note;

#[derive(Debug, Args)]
pub(super) struct Set {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    #[command(flatten)]
    account: Account,
    #[command(flatten)]
    values: AccountValues,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct AccountValues {
    /// The username of the account; empty to remove it.
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// The e-mail address of the account; empty to remove it.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Whether you vouch for the address.
    #[arg(long, value_name = "BOOL")]
    email_verified: Option<bool>,
    /// A free attribute, `name=text`, or `name[]=one|another` for a list; `name=` removes it. May
    /// be repeated.
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<String>,
}

impl Set {
    pub(super) async fn run(
        &self,
        config: &Config,
        store: &dyn Store,
    ) -> Result<ExitCode, Failure> {
        require_registered(config, self.account.client.as_deref())?;
        let requested = EditInput {
            username: self.values.username.clone(),
            email: self.values.email.clone(),
            email_verified: self.values.email_verified,
            attributes: self.values.attributes.clone(),
        };
        let edit = parse_edit(&requested).map_err(|error| Failure::Usage(error.to_string()))?;
        let subject = self.account.id.meant();
        let subject = subject.map_err(|error| Failure::Usage(error.to_string()))?;
        let link_key = self.account.key(subject);
        let change = LinkChange { link_key, edit };
        match set_account(store, change, SystemClock.now()).await? {
            SetOutcome::Done { person_is_known } => {
                if !person_is_known {
                    print_note(&format_args!(
                        "nobody has heard of {subject}; compare it with users list"
                    ));
                }
                Ok(ExitCode::SUCCESS)
            }
            SetOutcome::Taken(conflicts) => Err(Failure::Refused(conflicts)),
        }
    }
}

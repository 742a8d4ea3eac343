//! `panda-oidc clients preview CLIENT PERSON`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use panda_oidc::app::App;
use panda_oidc::error_chain::explain;
use panda_oidc::service::preview::{self, Preview as Found};
use serde_json::{Map, Value};

use crate::cli::configured::ConfigArgs;
use crate::cli::output::{print, print_warning};
use crate::cli::person_id::{PersonId, unknown_user};

/// The exit code when the person may not use the client.
const DENIED_EXIT_CODE: u8 = 3;

/// Shows what a person would get in a client.
#[derive(Debug, Args)]
pub(in crate::cli) struct Preview {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// The client_id.
    client: String,
    /// The person's id in the portal.
    #[arg(value_name = "PERSON", value_parser = PersonId::parse)]
    person: PersonId,
    /// The scopes of the request, separated by blanks; without it, all that the client can have.
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,
    /// One JSON object, for scripts.
    #[arg(long)]
    json: bool,
}

impl Preview {
    pub(super) async fn run(&self, app: &Arc<App>) -> Result<ExitCode, String> {
        let client = app.clients.get(&self.client).ok_or_else(|| {
            let id = &self.client;
            format!("no client is registered as {id:?}; write a client_id of the configuration")
        })?;
        for subject in self.person.candidates() {
            let found = preview::preview(app, client, subject, self.scope.as_deref()).await;
            if let Some(found) = found.map_err(|error| explain(&error))? {
                return self.show(&found);
            }
        }
        let written = self.person.candidates().last();
        Err(unknown_user(written.map_or("", |id| id.as_str())))
    }

    fn show(&self, found: &Found) -> Result<ExitCode, String> {
        if self.json {
            print(&serde_json::to_string(found).map_err(|error| explain(&error))?);
        } else {
            print(&found.access);
            if let Some(claims) = &found.claims {
                print_claims("ID token", &claims.id_token);
                print_claims("Access token", &claims.access_token);
                print_claims("Userinfo", &claims.userinfo);
                for failure in &claims.failed_rules {
                    print_warning(&format_args!(
                        "the claim {} is left out: {}",
                        failure.claim, failure.reason
                    ));
                }
            }
        }
        Ok(if found.access.allowed {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(DENIED_EXIT_CODE)
        })
    }
}

fn print_claims(title: &str, claims: &Map<String, Value>) {
    print(&format_args!("\n{title}"));
    for (name, value) in claims {
        print(&format_args!("  {name}: {value}"));
    }
}

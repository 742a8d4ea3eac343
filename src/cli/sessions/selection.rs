//! The options that select sessions.

use clap::Args;
use openidconnect::ClientId;
use panda_oidc::session::{SessionFilter, SessionId};

use crate::cli::person_id::PersonId;

/// Which sessions a command is about.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct Selection {
    /// The sessions of the person with this id in the portal.
    #[arg(long, value_name = "ID")]
    pub person: Option<String>,
    /// The sessions in which this client signed somebody in.
    #[arg(long, value_name = "ID")]
    pub client: Option<String>,
    /// The session with this sid.
    #[arg(long, allow_hyphen_values = true)]
    pub sid: Option<String>,
}

impl Selection {
    /// What to look for, one after the other. A person's id may mean another one: `17.0` is 17, unless
    /// somebody has `17.0`.
    pub(super) fn filters(&self) -> Result<Vec<SessionFilter>, String> {
        if let Some(id) = &self.person {
            let id = PersonId::parse(id).map_err(|error| error.to_string())?;
            return Ok(id.candidates().cloned().map(SessionFilter::Of).collect());
        }
        let client = self.client.clone().map(ClientId::new);
        let sid = self.sid.clone().map(SessionId::from);
        Ok(vec![match (client, sid) {
            (Some(client), _) => SessionFilter::With(client),
            (None, Some(sid)) => SessionFilter::Sid(sid),
            (None, None) => SessionFilter::All,
        }])
    }

    /// The option that selects sessions, as it was written; `None` when all are selected.
    pub(super) fn written(&self) -> Option<String> {
        let option = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("--{name} {value}"))
        };
        option("person", &self.person)
            .or_else(|| option("client", &self.client))
            .or_else(|| option("sid", &self.sid))
    }
}

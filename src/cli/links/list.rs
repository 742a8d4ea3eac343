//! `panda-oidc links list`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;
use panda_oidc::config::Config;
use panda_oidc::people::{Attribute, Link};
use panda_oidc::store::Store;

use super::account::require_registered;
use super::failure::Failure;
use super::walk::{LinkJson, for_each_in_order, for_each_link};
use crate::cli::configured::ConfigArgs;
use crate::cli::table::Table;

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// Only the accounts in this client; `*` for those that are for all clients.
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) async fn run(
        &self,
        config: &Config,
        store: &dyn Store,
    ) -> Result<ExitCode, Failure> {
        self.require_client(config, store).await?;
        let mut out = io::BufWriter::new(io::stdout().lock());
        let in_requested_client = |client: Option<&str>| {
            let requested = self.client.as_deref();
            requested.is_none_or(|requested| requested == client.unwrap_or("*"))
        };
        if self.json {
            for_each_in_order(store, |link_key, link| {
                if in_requested_client(link_key.client.as_deref()) {
                    serde_json::to_writer(&mut out, &LinkJson::of(link_key, link))?;
                    writeln!(out)?;
                }
                Ok(())
            })
            .await?;
            out.flush()?;
            return Ok(ExitCode::SUCCESS);
        }
        let headings = [
            "ID",
            "CLIENT",
            "USERNAME",
            "EMAIL",
            "VERIFIED",
            "ATTRIBUTES",
        ];
        let mut table = Table::new(out, headings);
        for_each_in_order(store, |link_key, link| {
            if !in_requested_client(link_key.client.as_deref()) {
                return Ok(());
            }
            let verified = match (&link.email, link.email_verified) {
                (None, _) => "",
                (_, true) => "yes",
                (_, false) => "no",
            };
            Ok(table.row([
                link_key.subject.as_str(),
                link_key.client.as_deref().unwrap_or("*"),
                link.username.as_deref().unwrap_or_default(),
                link.email.as_deref().unwrap_or_default(),
                verified,
                &attributes(link),
            ])?)
        })
        .await?;
        table.end()?;
        Ok(ExitCode::SUCCESS)
    }

    /// Refuses a client that is not registered and has no accounts: it is misspelt. A client that is no
    /// longer registered may still have some.
    async fn require_client(&self, config: &Config, store: &dyn Store) -> Result<(), Failure> {
        let Some(client) = self.client.as_deref().filter(|client| *client != "*") else {
            return Ok(());
        };
        let registered = require_registered(config, Some(client));
        if registered.is_ok() {
            return Ok(());
        }
        let mut has_accounts = false;
        for_each_link(store, |link_key, _| {
            has_accounts |= link_key.client.as_deref() == Some(client);
            Ok(())
        })
        .await?;
        if has_accounts { Ok(()) } else { registered }
    }
}

fn attributes(link: &Link) -> String {
    let texts = link.attributes.iter().map(|(name, value)| match value {
        Attribute::One(text) => format!("{name}={text}"),
        Attribute::Many(list) => format!("{name}=[{}]", list.join(", ")),
    });
    texts.collect::<Vec<_>>().join(" ")
}

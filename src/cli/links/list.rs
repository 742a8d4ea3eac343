//! `panda-oidc links list`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;
use panda_oidc::people::{Attribute, Link};
use panda_oidc::store::SqliteStore;

use super::failure::Failure;
use super::walk::{LinkJson, for_each_in_order};
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
    pub(super) async fn run(&self, store: &SqliteStore) -> Result<ExitCode, Failure> {
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
}

fn attributes(link: &Link) -> String {
    let texts = link.attributes.iter().map(|(name, value)| match value {
        Attribute::One(text) => format!("{name}={text}"),
        Attribute::Many(list) => format!("{name}=[{}]", list.join(", ")),
    });
    texts.collect::<Vec<_>>().join(" ")
}

//! `panda-oidc tokens list`.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Args;
use panda_oidc::admin::Token;
use panda_oidc::error_chain::explain;
use panda_oidc::store::AdminTokens;
use panda_oidc_sdk::{Clock as _, SystemClock};
use serde::Serialize;

use crate::cli::configured::ConfigArgs;
use crate::cli::listing::{ListError, format_time, outcome, write_json};
use crate::cli::table::Table;

/// Lists the tokens.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// One JSON object a line, for scripts.
    #[arg(long)]
    json: bool,
}

/// A token as it is printed.
#[derive(Serialize)]
struct TokenLine<'a> {
    id: &'a str,
    name: &'a str,
    scopes: Vec<&'static str>,
    created_at: String,
    expires_at: Option<String>,
    expired: bool,
}

impl List {
    pub(super) async fn run(&self, store: &dyn AdminTokens) -> Result<ExitCode, String> {
        let tokens = store.admin_tokens().await;
        let tokens = tokens.map_err(|error| explain(&error))?;
        let now = SystemClock.now();
        let lines = tokens
            .iter()
            .map(|token| line_of(token, token.is_valid(now)));
        let out = BufWriter::new(io::stdout().lock());
        outcome(if self.json {
            json(lines, out)
        } else {
            table(lines, out)
        })
    }
}

fn json<'a>(
    lines: impl Iterator<Item = TokenLine<'a>>,
    mut out: impl Write,
) -> Result<(), ListError> {
    for line in lines {
        write_json(&mut out, &line)?;
    }
    Ok(out.flush()?)
}

fn table<'a>(lines: impl Iterator<Item = TokenLine<'a>>, out: impl Write) -> Result<(), ListError> {
    let headings = ["ID", "NAME", "CREATED", "EXPIRES", "SCOPES"];
    let mut table = Table::new(out, headings);
    for line in lines {
        let expires = match (&line.expires_at, line.expired) {
            (None, _) => "never".to_owned(),
            (Some(end), false) => end.clone(),
            (Some(_), true) => "expired".to_owned(),
        };
        let scopes = line.scopes.join(" ");
        table.row([line.id, line.name, &line.created_at, &expires, &scopes])?;
    }
    Ok(table.end()?)
}

fn line_of(token: &Token, is_valid: bool) -> TokenLine<'_> {
    TokenLine {
        id: &token.id,
        name: token.name.as_str(),
        scopes: token.scopes.iter().map(|scope| scope.as_str()).collect(),
        created_at: format_time(token.created_at),
        expires_at: token.expires_at.map(format_time),
        expired: !is_valid,
    }
}

//! `panda-oidc keys list`.

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use clap::Args;
use panda_oidc::keys::schedule::{ScheduledKey, schedule};
use panda_oidc::keys::{SealedKey, SigningAlg};
use panda_oidc::store::SealedKeys;
use panda_oidc_sdk::{Clock as _, SystemClock};
use serde::Serialize;

use crate::cli::configured::ConfigArgs;
use crate::cli::listing::{ListError, format_time, outcome, write_json};
use crate::cli::table::Table;

/// Lists signing keys.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// One JSON object a line, for scripts.
    #[arg(long)]
    json: bool,
}

/// A key as it is printed.
#[derive(Debug, Serialize)]
struct KeyLine<'a> {
    alg: &'a str,
    kid: &'a str,
    phase: &'static str,
    in_jwks: bool,
    created_at: String,
    signs_from: String,
    published_until: Option<String>,
    revoked_at: Option<String>,
}

impl List {
    pub(super) async fn run(&self, store: &dyn SealedKeys) -> Result<ExitCode, String> {
        outcome(self.print(store).await)
    }

    async fn print(&self, store: &dyn SealedKeys) -> Result<(), ListError> {
        let (keys, now) = (store.keys().await?, SystemClock.now());
        let scheduled = SigningAlg::ALL
            .into_iter()
            .flat_map(|alg| schedule(&keys, alg, now));
        let mut out = BufWriter::new(io::stdout().lock());
        if self.json {
            for one in scheduled {
                write_json(&mut out, &line_of(&one))?;
            }
            return Ok(out.flush()?);
        }
        let headings = ["ALG", "KID", "PHASE", "SIGNS FROM", "IN JWKS UNTIL"];
        let mut table = Table::new(out, headings);
        for one in scheduled {
            let line = line_of(&one);
            let until = line.published_until.as_deref().unwrap_or_default();
            table.row([line.alg, line.kid, line.phase, &line.signs_from, until])?;
        }
        Ok(table.end()?)
    }
}

fn line_of<'a>(one: &ScheduledKey<'a>) -> KeyLine<'a> {
    let key: &'a SealedKey = one.key;
    KeyLine {
        alg: &key.alg,
        kid: &key.kid,
        phase: one.phase.as_str(),
        in_jwks: one.phase.is_published(),
        created_at: format_time(key.created_at),
        signs_from: format_time(key.signs_from),
        published_until: one.published_until.map(format_time),
        revoked_at: key.revoked_at.map(format_time),
    }
}

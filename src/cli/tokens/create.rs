//! `panda-oidc tokens create NAME`.

use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use humantime_serde::re::humantime;
use panda_oidc::admin::{Scope, Token, TokenName, TokenSecret};
use panda_oidc::error_chain::explain;
use panda_oidc::store::AdminTokens;
use panda_oidc_sdk::{Clock as _, SystemClock};
use serde::Serialize;

use crate::cli::configured::ConfigArgs;
use crate::cli::listing::format_time;
use crate::cli::output::{print, print_note};

/// Creates a token.
#[derive(Debug, Args)]
pub(in crate::cli) struct Create {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// Who holds the token, for the list and the log.
    name: TokenName,
    /// What the token gives access to, such as `sessions:read`. May be repeated, or separated by commas.
    #[arg(
        long = "scope",
        value_name = "SCOPE",
        required = true,
        value_delimiter = ','
    )]
    scopes: Vec<Scope>,
    /// How long the token is valid, such as `12h` or `90d`; `never` for a token that does not expire.
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = parse_lifetime)]
    expires: Lifetime,
    /// One JSON object, for scripts.
    #[arg(long)]
    json: bool,
}

/// How long a token is valid.
#[derive(Debug, Clone, Copy)]
enum Lifetime {
    Never,
    After(TimeDelta),
}

fn parse_lifetime(text: &str) -> Result<Lifetime, String> {
    if text == "never" {
        return Ok(Lifetime::Never);
    }
    let lifetime = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let lifetime = TimeDelta::from_std(lifetime).ok();
    let positive = lifetime.filter(|lifetime| *lifetime > TimeDelta::zero());
    positive
        .map(Lifetime::After)
        .ok_or_else(|| "write a time from now on, such as 90d, or never".to_owned())
}

/// A new token as JSON.
#[derive(Serialize)]
struct Created<'a> {
    id: &'a str,
    name: &'a str,
    scopes: Vec<&'static str>,
    expires_at: Option<String>,
    token: &'a str,
}

impl Create {
    pub(super) async fn run(&self, store: &dyn AdminTokens) -> Result<ExitCode, String> {
        let now = SystemClock.now();
        let expires_at = self.expires_at(now)?;
        let mut rng = rand::rng();
        let secret = TokenSecret::random(&mut rng);
        let token = Token::new(
            &mut rng,
            self.name.clone(),
            self.scopes.clone(),
            now,
            expires_at,
        );
        let added = store.add_admin_token(&token, &secret.hash()).await;
        if !added.map_err(|error| explain(&error))? {
            return Err(format!(
                "there is a token named {}; choose another name, or revoke that one: `panda-oidc tokens list` \
                 shows its ID",
                self.name
            ));
        }
        if self.json {
            let created = Created {
                id: &token.id,
                name: token.name.as_str(),
                scopes: token.scopes.iter().map(|scope| scope.as_str()).collect(),
                expires_at: token.expires_at.map(format_time),
                token: secret.expose(),
            };
            print(&serde_json::to_string(&created).map_err(|error| explain(&error))?);
            return Ok(ExitCode::SUCCESS);
        }
        print(&secret.expose());
        let until = token.expires_at.map_or_else(
            || "does not expire".to_owned(),
            |end| format!("expires at {}", format_time(end)),
        );
        print_note(&format_args!(
            "this is the only time the token is shown; it {until}, and `panda-oidc tokens revoke {}` revokes it",
            token.id
        ));
        Ok(ExitCode::SUCCESS)
    }

    fn expires_at(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
        match self.expires {
            Lifetime::Never => Ok(None),
            Lifetime::After(lifetime) => now
                .checked_add_signed(lifetime)
                .filter(|end| end.timestamp() < MAX_EXPIRY)
                .map(Some)
                .ok_or_else(|| "that is too long; write --expires never".to_owned()),
        }
    }
}

/// The first second of the year 10000, which RFC 3339 cannot write.
const MAX_EXPIRY: i64 = 253_402_300_800;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_positive_time_or_never() {
        assert!(matches!(
            parse_lifetime("90d"),
            Ok(Lifetime::After(days)) if days == TimeDelta::days(90)
        ));
        assert!(matches!(parse_lifetime("never"), Ok(Lifetime::Never)));
        for text in ["", "0s", "-1d", "tomorrow", "99999999999999y"] {
            assert!(parse_lifetime(text).is_err(), "{text}");
        }
    }
}

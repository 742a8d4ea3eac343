//! `panda-oidc keys rotate`.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Args;
use panda_oidc::app::App;
use panda_oidc::error_chain::explain;
use panda_oidc::keys::schedule::{Phase, READ_WITHIN, schedule};
use panda_oidc::keys::{SealedKey, SigningAlg};

use crate::cli::configured::ConfigArgs;
use crate::cli::listing::format_time;
use crate::cli::output::{print, print_note};

/// Rotates the signing keys of all algorithms.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line"
)]
pub(in crate::cli) struct Rotate {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// Sign with new keys within a minute. Apps that have cached the keys refuse logins until they fetch them anew.
    #[arg(long)]
    now: bool,
    /// With --now: revoke all other keys, because they may be in other hands. Tokens that they signed are refused.
    #[arg(long, requires = "now")]
    revoke: bool,
    /// Change nothing; say what each client would see, and when.
    #[arg(long)]
    dry_run: bool,
    /// With --now: do not ask.
    #[arg(long)]
    yes: bool,
}

impl Rotate {
    pub(super) async fn run(&self, app: &Arc<App>) -> Result<ExitCode, String> {
        let keys = app.store.keys().await.map_err(|error| explain(&error))?;
        if self.now {
            self.run_now(app).await
        } else {
            self.run_ahead(app, &keys).await
        }
    }

    /// Makes the next keys, which are published before they sign.
    async fn run_ahead(&self, app: &App, keys: &[SealedKey]) -> Result<ExitCode, String> {
        let now = app.host.clock.now();
        for alg in SigningAlg::ALL {
            let Some(next) = app.key_rotation.next(keys, alg, now) else {
                let scheduled = schedule(keys, alg, now);
                let next = scheduled.iter().find(|one| one.phase == Phase::Next);
                if let Some(one) = next {
                    print(&format_args!(
                        "{}: the next key {} is in the JWKS already; it signs from {}",
                        alg.as_str(),
                        one.key.kid,
                        format_time(one.key.signs_from)
                    ));
                }
                continue;
            };
            let signs_from = format_time(next.signs_from);
            if self.dry_run {
                print(&format_args!(
                    "{}: a next key would be in the JWKS within a minute, and sign from {signs_from}",
                    alg.as_str()
                ));
                continue;
            }
            let key = SealedKey {
                signs_from: next.signs_from,
                ..generate(app, alg, now)?
            };
            let kid = key.kid.clone();
            let stored = app.store.insert_next(key, &next.after).await;
            if stored.map_err(|error| explain(&error))? {
                print(&format_args!(
                    "{}: the next key {kid} is in the JWKS within a minute; it signs from {signs_from}",
                    alg.as_str()
                ));
            } else {
                print_note(&format_args!(
                    "{}: another process has made the next key meanwhile",
                    alg.as_str()
                ));
            }
        }
        if self.dry_run {
            self.print_clients(app);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Makes keys that sign at once.
    async fn run_now(&self, app: &App) -> Result<ExitCode, String> {
        print(&self.consequences());
        if self.dry_run {
            self.print_clients(app);
            return Ok(ExitCode::SUCCESS);
        }
        self.confirm()?;
        let now = app.host.clock.now();
        // Every replica has read a key before one of them signs with it, unless the old ones are revoked.
        let (signs_from, revoked_at) = if self.revoke {
            (now, Some(now))
        } else {
            (now + READ_WITHIN, None)
        };
        let keys = SigningAlg::ALL.map(|alg| {
            let key = generate(app, alg, now)?;
            Ok(SealedKey { signs_from, ..key })
        });
        let keys = keys.into_iter().collect::<Result<Vec<_>, String>>()?;
        let stored = app.store.insert_keys(keys.clone(), revoked_at).await;
        stored.map_err(|error| explain(&error))?;
        for key in keys {
            print(&format_args!(
                "{}: {} signs from {}",
                key.alg,
                key.kid,
                format_time(key.signs_from)
            ));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn consequences(&self) -> &'static str {
        if self.revoke {
            "All present keys are revoked. Access tokens that are out are refused by this provider within ten seconds, \
             and by services once they read the JWKS again. Logins fail at apps that have cached the keys, until \
             these read the JWKS again; Grafana keeps them for up to an hour. Sessions and \
             refresh tokens go on."
        } else {
            "New keys sign in a minute. Logins fail at apps that have cached the keys, until these read the JWKS \
             again; Grafana keeps them for up to an hour. Tokens that are out stay valid. \
             Sessions and refresh tokens go on."
        }
    }

    fn confirm(&self) -> Result<(), String> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err("nothing was changed: without a terminal, --now needs --yes".into());
        }
        let mut answer = String::new();
        let _ = write!(io::stderr(), "Rotate now? Write yes: ");
        let read = io::stdin().read_line(&mut answer);
        match read {
            Ok(_) if answer.trim() == "yes" => Ok(()),
            _ => Err("nothing was changed".into()),
        }
    }

    /// What each client's verifier would see.
    fn print_clients(&self, app: &App) {
        for client in app.clients.all() {
            let (id_token, access_token) = (client.id_token_alg, client.access_token.alg);
            let sees = if self.now {
                "refuses tokens of the new keys until it reads the JWKS again"
            } else {
                "has to read the JWKS again before the new keys sign"
            };
            print(&format_args!(
                "client {}: {sees} (ID tokens {}, access tokens {})",
                client.id.as_str(),
                id_token.as_str(),
                access_token.as_str()
            ));
        }
    }
}

fn generate(app: &App, alg: SigningAlg, now: DateTime<Utc>) -> Result<SealedKey, String> {
    SealedKey::generate(alg, &app.key_sealer, now).map_err(|error| explain(&error))
}

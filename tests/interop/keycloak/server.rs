//! The Keycloak process: started once for all tests, gone when the test program is.

use std::fs;
use std::path::Path;
use std::process::Command;

use tokio::sync::OnceCell;

use crate::process::Processes;

/// What `.ci/keycloak.sh` lays ready.
const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/keycloak");

/// The database's administrator, made by `.ci/keycloak.sh`.
pub const ADMINISTRATOR: (&str, &str) = ("admin", "admin");

/// A running Keycloak.
pub struct Keycloak {
    /// Its address, without a slash at the end.
    pub url: String,
    _processes: Processes,
}

/// The Keycloak of this test run.
pub async fn keycloak() -> &'static Keycloak {
    static RUNNING: OnceCell<Keycloak> = OnceCell::const_new();
    RUNNING.get_or_init(start).await
}

/// Starts it over a copy of the database.
async fn start() -> Keycloak {
    let home = Path::new(HOME);
    assert!(
        home.join("provisioned").is_file(),
        "there is no Keycloak in target/keycloak: run `bash .ci/keycloak.sh` first"
    );
    let folder = tempfile::tempdir().unwrap().keep();
    let database = "keycloakdb.mv.db";
    fs::copy(home.join("data/h2").join(database), folder.join(database)).unwrap();
    let mut command = Command::new(home.join("bin/kc.sh"));
    command
        .args(["start", "--optimized", "--cache=local"])
        .args(["--http-enabled=true", "--hostname-strict=false"])
        .args(["--http-host=127.0.0.1", "--http-port=0"])
        .arg(format!(
            "--db-url=jdbc:h2:file:{}/keycloakdb;NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE",
            folder.display()
        ))
        .env("JAVA_OPTS_KC_HEAP", "-Xms64m -Xmx512m");
    let mut processes = Processes::start(&mut command, folder);
    // It answers 503 until it has booted.
    let ready = "/realms/master/.well-known/openid-configuration";
    let url = processes
        .until_ready(|log| Some(address(log)? + ready))
        .await;
    Keycloak {
        url: url.trim_end_matches(ready).to_owned(),
        _processes: processes,
    }
}

/// Where it listens, once it says so: it was given port 0.
fn address(log: &str) -> Option<String> {
    let (_, after) = log.split_once("Listening on: ")?;
    let (address, _) = after.split_once('\n')?;
    Some(address.trim_end().to_owned())
}

//! The Keycloak process: started once for all tests, stopped with the test program.

use std::fs;
use std::path::Path;
use std::process::Command;

use tokio::sync::OnceCell;

use crate::process::Processes;

/// The folder that `.ci/keycloak.sh` fills.
const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/keycloak");

/// Username and password of the administrator that `.ci/keycloak.sh` creates.
pub const ADMINISTRATOR: (&str, &str) = ("admin", "admin");

/// A running Keycloak.
pub struct Keycloak {
    /// Its address, without a trailing slash.
    pub url: String,
    _processes: Processes,
}

/// The Keycloak of this test run; the first call starts it.
pub async fn keycloak() -> &'static Keycloak {
    static RUNNING: OnceCell<Keycloak> = OnceCell::const_new();
    RUNNING.get_or_init(start).await
}

/// Starts Keycloak with a copy of the provisioned database.
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
    // Keycloak responds with 503 until it has booted.
    let ready = "/realms/master/.well-known/openid-configuration";
    let url = processes
        .until_ready(|log| Some(address(log)? + ready))
        .await;
    Keycloak {
        url: url.trim_end_matches(ready).to_owned(),
        _processes: processes,
    }
}

/// The address that Keycloak logs once it listens. Its port was chosen by the system.
fn address(log: &str) -> Option<String> {
    let (_, after) = log.split_once("Listening on: ")?;
    let (address, _) = after.split_once('\n')?;
    Some(address.trim_end().to_owned())
}

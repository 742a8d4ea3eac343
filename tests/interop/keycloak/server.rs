//! The Keycloak process: started once for all tests, gone when the test program is.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

/// What `.ci/keycloak.sh` lays ready.
const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/keycloak");

/// Ends a process group, and removes its folder, once its input does: whatever way this program
/// ends, its side of the pipe closes.
const WATCHMAN: &str = "cat > /dev/null; kill -s KILL -- \"-$1\"; rm -rf \"$2\"";

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

async fn start() -> Keycloak {
    assert!(
        Path::new(HOME).join("provisioned").is_file(),
        "there is no Keycloak in target/keycloak: run `bash .ci/keycloak.sh` first"
    );
    let folder = tempfile::tempdir().unwrap().keep();
    let log = folder.join("log");
    let mut processes = Processes::start(&folder, &log).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let patience = Instant::now() + Duration::from_mins(5);
    loop {
        let said = fs::read_to_string(&log).unwrap();
        if let Some(url) = address(&said) {
            // It answers 503 until it has booted.
            let ready = format!("{url}/realms/master/.well-known/openid-configuration");
            if matches!(http.get(ready).send().await, Ok(answer) if answer.status() == 200) {
                return Keycloak {
                    url,
                    _processes: processes,
                };
            }
        }
        let ended = processes.java.try_wait().unwrap();
        assert!(ended.is_none(), "Keycloak ended: {said}");
        assert!(Instant::now() < patience, "Keycloak is not ready: {said}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

struct Processes {
    java: Child,
    _watchman: Child,
}

impl Processes {
    /// Starts Keycloak over a copy of the database in `folder`, as the leader of a process group,
    /// for its script and Java to be ended together.
    fn start(folder: &Path, log: &Path) -> io::Result<Self> {
        let home = Path::new(HOME);
        let database = "keycloakdb.mv.db";
        fs::copy(home.join("data/h2").join(database), folder.join(database))?;
        let log = File::create(log)?;
        let java = Command::new(home.join("bin/kc.sh"))
            .args(["start", "--optimized", "--cache=local"])
            .args(["--http-enabled=true", "--hostname-strict=false"])
            .args(["--http-host=127.0.0.1", "--http-port=0"])
            .arg(format!(
                "--db-url=jdbc:h2:file:{}/keycloakdb;NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE",
                folder.display()
            ))
            .env("JAVA_OPTS_KC_HEAP", "-Xms64m -Xmx512m")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let watchman = Command::new("sh")
            .args(["-c", WATCHMAN, "watchman", &java.id().to_string()])
            .arg(folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            java,
            _watchman: watchman,
        })
    }
}

/// Where it listens, once it says so: it was given port 0.
fn address(log: &str) -> Option<String> {
    let (_, after) = log.split_once("Listening on: ")?;
    let (address, _) = after.split_once('\n')?;
    Some(address.trim_end().to_owned())
}

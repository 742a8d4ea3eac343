//! The built binary, run as an operator runs it.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::app::RelyingParty;

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_panda-oidc");

/// A client of the program's, as configured by [`Program::start`].
pub const CLIENT_ID: &str = "app";
/// Its secret.
pub const CLIENT_SECRET: &str = "app-secret-0123456789abcdef";
/// Where its codes go. Nobody listens there.
pub const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";

/// `panda-oidc serve`, running; it is killed when this is dropped.
pub struct Program {
    /// The provider's name and address.
    pub issuer: String,
    /// The admin listener's address.
    pub admin: String,
    child: Option<Child>,
    folder: Arc<tempfile::TempDir>,
}

/// How long a start, or an end, is waited for.
const START_TIMEOUT: Duration = Duration::from_secs(40);

/// What it logs when it is asked for a page that is none.
const MARK: &str = "Refused: there is no such page";

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    listener.local_addr().unwrap().port()
}

impl Program {
    /// Starts the program over the portal at `portal`, with one client and what `more` adds to the
    /// configuration.
    pub async fn start(portal: &str, more: &str) -> Self {
        Self::start_with(portal, "", more).await
    }

    /// As [`Program::start`]; `provider` is more lines of `[provider]`.
    pub async fn start_with(portal: &str, provider: &str, more: &str) -> Self {
        let mut program = Self::prepare(portal, provider, more);
        program.restart().await;
        program
    }

    /// As [`Program::start_with`], but does not start it.
    pub fn prepare(portal: &str, provider: &str, more: &str) -> Self {
        let (public, admin) = (free_port(), free_port());
        let folder = tempfile::tempdir().unwrap();
        let mut toml = String::new();
        let at = folder.path().display();
        write!(
            toml,
            "issuer = 'http://127.0.0.1:{public}'\n\
             [server]\nlisten = '127.0.0.1:{public}'\n\
             [admin]\nlisten = '127.0.0.1:{admin}'\n\
             [provider]\nkind = 'panda'\nbase_url = '{portal}'\n{provider}\n\
             [store]\nkind = 'sqlite'\npath = '{at}/data/panda-oidc.db'\n\
             [keys]\nmaster_key_file = '{at}/data/master.key'\n\
             [[clients]]\nclient_id = '{CLIENT_ID}'\nclient_secret = '{CLIENT_SECRET}'\n\
             redirect_uris = ['{REDIRECT_URI}']\ninitiate_login_uri = 'http://127.0.0.1:9/login'\n\
             id_token_signed_response_alg = 'ES256'\n{more}\n"
        )
        .unwrap();
        fs::write(folder.path().join("panda-oidc.toml"), toml).unwrap();
        Self {
            issuer: format!("http://127.0.0.1:{public}"),
            admin: format!("http://127.0.0.1:{admin}"),
            child: None,
            folder: Arc::new(folder),
        }
    }

    /// The same program over the same folder at other addresses, not started.
    pub fn twin(&self) -> Self {
        Self {
            issuer: format!("http://127.0.0.1:{}", free_port()),
            admin: format!("http://127.0.0.1:{}", free_port()),
            child: None,
            folder: Arc::clone(&self.folder),
        }
    }

    /// Starts it again over what the last run left, and waits until it is ready.
    pub async fn restart(&mut self) {
        self.kill();
        self.spawn();
        self.until_ready().await;
    }

    /// Starts it, and waits for nothing.
    pub fn spawn(&mut self) {
        self.spawn_by(&mut Command::new(BINARY));
    }

    /// Starts it by a command that takes the binary's arguments. Its output goes to the log.
    pub fn spawn_by(&mut self, command: &mut Command) {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        self.spawn_into(command, log.try_clone().unwrap(), log);
    }

    /// As [`Program::spawn_by`], with its output going elsewhere.
    pub fn spawn_into(
        &mut self,
        command: &mut Command,
        stdout: impl Into<Stdio>,
        stderr: impl Into<Stdio>,
    ) {
        let address = |url: &str| url.trim_start_matches("http://").to_owned();
        let child = command
            .args(["serve", "--config"])
            .arg(self.config_file())
            .env("RUST_LOG", "trace")
            .env("PANDA_OIDC__SERVER__LISTEN", address(&self.issuer))
            .env("PANDA_OIDC__ADMIN__LISTEN", address(&self.admin))
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// Waits until it is ready.
    pub async fn until_ready(&mut self) {
        let patience = Instant::now() + START_TIMEOUT;
        while self.end_or_answer().await != Ok(200) {
            assert!(self.child.is_some(), "it ended: {}", self.log());
            assert!(Instant::now() < patience, "not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until it says whether it is ready, by a status, or ends by itself.
    pub async fn end_or_answer(&mut self) -> Result<u16, ExitStatus> {
        let http = reqwest::Client::builder().no_proxy().timeout(START_TIMEOUT);
        let http = http.build().unwrap();
        let ready = format!("{}/readyz", self.admin);
        let patience = Instant::now() + START_TIMEOUT;
        loop {
            if let Ok(answer) = http.get(&ready).send().await {
                return Ok(answer.status().as_u16());
            }
            let child = self.child.as_mut().expect("it was started");
            if let Some(status) = child.try_wait().unwrap() {
                self.child = None;
                return Err(status);
            }
            assert!(Instant::now() < patience, "no answer: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGKILL, at once.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGTERM, and waits for the end. Says whether it ended well.
    pub async fn stop(&mut self) -> bool {
        self.terminate();
        self.end().await.success()
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        let told = Command::new("kill").arg(self.pid().to_string()).status();
        assert!(told.unwrap().success());
    }

    /// Waits for the end.
    pub async fn end(&mut self) -> ExitStatus {
        let patience = Instant::now() + START_TIMEOUT;
        loop {
            let child = self.child.as_mut().expect("it was started");
            if let Some(status) = child.try_wait().unwrap() {
                self.child = None;
                return status;
            }
            assert!(Instant::now() < patience, "no end: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Its configuration.
    pub fn config_file(&self) -> PathBuf {
        self.folder.path().join("panda-oidc.toml")
    }

    /// Everything it has logged up to now, at the most talkative level.
    pub fn log(&self) -> String {
        let read = || fs::read_to_string(self.log_file()).unwrap_or_default();
        let marks = |log: &str| log.matches(MARK).count();
        // Lines are written one after the other, a moment after they were said: once the next one
        // is there, so are all before it.
        let mut log = read();
        let before = marks(&log);
        if self.child.is_some() && self.mark().is_ok() {
            let patience = Instant::now() + START_TIMEOUT;
            while marks(&log) == before && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(2));
                log = read();
            }
        }
        log
    }

    /// Has it log [`MARK`], if it answers.
    fn mark(&self) -> io::Result<()> {
        let address = self.issuer.trim_start_matches("http://");
        let mut there = TcpStream::connect(address)?;
        there.set_read_timeout(Some(Duration::from_secs(5)))?;
        let asked =
            format!("GET /nowhere HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        there.write_all(asked.as_bytes())?;
        there.read_exact(&mut [0])
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The folder of its database and keys.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder of its configuration.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// An address below the issuer.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// The client it is configured with.
    pub fn client(&self) -> RelyingParty {
        RelyingParty {
            issuer: self.issuer.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(CLIENT_SECRET.to_owned()),
            redirect_uri: REDIRECT_URI.to_owned(),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

//! The built binary, run as an operator runs it.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::app::RelyingParty;

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_panda-oidc");

/// The client that [`Program::prepare`] configures.
pub const CLIENT_ID: &str = "app";
/// Its secret.
pub const CLIENT_SECRET: &str = "app-secret-0123456789abcdef";
/// Its redirect URI. Nothing listens at this address.
pub const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";

/// `panda-oidc serve`. The process is killed when this is dropped.
pub struct Program {
    /// The issuer, which is also the provider's address.
    pub issuer: String,
    /// The admin listener's address.
    pub admin: String,
    child: Option<Child>,
    folder: Arc<tempfile::TempDir>,
}

/// The longest wait for the program to start or to exit.
const START_TIMEOUT: Duration = Duration::from_secs(40);

/// The log message for a connection that ends in the middle of a request.
const MARKER: &str = "A connection ended early";

/// A free port. It is below the range from which the system takes the ports of outgoing connections, one
/// of which could take it before the program does.
pub fn free_port() -> u16 {
    const PORTS: std::ops::Range<u32> = 20_000..32_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let seed = std::process::id().wrapping_mul(97);
    loop {
        let next = seed.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + next % (PORTS.end - PORTS.start);
        let port = u16::try_from(port).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

impl Program {
    /// Starts the program with the portal at `portal` and one client. `more` is appended to the
    /// configuration: lines of the client's table first, then further tables.
    pub async fn start(portal: &str, more: &str) -> Self {
        Self::start_with(portal, "", more).await
    }

    /// As [`Program::start`]; `provider` is additional lines of `[provider]`.
    pub async fn start_with(portal: &str, provider: &str, more: &str) -> Self {
        let mut program = Self::prepare(portal, provider, more);
        program.restart().await;
        program
    }

    /// Writes the configuration of [`Program::start_with`] without starting the program.
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

    /// A second program with the same folder at other addresses. It is not started.
    pub fn twin(&self) -> Self {
        Self {
            issuer: format!("http://127.0.0.1:{}", free_port()),
            admin: format!("http://127.0.0.1:{}", free_port()),
            child: None,
            folder: Arc::clone(&self.folder),
        }
    }

    /// Kills it if it runs, starts it again on the same data, and waits until it is ready.
    pub async fn restart(&mut self) {
        self.kill();
        self.spawn();
        self.until_ready().await;
    }

    /// Starts it without waiting for it.
    pub fn spawn(&mut self) {
        self.spawn_by(&mut Command::new(BINARY));
    }

    /// Starts it with `command`, to which the binary's arguments are appended. Its output goes to
    /// the log.
    pub fn spawn_by(&mut self, command: &mut Command) {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        self.spawn_into(command, log.try_clone().unwrap(), log);
    }

    /// As [`Program::spawn_by`], with its output going to `stdout` and `stderr`.
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
        let deadline = Instant::now() + START_TIMEOUT;
        while self.exit_or_readiness().await != Ok(200) {
            assert!(self.child.is_some(), "it ended: {}", self.log());
            assert!(Instant::now() < deadline, "not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until its readiness endpoint responds, or it exits. Returns the HTTP status or the exit
    /// status.
    pub async fn exit_or_readiness(&mut self) -> Result<u16, ExitStatus> {
        let http = reqwest::Client::builder().no_proxy().timeout(START_TIMEOUT);
        let http = http.build().unwrap();
        let ready = format!("{}/readyz", self.admin);
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if let Ok(answer) = http.get(&ready).send().await {
                return Ok(answer.status().as_u16());
            }
            let child = self.child.as_mut().expect("it was started");
            if let Some(status) = child.try_wait().unwrap() {
                self.child = None;
                return Err(status);
            }
            assert!(Instant::now() < deadline, "no answer: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Sends SIGTERM and waits until it exits. Returns whether it succeeded.
    pub async fn stop(&mut self) -> bool {
        self.terminate();
        self.end().await.success()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        let status = Command::new("kill").arg(self.pid().to_string()).status();
        assert!(status.unwrap().success());
    }

    /// Waits until it exits.
    pub async fn end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            let child = self.child.as_mut().expect("it was started");
            if let Some(status) = child.try_wait().unwrap() {
                self.child = None;
                return status;
            }
            assert!(Instant::now() < deadline, "no end: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The process ID.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// The path of its configuration.
    pub fn config_file(&self) -> PathBuf {
        self.folder.path().join("panda-oidc.toml")
    }

    /// Everything it has logged so far, at level `trace`.
    pub fn log(&self) -> String {
        let read = || fs::read_to_string(self.log_file()).unwrap_or_default();
        let count_marks = |log: &str| log.matches(MARKER).count();
        // Log lines are written asynchronously, but in order. Once a line for a new request is in
        // the file, so are all lines before it.
        let mut log = read();
        let before = count_marks(&log);
        let deadline = Instant::now() + START_TIMEOUT;
        // A program that shuts down may close the connection without a line, and then refuses the next.
        while self.child.is_some() && Instant::now() < deadline && self.log_marker().is_ok() {
            let next_try = Instant::now() + Duration::from_secs(1);
            while Instant::now() < next_try {
                log = read();
                if count_marks(&log) > before {
                    return log;
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        read()
    }

    /// Makes it log [`MARKER`], if it answers requests.
    fn log_marker(&self) -> io::Result<()> {
        let address = self.issuer.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        // A request that breaks off. Refusals would do less well: repeated ones are summed up.
        stream.write_all(b"GET / HTTP/1.1\r\n")?;
        stream.shutdown(Shutdown::Write)?;
        io::copy(&mut stream, &mut io::sink()).map(drop)
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The folder of its database and keys.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder of its configuration, its data and its log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A URL below the issuer.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// The configured client.
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

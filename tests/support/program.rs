//! The built binary, run as an operator runs it.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
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
    folder: tempfile::TempDir,
}

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
        let mut program = Self {
            issuer: format!("http://127.0.0.1:{public}"),
            admin: format!("http://127.0.0.1:{admin}"),
            child: None,
            folder,
        };
        program.restart().await;
        program
    }

    /// Starts it again over what the last run left, and waits until it is ready.
    pub async fn restart(&mut self) {
        self.kill();
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        let child = Command::new(BINARY)
            .args(["serve", "--config"])
            .arg(self.folder.path().join("panda-oidc.toml"))
            .env("RUST_LOG", "trace")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let ready = format!("{}/readyz", self.admin);
        let patience = Instant::now() + Duration::from_secs(30);
        while !matches!(http.get(&ready).send().await, Ok(answer) if answer.status() == 200) {
            let child = self.child.as_mut().unwrap();
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {}", self.log());
            assert!(Instant::now() < patience, "not ready: {}", self.log());
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
        let Some(mut child) = self.child.take() else {
            return false;
        };
        let told = Command::new("kill").arg(child.id().to_string()).status();
        assert!(told.unwrap().success());
        tokio::task::spawn_blocking(move || child.wait().unwrap().success())
            .await
            .unwrap()
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Everything it has written to its log, at the most talkative level.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap()
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

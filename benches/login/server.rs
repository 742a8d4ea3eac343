//! A provider in a process of its own, and its resource usage as the kernel reports it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use super::http::{Connection, DISCOVERY};
use super::login::{Client, REDIRECT_URI, SECRET};

/// A configuration and the data directory of a server.
pub(crate) struct ServerFixture {
    pub(crate) address: SocketAddr,
    binary: PathBuf,
    folder: tempfile::TempDir,
}

/// A running server. It is killed when this is dropped.
pub(crate) struct Server(Child);

/// The processor time a server has used.
#[derive(Debug, Clone, Default)]
pub(crate) struct Used {
    /// The time of all threads, including ended ones.
    pub(crate) total: Duration,
    /// The time of the running threads, by name.
    threads: BTreeMap<String, Duration>,
}

impl ServerFixture {
    /// The configuration of `clients`, of `more` unused clients, and of the database: SQLite, or the URL of
    /// PostgreSQL.
    pub(crate) fn new(
        binary: &Path,
        portal: &str,
        clients: &[Client],
        more: usize,
        postgres: Option<&str>,
    ) -> Self {
        let (address, admin) = (free_address(), free_address());
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display();
        let store = match postgres {
            Some(url) => format!("kind = 'postgres'\nurl = '{url}'"),
            None => format!("path = '{at}/data/panda-oidc.db'"),
        };
        let mut toml = format!(
            "issuer = 'http://{address}'\n\
             [server]\nlisten = '{address}'\n\
             [admin]\nlisten = '{admin}'\n\
             [provider]\nkind = 'panda'\nbase_url = '{portal}'\n\
             [store]\n{store}\n\
             [keys]\nmaster_key_file = '{at}/data/master.key'\n"
        );
        for client in clients {
            write!(
                toml,
                "[[clients]]\nclient_id = '{}'\nclient_secret = '{SECRET}'\n\
                 redirect_uris = ['{REDIRECT_URI}']\n\
                 initiate_login_uri = 'http://127.0.0.1:9/login'\n\
                 token_endpoint_auth_method = 'client_secret_basic'\nrequire_pkce = true\n\
                 id_token_signed_response_alg = '{}'\naccess_token_signed_response_alg = '{}'\n",
                client.id, client.id_token, client.access_token
            )
            .unwrap();
        }
        for number in 0..more {
            write!(
                toml,
                "[[clients]]\nclient_id = 'app-{number}'\nclient_secret = '{SECRET}-{number}'\n\
                 redirect_uris = ['https://app-{number}.example/callback']\n"
            )
            .unwrap();
        }
        fs::write(folder.path().join("panda-oidc.toml"), toml).unwrap();
        Self {
            address,
            binary: binary.to_owned(),
            folder,
        }
    }

    /// Starts a server. Returns it with the time until discovery answered 200.
    pub(crate) async fn start(&self) -> (Server, Duration) {
        let mut command = Command::new(&self.binary);
        command
            .args(["serve", "--config"])
            .arg(self.folder.path().join("panda-oidc.toml"))
            .env_remove("RUST_LOG");
        Server::start(&mut command, self.address, &self.log()).await
    }

    /// The path of the database.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("data/panda-oidc.db")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The server's log.
    pub(crate) fn read_log(&self) -> String {
        fs::read_to_string(self.log()).unwrap()
    }
}

impl Server {
    /// Starts `command`, which writes its log to standard error. Returns it with the time until discovery
    /// answered 200.
    pub(crate) async fn start(
        command: &mut Command,
        address: SocketAddr,
        log: &Path,
    ) -> (Self, Duration) {
        let started = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(log).unwrap())
            .spawn()
            .unwrap();
        let mut server = Self(child);
        while !is_ready(address).await {
            let ended = server.0.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "it ended: {}",
                fs::read_to_string(log).unwrap()
            );
            assert!(started.elapsed() < Duration::from_secs(30), "it hangs");
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        (server, started.elapsed())
    }

    /// Stops it with SIGTERM, as a service manager does.
    pub(crate) fn stop(mut self) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }

    /// The processor time it has used so far.
    pub(crate) fn used(&self) -> Used {
        Used::of_process(&PathBuf::from(format!("/proc/{}", self.0.id())))
    }

    /// The memory it occupies, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap() * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Used {
    /// The processor time of a process, given its folder in `/proc`.
    pub(crate) fn of_process(process: &Path) -> Self {
        let mut used = Used {
            total: ticks(&fs::read_to_string(process.join("stat")).unwrap()),
            threads: BTreeMap::new(),
        };
        for thread in fs::read_dir(process.join("task")).unwrap() {
            let thread = thread.unwrap().path();
            // A thread that has ended in the meantime has no name any more.
            let Ok(name) = fs::read_to_string(thread.join("comm")) else {
                continue;
            };
            let time = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
            let time = time.split(' ').next().and_then(|time| time.parse().ok());
            *used.threads.entry(name.trim().to_owned()).or_default() +=
                Duration::from_nanos(time.unwrap_or(0));
        }
        used
    }

    /// The time used since `before`.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let threads = self.threads.iter().map(|(name, time)| {
            let before = before.threads.get(name).copied().unwrap_or_default();
            (name.clone(), time.saturating_sub(before))
        });
        Self {
            total: self.total.saturating_sub(before.total),
            threads: threads.collect(),
        }
    }

    /// The threads whose names begin with `prefix`, as if there were no others.
    pub(crate) fn by_threads(mut self, prefix: &str) -> Self {
        self.threads.retain(|name, _| name.starts_with(prefix));
        self.total = self.threads.values().sum();
        self
    }

    /// The time of the threads whose names begin with `prefix`.
    pub(crate) fn of(&self, prefix: &str) -> Duration {
        let named = self.threads.iter();
        let named = named.filter(|(name, _)| name.starts_with(prefix));
        named.map(|(_, time)| *time).sum()
    }
}

/// The sum of `utime` and `stime` of a `stat` file (proc(5)), in clock ticks of 10 ms. The kernel
/// scales the sum to the time it has measured, so it is exact except for the last tick.
fn ticks(stat: &str) -> Duration {
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let times = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = times.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}

async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(address).await else {
        return false;
    };
    matches!(connection.ask(DISCOVERY).await, Ok(answer) if answer.status == 200)
}

/// An address that was free a moment ago. Its port is below the range from which the system takes the ports of
/// outgoing connections, one of which could take it before the server does.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).unwrap();
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

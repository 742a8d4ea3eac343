//! Servers of PostgreSQL and PgBouncer for tests, each with a folder and a port of its own. `.ci/postgresql.sh`
//! installs them. They run as the user `postgres`, since PostgreSQL refuses to run as root, and end with the test
//! program even if that is killed.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The user that Debian's package makes.
const USER: &str = "postgres";

/// How long a server may take to start or stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// A version of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Debian's.
    Debian,
    /// The newest one.
    Newest,
}

/// A server of PostgreSQL. It is stopped when this is dropped.
pub struct PostgresServer {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    child: Option<Child>,
}

/// PgBouncer in transaction mode before a server. It is stopped when this is dropped.
pub struct PgBouncer {
    _folder: TempDir,
    port: u16,
    child: Child,
}

impl PostgresServer {
    /// Makes a new cluster and starts it.
    pub fn start(version: Version) -> Self {
        let folder = folder_of_user();
        let programs = match version {
            Version::Debian => PathBuf::from("/usr/lib/postgresql/15/bin"),
            // The user cannot read the project's folder, if that belongs to another one alone.
            Version::Newest => {
                let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/postgresql/newest/.");
                let to = folder.path().join("programs");
                run(Command::new("cp").arg("-r").arg(from).arg(&to));
                run(Command::new("chmod").args(["-R", "a+rX"]).arg(&to));
                to.join("bin")
            }
        };
        let installed = programs.join("initdb").exists();
        assert!(
            installed,
            "there is no PostgreSQL: run `bash .ci/postgresql.sh` first"
        );
        run(as_user(&programs.join("initdb"))
            .args([
                "--no-sync",
                "--auth=scram-sha-256",
                "--username=panda",
                "--encoding=UTF8",
            ])
            .args(["--locale=C", "--pwfile"])
            .arg(password_file(folder.path()))
            .arg("-D")
            .arg(folder.path().join("data")));
        let mut server = Self {
            programs,
            port: free_port(),
            folder,
            child: None,
        };
        server.resume();
        server
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgresql://panda:{PASSWORD}@127.0.0.1:{}/{database}",
            self.port
        )
    }

    /// Starts the server again after [`stop`](Self::stop).
    pub fn resume(&mut self) {
        let mut command = as_user(&self.programs.join("postgres"));
        command.arg("-D").arg(self.folder.path().join("data"));
        for setting in [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", self.folder.path().display()),
            "max_connections=200".to_owned(),
            // A test loses no data to a power failure.
            "fsync=off".to_owned(),
            "shared_buffers=32MB".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
        self.child = Some(spawn(command, &self.folder.path().join("log")));
        await_port(self.port);
        self.await_queries();
    }

    /// Stops the server at once: what it was doing is cut off, as by a failure (`immediate`).
    pub fn stop(&mut self) {
        if let Some(child) = self.child.take() {
            end(child, "QUIT");
        }
    }

    /// Runs SQL in a database, and returns its rows as text.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let output = self.psql(database, sql).output().unwrap();
        assert!(
            output.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn psql(&self, database: &str, sql: &str) -> Command {
        let mut command = Command::new("/usr/lib/postgresql/15/bin/psql");
        command
            .args([
                "--no-psqlrc",
                "--tuples-only",
                "--no-align",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                sql,
            ])
            .arg(self.url(database));
        command
    }

    /// The port opens before the server accepts queries, when it recovers from a failure.
    fn await_queries(&self) {
        let began = Instant::now();
        while !self
            .psql("postgres", "SELECT 1")
            .output()
            .unwrap()
            .status
            .success()
        {
            assert!(
                began.elapsed() < PATIENCE,
                "PostgreSQL accepts no queries: {}",
                self.log()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl PgBouncer {
    /// Starts PgBouncer for every database of `server`.
    pub fn start(server: &PostgresServer) -> Self {
        let folder = folder_of_user();
        let port = free_port();
        let users = folder.path().join("users.txt");
        fs::write(&users, format!("\"panda\" \"{PASSWORD}\"\n")).unwrap();
        let settings = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = scram-sha-256\nauth_file = {}\npool_mode = transaction\n\
             default_pool_size = 4\nmax_client_conn = 400\nserver_idle_timeout = 5\n",
            server.port,
            users.display(),
        );
        fs::write(&settings, text).unwrap();
        for file in [&users, &settings] {
            fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
        }
        let mut command = as_user(Path::new("/usr/sbin/pgbouncer"));
        command.arg(&settings);
        let child = spawn(command, &folder.path().join("log"));
        await_port(port);
        Self {
            _folder: folder,
            port,
            child,
        }
    }

    /// The URL of a database through PgBouncer.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgresql://panda:{PASSWORD}@127.0.0.1:{}/{database}",
            self.port
        )
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The password of the role `panda`.
const PASSWORD: &str = "a-password-of-the-tests";

/// A folder that belongs to the user.
fn folder_of_user() -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix("postgresql-")
        .tempdir()
        .unwrap();
    let [user, group] = ["-u", "-g"].map(|option| {
        let id = Command::new("id").args([option, USER]).output().unwrap();
        String::from_utf8(id.stdout)
            .unwrap()
            .trim()
            .parse::<u32>()
            .ok()
    });
    assert!(
        user.is_some(),
        "there is no PostgreSQL: run `bash .ci/postgresql.sh` first"
    );
    chown(folder.path(), user, group).unwrap();
    remove_at_the_end(folder.path());
    folder
}

/// Removes a folder once this program has ended, however it ends: a server in a static is never dropped.
#[expect(clippy::zombie_processes, reason = "it outlives this program")]
fn remove_at_the_end(folder: &Path) {
    // The pipe closes with the program, and then the servers are killed.
    let mut reaper = Command::new("sh")
        .args(["-c", "cat; sleep 1; exec rm -rf -- \"$0\""])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::mem::forget(reaper.stdin.take());
}

fn password_file(folder: &Path) -> PathBuf {
    let file = folder.join("password");
    fs::write(&file, PASSWORD).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    file
}

/// A command as the user, which ends when the thread that started it does.
fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid",
            USER,
            "--regid",
            USER,
            "--clear-groups",
            "--pdeathsig",
            "KILL",
        ])
        .arg(program)
        .current_dir("/");
    command
}

/// Starts `command`. A thread that lasts as long as this program starts it, so that it ends only with the program.
fn spawn(mut command: Command, log: &Path) -> Child {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(log)
        .unwrap();
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        send.send(command.spawn().unwrap()).unwrap();
        loop {
            thread::park();
        }
    });
    receive.recv().unwrap()
}

fn end(mut child: Child, signal: &str) {
    run(Command::new("kill").args(["-s", signal, &child.id().to_string()]));
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < PATIENCE, "a server does not stop");
        thread::sleep(Duration::from_millis(10));
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn await_port(port: u16) {
    let began = Instant::now();
    while TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_err() {
        assert!(began.elapsed() < PATIENCE, "no server listens on {port}");
        thread::sleep(Duration::from_millis(20));
    }
}

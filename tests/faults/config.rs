//! The operator's slips: each ends the start at once, with one sentence that names file, key and
//! remedy and tells no secret; `check` says the same.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::program::{BINARY, free_port};

/// What no message may repeat.
const SECRET: &str = "hunter2-hunter2-hunter2";

/// A folder with a configuration that is right, at addresses that are free.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("panda-oidc.toml")
    }

    fn right(&self) -> String {
        format!(
            "issuer = 'https://sso.example.com'\n\
             [server]\nlisten = '127.0.0.1:{public}'\n\
             [admin]\nlisten = '127.0.0.1:{admin}'\n\
             [provider]\nkind = 'panda'\nbase_url = 'http://127.0.0.1:9'\n\
             [store]\npath = '{at}/data/panda-oidc.db'\n\
             [keys]\nmaster_key_file = '{at}/data/master.key'\n\
             [[clients]]\nclient_id = 'app'\nclient_secret = '{SECRET}'\n\
             redirect_uris = ['https://app.example.com/callback']\n",
            public = free_port(),
            admin = free_port(),
            at = self.0.path().display(),
        )
    }

    /// The one sentence `serve` ends with over what the file holds now.
    #[track_caller]
    fn refused(&self) -> String {
        let told = run("serve", &self.file());
        assert!(!self.0.path().join("data").exists(), "it made something");
        told
    }

    /// As [`Desk::refused`]; `check` has to say the same.
    #[track_caller]
    fn refused_by_both(&self) -> String {
        let told = self.refused();
        assert_eq!(run("check", &self.file()), told);
        let file = format!("error: {}: ", self.file().display());
        told.strip_prefix(&file).expect(&told).to_owned()
    }

    /// What is said of the right file with `from` changed `to`.
    #[track_caller]
    fn slip(&self, from: &str, to: &str) -> String {
        let right = self.right();
        assert!(right.contains(from), "{from}");
        fs::write(self.file(), right.replace(from, to)).unwrap();
        self.refused_by_both()
    }
}

/// Runs a command that has to fail soon, and gives the one line it says.
#[track_caller]
fn run(command: &str, file: &Path) -> String {
    let mut child = Command::new(BINARY)
        .args([command, "--config"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let patience = Instant::now() + Duration::from_secs(10);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > patience {
            child.kill().unwrap();
            panic!("{command} goes on");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let mut told = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut told)
        .unwrap();
    assert_eq!(status.code(), Some(1), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    // What was logged before is not what it ended with.
    let errors: Vec<_> = told
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{told}");
    assert!(told.ends_with(&format!("{}\n", errors[0])), "{told}");
    errors[0].to_owned()
}

#[test]
fn a_key_that_is_none_is_named_with_the_right_one() {
    let desk = Desk::new();
    for (from, to, told) in [
        (
            "[server]\nlisten =",
            "[server]\nlisen =",
            "server.lisen: there is no such key; did you mean `listen`?",
        ),
        (
            "base_url",
            "base_ulr",
            "provider.base_ulr: there is no such key; did you mean `base_url`?",
        ),
        (
            "client_secret",
            "cilent_secret",
            "clients[0].cilent_secret: there is no such key; did you mean `client_secret`?",
        ),
        (
            "[store]",
            "[stoer]",
            "stoer: there is no such key; did you mean `store`?",
        ),
        (
            "[provider]",
            "[providr]",
            "providr: there is no such key; did you mean `provider`?",
        ),
        (
            "issuer =",
            "isuer =",
            "isuer: there is no such key; did you mean `issuer`?",
        ),
    ] {
        assert_eq!(desk.slip(from, to), told);
    }
}

#[test]
fn a_key_that_is_there_twice_is_named_with_its_line() {
    let desk = Desk::new();
    let twice = format!("client_secret = '{SECRET}'\n");
    let told = desk.slip(&twice, &twice.repeat(2));
    assert!(told.starts_with("line 16, column 1: "), "{told}");
    assert!(told.contains("duplicate key `client_secret`"), "{told}");
    let told = desk.slip("[keys]", "[server]");
    assert!(told.contains("line 11, column 1: "), "{told}");
    assert!(told.contains("duplicate key `server`"), "{told}");
}

#[test]
fn a_value_of_another_type_is_told_and_not_repeated() {
    let desk = Desk::new();
    for (from, to, told) in [
        (
            "['https://app.example.com/callback']",
            SECRET_TEXT,
            "clients[0].redirect_uris: it is a text; it takes ",
        ),
        (
            SECRET_TEXT,
            "2222",
            "clients[0].client_secret: it is a number; it takes ",
        ),
        (
            SECRET_TEXT,
            "['hunter2']",
            "clients[0].client_secret: it is a list; it takes ",
        ),
        (
            "'http://127.0.0.1:9'",
            "true",
            "provider.base_url: it is a boolean; it takes ",
        ),
        (
            "'https://sso.example.com'",
            "['hunter2']",
            "issuer: it is a list; it takes ",
        ),
        (
            "[[clients]]",
            "[clients]",
            "clients: it is a table; it takes ",
        ),
    ] {
        let said = desk.slip(from, to);
        assert!(said.starts_with(told), "{said}");
    }
}

/// [`SECRET`] as it stands in the file.
const SECRET_TEXT: &str = "'hunter2-hunter2-hunter2'";

#[test]
fn a_slip_in_the_syntax_is_found_by_its_line_without_showing_it() {
    let desk = Desk::new();
    for (to, place) in [
        ("hunter2", "line 15, column 17: "),
        ("'hunter2", "line 15, column "),
        ("\"hunter2", "line 15, column "),
        ("'hunter2' hunter2", "line 15, column "),
        ("\"hunter2\\q\"", "line 15, column "),
        ("", "line 15, column "),
    ] {
        let told = desk.slip(SECRET_TEXT, to);
        assert!(told.starts_with(place), "{told}");
        assert!(told.contains("; correct that line"), "{told}");
    }
}

#[test]
fn what_must_be_there_and_is_not_is_named() {
    let desk = Desk::new();
    let line = format!("client_secret = '{SECRET}'\n");
    let told = desk.slip(&line, "");
    assert!(
        told.starts_with("clients[0].client_secret: it is missing; add client_secret, "),
        "{told}"
    );
    let told = desk.slip(SECRET_TEXT, "'CHANGE-ME'");
    assert!(
        told.starts_with("clients[0].client_secret: it is still the example's; make one with: "),
        "{told}"
    );
    let told = desk.slip(&line, "client_secret_file = '/nowhere/hunter'\n");
    assert!(
        told.starts_with("clients[0].client_secret_file: /nowhere/hunter cannot be read: "),
        "{told}"
    );
    let told = desk.slip("redirect_uris = ['https://app.example.com/callback']\n", "");
    assert!(told.contains("redirect_uris"), "{told}");
}

#[test]
fn an_issuer_that_is_none_is_refused() {
    let desk = Desk::new();
    for issuer in [
        "",
        "sso.example.com",
        "https://sso.example.com/",
        "https://sso.example.com?x",
        "https://sso.example.com#x",
        "https://hunter2@sso.example.com",
        "ftp://sso.example.com",
        "http://sso.example.com",
    ] {
        let told = desk.slip("https://sso.example.com'", &format!("{issuer}'"));
        assert!(told.starts_with("issuer: "), "{told}");
        assert!(told.contains("; "), "no remedy: {told}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_cause() {
    let desk = Desk::new();
    assert_eq!(
        desk.refused_by_both(),
        "cannot be read: No such file or directory (os error 2); check the path given by --config"
    );
    fs::create_dir(desk.file()).unwrap();
    assert!(
        desk.refused_by_both()
            .starts_with("cannot be read: Is a directory")
    );
    fs::remove_dir(desk.file()).unwrap();
    // 密钥 in GB18030, as an old editor saves it.
    let mut bytes = desk.right().into_bytes();
    bytes.extend_from_slice(b"# \xc3\xdc\xd4\xbf\n");
    fs::write(desk.file(), bytes).unwrap();
    assert_eq!(desk.refused_by_both(), "it is not UTF-8; save it as UTF-8");
}

#[test]
fn a_port_in_use_is_told_with_its_key() {
    let desk = Desk::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    for section in ["server", "admin"] {
        let right = desk.right();
        let (before, after) = right
            .split_once(&format!("[{section}]\nlisten = '"))
            .unwrap();
        let (_, after) = after.split_once('\'').unwrap();
        let text = format!("{before}[{section}]\nlisten = '{taken}'{after}");
        fs::write(desk.file(), text).unwrap();
        let told = desk.refused();
        let start = format!("error: {section}.listen: {taken} cannot be listened on (");
        assert!(told.starts_with(&start), "{told}");
        assert!(told.contains("; stop what listens there"), "{told}");
    }
}

#[test]
fn a_second_file_is_told_from_the_first() {
    let desk = Desk::new();
    fs::write(desk.file(), desk.right()).unwrap();
    let second = desk.0.path().join("second.toml");
    fs::write(&second, "[server]\nlisen = 'hunter2'\n").unwrap();
    let output = Command::new(BINARY)
        .args(["check", "--config"])
        .arg(desk.file())
        .arg("--config")
        .arg(&second)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    let start = format!("error: {}: server.lisen: ", second.display());
    assert!(
        told.starts_with(&start) && !told.contains("hunter2"),
        "{told}"
    );
}

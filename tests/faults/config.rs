//! Mistakes in the configuration: each one ends the start at once, with one sentence that names the
//! file, the key and a remedy, and reveals no secret. `check` reports the same sentence.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::program::{BINARY, free_port};

/// A secret that no message may repeat.
const SECRET: &str = "hunter2-hunter2-hunter2";

/// A folder for a configuration, whose valid form uses free ports.
struct ConfigFolder(TempDir);

impl ConfigFolder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("panda-oidc.toml")
    }

    fn valid_config(&self) -> String {
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

    /// The error of `serve` with the present file.
    #[track_caller]
    fn serve_error(&self) -> String {
        let error = run("serve", &self.file());
        assert!(!self.0.path().join("data").exists(), "it made something");
        error
    }

    /// As [`ConfigFolder::serve_error`]; `check` must report the same error.
    #[track_caller]
    fn serve_and_check_error(&self) -> String {
        let error = self.serve_error();
        assert_eq!(run("check", &self.file()), error);
        let file = format!("error: {}: ", self.file().display());
        error.strip_prefix(&file).expect(&error).to_owned()
    }

    /// The error for the valid configuration with `from` replaced by `to`.
    #[track_caller]
    fn error_after_replacing(&self, from: &str, to: &str) -> String {
        let valid_config = self.valid_config();
        assert!(valid_config.contains(from), "{from}");
        fs::write(self.file(), valid_config.replace(from, to)).unwrap();
        self.serve_and_check_error()
    }
}

/// Runs a command that must fail soon, and returns its one error line.
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
    let deadline = Instant::now() + Duration::from_secs(10);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("{command} goes on");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(!stderr.contains("hunter2"), "{stderr}");
    // Log lines may precede the error line.
    let errors: Vec<_> = stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{stderr}");
    assert!(stderr.ends_with(&format!("{}\n", errors[0])), "{stderr}");
    errors[0].to_owned()
}

#[test]
fn an_unknown_key_is_reported_with_a_suggestion() {
    let folder = ConfigFolder::new();
    for (from, to, expected) in [
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
        assert_eq!(folder.error_after_replacing(from, to), expected);
    }
}

#[test]
fn a_duplicate_key_is_reported_with_its_line() {
    let folder = ConfigFolder::new();
    let twice = format!("client_secret = '{SECRET}'\n");
    let error = folder.error_after_replacing(&twice, &twice.repeat(2));
    assert!(error.starts_with("line 16, column 1: "), "{error}");
    assert!(error.contains("duplicate key `client_secret`"), "{error}");
    let error = folder.error_after_replacing("[keys]", "[server]");
    assert!(error.contains("line 11, column 1: "), "{error}");
    assert!(error.contains("duplicate key `server`"), "{error}");
}

#[test]
fn a_value_of_the_wrong_type_is_reported_and_not_repeated() {
    let folder = ConfigFolder::new();
    for (from, to, expected) in [
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
        let error = folder.error_after_replacing(from, to);
        assert!(error.starts_with(expected), "{error}");
    }
}

/// [`SECRET`] as it is written in the file.
const SECRET_TEXT: &str = "'hunter2-hunter2-hunter2'";

#[test]
fn a_syntax_error_is_reported_by_line_without_its_text() {
    let folder = ConfigFolder::new();
    for (to, position) in [
        ("hunter2", "line 15, column 17: "),
        ("'hunter2", "line 15, column "),
        ("\"hunter2", "line 15, column "),
        ("'hunter2' hunter2", "line 15, column "),
        ("\"hunter2\\q\"", "line 15, column "),
        ("", "line 15, column "),
    ] {
        let error = folder.error_after_replacing(SECRET_TEXT, to);
        assert!(error.starts_with(position), "{error}");
        assert!(error.contains("; correct that line"), "{error}");
    }
}

#[test]
fn a_missing_required_key_is_reported() {
    let folder = ConfigFolder::new();
    let line = format!("client_secret = '{SECRET}'\n");
    let error = folder.error_after_replacing(&line, "");
    assert!(
        error.starts_with("clients[0].client_secret: it is missing; add client_secret, "),
        "{error}"
    );
    let error = folder.error_after_replacing(SECRET_TEXT, "'CHANGE-ME'");
    assert!(
        error.starts_with("clients[0].client_secret: it is still the example's; make one with: "),
        "{error}"
    );
    let error = folder.error_after_replacing(&line, "client_secret_file = '/nowhere/hunter'\n");
    assert!(
        error.starts_with("clients[0].client_secret_file: /nowhere/hunter cannot be read: "),
        "{error}"
    );
    let error =
        folder.error_after_replacing("redirect_uris = ['https://app.example.com/callback']\n", "");
    assert!(error.contains("redirect_uris"), "{error}");
}

#[test]
fn an_invalid_issuer_is_refused() {
    let folder = ConfigFolder::new();
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
        let error = folder.error_after_replacing("https://sso.example.com'", &format!("{issuer}'"));
        assert!(error.starts_with("issuer: "), "{error}");
        assert!(error.contains("; "), "no remedy: {error}");
    }
}

#[test]
fn an_unreadable_file_is_reported_with_its_cause() {
    let folder = ConfigFolder::new();
    assert_eq!(
        folder.serve_and_check_error(),
        "cannot be read: No such file or directory (os error 2); check the path given by --config"
    );
    fs::create_dir(folder.file()).unwrap();
    assert!(
        folder
            .serve_and_check_error()
            .starts_with("cannot be read: Is a directory")
    );
    fs::remove_dir(folder.file()).unwrap();
    // 密钥 in GB18030, as old editors save it.
    let mut bytes = folder.valid_config().into_bytes();
    bytes.extend_from_slice(b"# \xc3\xdc\xd4\xbf\n");
    fs::write(folder.file(), bytes).unwrap();
    assert_eq!(
        folder.serve_and_check_error(),
        "it is not UTF-8; save it as UTF-8"
    );
}

#[test]
fn a_port_in_use_is_reported_with_its_key() {
    let folder = ConfigFolder::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let used_address = listener.local_addr().unwrap();
    for section in ["server", "admin"] {
        let valid_config = folder.valid_config();
        let (before, after) = valid_config
            .split_once(&format!("[{section}]\nlisten = '"))
            .unwrap();
        let (_, after) = after.split_once('\'').unwrap();
        let text = format!("{before}[{section}]\nlisten = '{used_address}'{after}");
        fs::write(folder.file(), text).unwrap();
        let error = folder.serve_error();
        let start = format!("error: {section}.listen: {used_address} cannot be listened on (");
        assert!(error.starts_with(&start), "{error}");
        assert!(error.contains("; stop what listens there"), "{error}");
    }
}

#[test]
fn an_error_names_the_right_one_of_two_files() {
    let folder = ConfigFolder::new();
    fs::write(folder.file(), folder.valid_config()).unwrap();
    let second = folder.0.path().join("second.toml");
    fs::write(&second, "[server]\nlisen = 'hunter2'\n").unwrap();
    let output = Command::new(BINARY)
        .args(["check", "--config"])
        .arg(folder.file())
        .arg("--config")
        .arg(&second)
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    let start = format!("error: {}: server.lisen: ", second.display());
    assert!(
        error.starts_with(&start) && !error.contains("hunter2"),
        "{error}"
    );
}

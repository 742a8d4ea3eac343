//! What these tests share: a program that is not started, the users in its database, and its commands.

use std::path::PathBuf;
use std::process::{Command, Output};

use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc::crypto::handle::Digest;
use panda_oidc::login::sign_in::{ContinuedSession, SignIn};
use panda_oidc::session::{LogoutNotice, Session, SessionId, User};
use panda_oidc::store::{Maintenance as _, Sessions as _, SqliteStore, WriteTimeout};
use panda_oidc_sdk::{Identity, Subject};
use serde_json::Value;

use crate::support::program::{BINARY, Program};

/// A program with a second client, `wiki`. It is not started.
pub fn program() -> Program {
    let wiki = "[[clients]]\nclient_id = 'wiki'\nclient_secret = 'wiki-secret-0123456789abcdef'\n\
                redirect_uris = ['http://127.0.0.1:9/wiki']\n";
    Program::prepare("http://127.0.0.1:9", "", wiki)
}

/// Stores each of `users` (id, name, phone) in the database, as a login does.
pub async fn add_users(program: &Program, users: &[(&str, &str, &str)]) {
    let store =
        SqliteStore::open(&program.data().join("panda-oidc.db"), WriteTimeout::Command).unwrap();
    for (id, name, phone) in users {
        store
            .sign_in(sign_in(id, name, phone), now())
            .await
            .unwrap();
    }
    store.close().await.unwrap();
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn sign_in(id: &str, name: &str, phone: &str) -> SignIn {
    let digest = Digest::of(id.as_bytes());
    SignIn {
        claim: None,
        logout_notice: LogoutNotice {
            listeners: [].into(),
            leased_until: now(),
            deferred: None,
            expires_at: now(),
        },
        continues: ContinuedSession::None,
        session: Session {
            sid: SessionId::from(id.to_owned()),
            user_agent: (*digest.as_bytes()).into(),
            user: User {
                identity: Identity {
                    subject: Subject::new(id).unwrap(),
                    name: Some(name.to_owned()),
                    phone: Some(phone.to_owned()),
                },
                updated_at: now(),
            },
            auth_time: now(),
            expires_at: now() + TimeDelta::hours(8),
            ticket: (*digest.as_bytes()).into(),
        },
        handle: (*digest.as_bytes()).into(),
        retired_handle: None,
    }
}

/// Writes a file with these bytes next to the configuration file.
pub fn write_file(program: &Program, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = program.folder().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The output and the exit code of a command.
#[derive(Debug)]
pub struct CommandOutput {
    /// Its exit code.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error output.
    pub stderr: String,
}

impl CommandOutput {
    /// The standard output. Panics unless the command succeeded.
    #[track_caller]
    pub fn expect_success(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// The standard error output. Panics unless the exit code is `code`.
    #[track_caller]
    pub fn expect_failure(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.stderr
    }

    /// The lines of the standard output, each parsed as JSON.
    #[track_caller]
    pub fn lines(self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// Runs `panda-oidc links …` with the program's configuration.
pub fn links(program: &Program, arguments: &[&str]) -> CommandOutput {
    run(program, "links", arguments)
}

/// Runs `panda-oidc users …` with the program's configuration.
pub fn users(program: &Program, arguments: &[&str]) -> CommandOutput {
    run(program, "users", arguments)
}

/// Runs `panda-oidc check` with the program's configuration.
pub fn check(program: &Program) -> CommandOutput {
    run(program, "check", &[])
}

/// Runs a command with the configuration of the program.
pub fn run(program: &Program, command: &str, arguments: &[&str]) -> CommandOutput {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(BINARY)
        .arg(command)
        .args(arguments)
        .arg("--config")
        .arg(program.config_file())
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    CommandOutput {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// Runs `panda-oidc links import FILE …` with the program's configuration.
pub fn import(program: &Program, file: &std::path::Path, options: &[&str]) -> CommandOutput {
    let mut arguments = vec!["import", file.to_str().unwrap()];
    arguments.extend(options);
    links(program, &arguments)
}

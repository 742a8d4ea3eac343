//! The peer to compare with: zitadel/oidc with its storage in memory. `zitadel-oidc/main.go` is its program.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::login::{Client, Person, REDIRECT_URI, SECRET};
use super::server::{Server, free_address};

/// The built program.
pub(crate) struct Zitadel(tempfile::TempDir);

impl Zitadel {
    /// Builds the program with the Go compiler.
    pub(crate) fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/login/zitadel-oidc");
        let built = Command::new("go")
            .args(["build", "-o"])
            .arg(folder.path())
            .arg(".")
            .current_dir(source)
            .status();
        assert!(built.expect("a Go compiler").success());
        Self(folder)
    }

    /// Whether it can sign as `client` wants: with one algorithm of the two for which the program has a key.
    pub(crate) fn signs(client: &Client) -> bool {
        client.id_token == client.access_token && matches!(client.id_token, "RS256" | "ES256")
    }

    /// Starts a provider that signs all tokens as `client` wants its ID tokens.
    pub(crate) async fn start(&self, client: &Client) -> (Server, SocketAddr) {
        let address = free_address();
        let mut command = Command::new(self.file("zitadel-oidc"));
        command
            .args(["-listen", &address.to_string()])
            .args(["-algorithm", client.id_token])
            .args(["-client-id", client.id, "-client-secret", SECRET])
            .args(["-redirect-uri", REDIRECT_URI]);
        let (server, _) = Server::start(&mut command, address, &self.file("log")).await;
        (server, address)
    }

    /// Its user, who is always signed in.
    pub(crate) fn person() -> Person {
        Person {
            sub: "id2".to_owned(),
            cookies: String::new(),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

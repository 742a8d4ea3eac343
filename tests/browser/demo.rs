//! `panda-oidc demo`, run as the README describes.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use url::Url;

use crate::support::browser::Browser;
use crate::support::program::BINARY;

/// A running demo. It is killed on drop.
pub struct Demo {
    /// The menu of the portal: the only address that the demo prints.
    pub portal: Url,
    /// The issuer of the provider.
    pub issuer: Url,
    /// The login URL of the demo app.
    pub app_login: Url,
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Demo {
    /// Starts the demo. A menu click then reveals the addresses of the provider and the app.
    pub async fn start() -> Self {
        let mut child = Command::new(BINARY)
            .arg("demo")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let portal = line.split_whitespace().find(|word| word.contains("://"));
        let portal = Url::parse(portal.expect("the address to open")).unwrap();
        let launch = launch(&portal, 3).await;
        let launched = Browser::new().get(&launch).await;
        Self {
            portal,
            issuer: launch.join("/").unwrap(),
            app_login: launched.location(),
            child,
            _stdout: stdout,
        }
    }

    /// The launch URL that a click in the menu opens for `user`, with a ticket. A test opens it
    /// without the click, as a victim opens a link from a message.
    pub async fn launch_url(&self, user: u64) -> Url {
        launch(&self.portal, user).await
    }
}

async fn launch(portal: &Url, user: u64) -> Url {
    let click = portal.join(&format!("/open/0?user={user}")).unwrap();
    Browser::new().get(click).await.location()
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

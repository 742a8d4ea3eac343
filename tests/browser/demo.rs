//! `panda-oidc demo`, run as the README tells people to.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use url::Url;

use crate::support::browser::Browser;
use crate::support::program::BINARY;

/// A running demo; it is killed when this is dropped.
pub struct Demo {
    /// The one address it prints: the portal's menu.
    pub portal: Url,
    /// The provider.
    pub issuer: Url,
    /// Where the demo's app begins a login.
    pub app_login: Url,
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Demo {
    /// Starts it, and follows a click to learn where its parts are.
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

    /// The address a click in the menu would open for `user`, ticket and all. Whoever was sent it
    /// in a message has it without the click.
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

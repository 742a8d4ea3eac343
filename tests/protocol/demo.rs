//! `panda-oidc demo`: the whole login on one machine, as a newcomer tries it.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use reqwest::Method;
use url::Url;

use crate::support::browser::{Answer, Browser};
use crate::support::program::BINARY;

/// A running demo. It is killed on drop.
struct Demo {
    portal: Url,
    child: Child,
    /// Kept open, since the demo prints more than one line.
    _stdout: BufReader<ChildStdout>,
}

impl Demo {
    fn start(port: u16) -> Self {
        let mut child = Command::new(BINARY)
            .args(["demo", "--port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let portal = line.split_whitespace().find(|word| word.contains("://"));
        let portal = Url::parse(portal.expect("the address to open")).unwrap();
        Self {
            portal,
            child,
            _stdout: stdout,
        }
    }

    /// Enters from the menu and returns the page of the app.
    async fn enter(&self, browser: &mut Browser, language: &str) -> Answer {
        let mut url = self.portal.join("/open/0?user=1").unwrap();
        for _ in 0..10 {
            let answer = browser
                .send(Method::GET, &url, |request| {
                    request.header("accept-language", language)
                })
                .await;
            if !answer.status.is_redirection() {
                return answer;
            }
            url = answer.location();
        }
        panic!("it goes round at {url}");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Three free ports in a row, outside the range of the other tests.
fn three_ports() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(32_000);
    loop {
        let first = NEXT.fetch_add(3, Ordering::Relaxed);
        let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if (first..first + 3).all(is_free) {
            return first;
        }
    }
}

#[tokio::test]
async fn the_page_of_the_app_can_be_reloaded_and_speaks_the_browsers_language() {
    let port = three_ports();
    let demo = Demo::start(port);
    assert_eq!(demo.portal.port(), Some(port));
    let mut browser = Browser::new();
    let page = demo.enter(&mut browser, "en-GB,en;q=0.9").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("陈涛"), "{}", page.body);
    assert!(page.body.contains("<html lang=\"en\""), "{}", page.body);
    let english = page.body.find("You are signed in").unwrap();
    let chinese = page.body.find("您已登录").unwrap();
    assert!(english < chinese, "English comes first");
    let again = browser.get(&page.url).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert!(
        again.body.contains("陈涛"),
        "a reload shows the same person"
    );
    assert!(
        again.body.contains("<html lang=\"zh-CN\""),
        "{}",
        again.body
    );
    assert!(
        page.url.query().is_none(),
        "no code stays in the address bar"
    );
    let stranger = Browser::new().get(&page.url).await;
    assert!(!stranger.body.contains("陈涛"), "{}", stranger.body);
}

#[tokio::test]
async fn an_entry_of_the_menu_is_labelled_once() {
    let demo = Demo::start(three_ports());
    let menu = Browser::new()
        .get(demo.portal.join("/?user=1").unwrap())
        .await;
    assert_eq!(menu.body.matches("演示应用").count(), 1, "{}", menu.body);
    assert_eq!(menu.body.matches("Demo app").count(), 1, "{}", menu.body);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output: Output = Command::new(BINARY)
        .args(["demo", "--port", &port])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    let named = stderr.contains("cannot be used") && stderr.contains("--port");
    assert!(named, "{stderr}");
}

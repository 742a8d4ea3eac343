//! `panda-oidc demo --menu`: a simulated portal for operators who have none.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::support::browser::Browser;
use crate::support::program::{BINARY, Program};

/// A process that is killed when the test ends.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_click_in_the_simulated_menu_signs_in_at_another_provider() {
    let demo = Command::new(BINARY)
        .args(["demo", "--menu", "我的应用=http://127.0.0.1:9/launch/app"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut demo = KillOnDrop(demo.unwrap());
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap()).lines();
    let portal_line = lines.next().unwrap().unwrap();
    let config_line = lines.next().unwrap().unwrap();
    let portal = portal_line.split_whitespace().last().unwrap().to_owned();
    assert_eq!(config_line, format!("[provider] base_url = \"{portal}\""));

    let program = Program::start(&portal, "").await;
    let mut browser = Browser::new();
    let menu = browser.get(format!("{portal}?user=1")).await;
    assert!(menu.body.contains("我的应用"), "{}", menu.body);
    let clicked = browser
        .get(format!("{portal}open/0?user=1"))
        .await
        .location();
    let ticket = clicked.query().unwrap();
    let launched = browser
        .get(program.at(&format!("/launch/app?{ticket}")))
        .await;
    assert_eq!(launched.location().path(), "/login");
}

#[test]
fn an_invalid_menu_entry_is_explained() {
    for entry in ["http://127.0.0.1:9/", "app=nowhere"] {
        let output = Command::new(BINARY)
            .args(["demo", "--menu", entry])
            .output();
        let output = output.unwrap();
        assert!(!output.status.success());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("--menu"), "{stderr}");
    }
}

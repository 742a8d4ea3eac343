//! `panda-oidc demo --menu`: a portal for whoever has none.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::support::browser::Browser;
use crate::support::program::{BINARY, Program};

/// A process that ends with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_click_in_its_menu_signs_in_at_a_provider_of_ones_own() {
    let demo = Command::new(BINARY)
        .args(["demo", "--menu", "我的应用=http://127.0.0.1:9/launch/app"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut demo = Killed(demo.unwrap());
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap()).lines();
    let open = lines.next().unwrap().unwrap();
    let base_url = lines.next().unwrap().unwrap();
    let portal = open.split_whitespace().last().unwrap().to_owned();
    assert_eq!(base_url, format!("[provider] base_url = \"{portal}\""));

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
fn a_menu_entry_that_is_none_is_explained() {
    for entry in ["http://127.0.0.1:9/", "app=nowhere"] {
        let ran = Command::new(BINARY)
            .args(["demo", "--menu", entry])
            .output();
        let ran = ran.unwrap();
        assert!(!ran.status.success());
        let told = String::from_utf8_lossy(&ran.stderr);
        assert!(told.contains("--menu"), "{told}");
    }
}

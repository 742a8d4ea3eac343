//! Helpers for the tests of several clients.

use std::path::{Path, PathBuf};

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};

use crate::support::browser::Browser;
use crate::support::program::Program;

/// The path of a program that `.ci/go-clients.sh` has built.
pub fn go_client(name: &str) -> PathBuf {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/go-clients");
    assert!(
        home.join("provisioned").is_file(),
        "there are no clients in target/go-clients: run `bash .ci/go-clients.sh` first"
    );
    home.join(name)
}

/// Starts a portal with the default users.
pub async fn portal() -> SimulatorHandle {
    Simulator::start(SimulatorSettings::default())
        .await
        .unwrap()
}

/// Signs out on the logout page of the provider.
pub async fn sign_out(program: &Program, browser: &mut Browser) {
    let page = browser.get(program.at("/logout")).await;
    let confirmation = page.field("confirmation");
    let form = [("confirmation", &*confirmation)];
    let page = browser.post(program.at("/logout/confirm"), &form).await;
    assert!(page.body.contains("已退出登录"), "{}", page.body);
}

/// Whether `browser` has a session at the provider.
pub async fn is_signed_in(program: &Program, browser: &mut Browser) -> bool {
    let apps = browser.get(program.at("/launch")).await;
    apps.body.contains("您已登录")
}

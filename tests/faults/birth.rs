//! `kill -9` during the first start: whatever half of a provider is left, the next start makes whole.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::tools::{portal, signed_in, tokens, until};

/// The signing keys in the database, as far as there is one: algorithm and kid.
fn keys(program: &Program) -> BTreeMap<String, String> {
    let read = || -> rusqlite::Result<BTreeMap<String, String>> {
        let path = program.data().join("panda-oidc.db");
        let sql = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut keys = sql.prepare("SELECT alg, kid FROM signing_keys")?;
        keys.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    };
    read().unwrap_or_default()
}

/// A start over what is there comes up, and what it shows then does not change any more.
async fn comes_up(program: &mut Program, portal: &panda_oidc_panda::simulator::SimulatorHandle) {
    let left = keys(program);
    program.restart().await;
    let made = keys(program);
    assert_eq!(made.len(), 4, "one of every algorithm");
    for (alg, kid) in left {
        assert_eq!(made[&alg], kid, "a key that was kept stays");
    }
    let mut browser = signed_in(program, portal).await;
    tokens(program, &mut browser).await;
    let served = Browser::new().get(program.at("/jwks")).await.body;
    program.kill();
    program.restart().await;
    assert_eq!(Browser::new().get(program.at("/jwks")).await.body, served);
    tokens(program, &mut browser).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&program.data()), 0o700);
    for file in ["master.key", "panda-oidc.db", "panda-oidc.db-wal"] {
        assert_eq!(mode(&program.data().join(file)), 0o600, "{file}");
    }
}

/// Kills a first start as soon as `holds`, and starts again.
async fn killed_when(what: &str, holds: impl Fn(&Program) -> bool) {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    program.spawn();
    until(what, async || holds(&program)).await;
    program.kill();
    comes_up(&mut program, &portal).await;
}

#[tokio::test]
async fn a_first_start_killed_before_its_database_is_one_is_made_up_for() {
    killed_when("a folder", |program| program.data().exists()).await;
    killed_when("a database", |program| {
        program.data().join("panda-oidc.db").exists()
    })
    .await;
}

#[tokio::test]
async fn a_first_start_killed_after_its_master_key_is_made_up_for() {
    killed_when("a master key", |program| {
        program.data().join("master.key").exists()
    })
    .await;
}

#[tokio::test]
async fn a_first_start_killed_amid_its_signing_keys_keeps_those_it_has() {
    killed_when("a key", |program| !keys(program).is_empty()).await;
    killed_when("all keys", |program| keys(program).len() == 4).await;
}

#[tokio::test]
async fn a_first_start_killed_again_and_again_comes_up_in_the_end() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    for looks in 0..12 {
        program.spawn();
        // How far each gets is left to chance; what must hold after it is not.
        for _ in 0..1 << looks {
            keys(&program);
            tokio::task::yield_now().await;
        }
        program.kill();
    }
    comes_up(&mut program, &portal).await;
}

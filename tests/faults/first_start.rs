//! `kill -9` during the first start: the next start completes whatever data was left.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::tools::{portal, signed_in, tokens, until};

/// The signing keys in the database, by algorithm: their `kid`. Empty if there is no database yet.
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

/// Asserts that a start with the present data succeeds, keeps the existing signing keys, and that
/// later starts serve the same keys.
async fn assert_next_start_succeeds(
    program: &mut Program,
    portal: &panda_oidc_panda::simulator::SimulatorHandle,
) {
    let existing = keys(program);
    program.restart().await;
    let all_keys = keys(program);
    assert_eq!(all_keys.len(), 4, "one of every algorithm");
    for (alg, kid) in existing {
        assert_eq!(all_keys[&alg], kid, "a key that was kept stays");
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

/// Kills a first start as soon as `holds` returns true, and starts again.
async fn kill_first_start_when(what: &str, holds: impl Fn(&Program) -> bool) {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    program.spawn();
    until(what, async || holds(&program)).await;
    program.kill();
    assert_next_start_succeeds(&mut program, &portal).await;
}

#[tokio::test]
async fn a_first_start_killed_before_its_database_is_complete_is_completed() {
    kill_first_start_when("a folder", |program| program.data().exists()).await;
    kill_first_start_when("a database", |program| {
        program.data().join("panda-oidc.db").exists()
    })
    .await;
}

#[tokio::test]
async fn a_first_start_killed_after_its_master_key_is_completed() {
    kill_first_start_when("a master key", |program| {
        program.data().join("master.key").exists()
    })
    .await;
}

#[tokio::test]
async fn a_first_start_killed_amid_its_signing_keys_keeps_existing_keys() {
    kill_first_start_when("a key", |program| !keys(program).is_empty()).await;
    kill_first_start_when("all keys", |program| keys(program).len() == 4).await;
}

#[tokio::test]
async fn a_first_start_killed_repeatedly_succeeds_in_the_end() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    for exponent in 0..12 {
        program.spawn();
        // How far each start gets is random. The result must be the same.
        for _ in 0..1 << exponent {
            keys(&program);
            tokio::task::yield_now().await;
        }
        program.kill();
    }
    assert_next_start_succeeds(&mut program, &portal).await;
}

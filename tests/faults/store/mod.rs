//! Every endpoint while the store fails: the database is locked, the disk is full, or the files are
//! gone or damaged. Each endpoint gives its own kind of error within three seconds, and works again
//! once the cause is removed: a failed request uses nothing up.

mod endpoints;
mod request;

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use panda_oidc_panda::simulator::SimulatorHandle;
use rusqlite::Connection;
use tokio::task::JoinSet;

use self::endpoints::{
    ACCESS_TOKEN, SCIM_TOKEN, SIGNING_CLIENT, SIGNING_SECRET, TICKET, TOKEN_EXCHANGE, for_browsers,
    for_clients, for_operators,
};
use self::request::{Needs, Request};
use crate::disk_full::{limit_file_size, with_sigxfsz_ignored};
use crate::support::browser::Browser;
use crate::support::program::{CLIENT_ID, Program};
use crate::tools::{portal, until};

/// The program, and one prepared request for each endpoint.
struct Stage {
    _portal: SimulatorHandle,
    program: Program,
    requests: Vec<Arc<Request>>,
}

impl Stage {
    async fn open() -> Self {
        let portal = portal().await;
        let exchange = format!(
            "client_uri = 'http://127.0.0.1:9/app'\nrefresh_token = 'always'\n\
             grant_types = ['authorization_code', 'refresh_token', 'client_credentials', '{TOKEN_EXCHANGE}']\n\
             subject_token_types = ['{TICKET}', '{ACCESS_TOKEN}']\n\
             allowed_resources = ['https://api']\naccess_token_audience = ['{CLIENT_ID}']\n\
             post_logout_redirect_uris = ['http://127.0.0.1:9/out']\n\
             [[clients]]\nclient_id = '{SIGNING_CLIENT}'\nclient_secret = '{SIGNING_SECRET}'\n\
             token_endpoint_auth_method = 'client_secret_jwt'\ngrant_types = ['client_credentials']\n\
             [directory]\nsync = '1h'\n[groups.dispatch]\nmembers = ['1']\n\
             [[admin.tokens]]\nname = 'hr'\ntoken = '{SCIM_TOKEN}'\nscopes = ['scim']\n"
        );
        let mut program = Program::prepare(portal.url().as_str(), "", &exchange);
        program.spawn_by(&mut with_sigxfsz_ignored());
        program.until_ready().await;
        // The metrics describe the first reading of the directory.
        let metrics = format!("{}/metrics", program.admin);
        until("the directory is read", async || {
            let metrics = Browser::new().get(&metrics).await;
            metrics.body.contains("panda_oidc_directory_read")
        })
        .await;
        let requests = [
            for_operators(&program),
            for_browsers(&program, &portal).await,
            for_clients(&program, &portal).await,
        ];
        let requests = requests.into_iter().flatten().map(Arc::new).collect();
        Self {
            _portal: portal,
            program,
            requests,
        }
    }

    fn database(&self) -> PathBuf {
        self.program.data().join("panda-oidc.db")
    }

    fn request(&self, name: &str) -> &Request {
        let named = |request: &&Arc<Request>| request.name == name;
        self.requests.iter().find(named).expect(name)
    }

    /// Sends all requests at once while the store fails at what `fails` says.
    async fn fail(&self, fails: Needs) {
        let mut sent = JoinSet::new();
        for request in &self.requests {
            let request = Arc::clone(request);
            sent.spawn(async move { request.send_while_failing(fails).await });
        }
        sent.join_all().await;
        let failing = self.requests.iter();
        let failing = failing.filter(|request| request.must_fail(fails)).count();
        let log = self.program.log();
        let logged = log.matches("the store failed to ").count();
        assert!(
            logged >= failing,
            "{logged} of {failing} failures are logged: {log}"
        );
    }

    /// Sends all requests, which must succeed although they failed before.
    async fn recover(&self) {
        for request in &self.requests {
            request.send_while_working().await;
        }
    }
}

#[tokio::test]
async fn every_endpoint_answers_while_the_database_is_locked() {
    let stage = Stage::open().await;
    let other = Connection::open(stage.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    stage.fail(Needs::Write).await;
    let log = stage.program.log();
    assert!(log.contains("database is locked"), "{log}");
    other.execute_batch("ROLLBACK").unwrap();
    stage.recover().await;
}

#[tokio::test]
async fn every_endpoint_answers_while_the_disk_is_full() {
    let stage = Stage::open().await;
    let log = fs::metadata(stage.database().with_extension("db-wal"));
    limit_file_size(&stage.program, &log.unwrap().len().to_string());
    stage.fail(Needs::Write).await;
    let log = stage.program.log();
    assert!(
        log.contains("its disk failed; see whether that has room"),
        "{log}"
    );
    limit_file_size(&stage.program, "unlimited");
    stage.recover().await;
}

#[tokio::test]
async fn every_endpoint_answers_while_the_database_is_gone() {
    let stage = Stage::open().await;
    let away = stage.program.folder().join("away");
    fs::rename(stage.program.data(), &away).unwrap();
    fs::create_dir(stage.program.data()).unwrap();
    // A read trusts the last check of the files for a second.
    let userinfo = stage.request("userinfo::userinfo");
    until("it notices", async || userinfo.send().await.status == 503).await;
    stage.fail(Needs::Read).await;
    let log = stage.program.log();
    assert!(
        log.contains("was deleted or replaced while it was in use"),
        "{log}"
    );
    fs::remove_dir(stage.program.data()).unwrap();
    fs::rename(&away, stage.program.data()).unwrap();
    stage.recover().await;
}

#[tokio::test]
async fn no_write_is_confirmed_once_a_file_of_the_database_is_replaced_or_deleted() {
    let stage = Stage::open().await;
    let away = stage.program.folder().join("away");
    for file in ["panda-oidc.db", "panda-oidc.db-wal", "panda-oidc.db-shm"] {
        let file = stage.program.data().join(file);
        for replaced in [true, false] {
            fs::rename(&file, &away).unwrap();
            if replaced {
                fs::copy(&away, &file).unwrap();
            }
            let ready = stage.request("ready");
            ready.send_while_failing(Needs::Write).await;
            fs::rename(&away, &file).unwrap();
            assert_eq!(ready.send().await.status, 200, "{}", file.display());
        }
    }
    stage.recover().await;
}

#[tokio::test]
async fn every_endpoint_answers_while_the_database_is_damaged() {
    let stage = Stage::open().await;
    // The log is moved into the file, and a new commit makes the program read the file again.
    let other = Connection::open(stage.database()).unwrap();
    let reread = || {
        let version = "SELECT user_version FROM pragma_user_version";
        let version: i64 = other.query_row(version, [], |row| row.get(0)).unwrap();
        other.pragma_update(None, "user_version", version).unwrap();
    };
    other
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let sound = fs::read(stage.database()).unwrap();
    let after_first_page = |bytes: &[u8]| {
        let file = OpenOptions::new().write(true).open(stage.database());
        let mut file = file.unwrap();
        file.seek(SeekFrom::Start(4096)).unwrap();
        file.write_all(bytes).unwrap();
    };
    after_first_page(&vec![0xa5; sound.len() - 4096]);
    reread();
    stage.fail(Needs::Read).await;
    let log = stage.program.log();
    assert!(log.contains("it is damaged; restore it"), "{log}");
    after_first_page(&sound[4096..]);
    reread();
    stage.recover().await;
}

/// Readiness reads as a login does: a log that is cut off fails reads alone.
#[tokio::test]
async fn the_program_is_not_ready_while_reads_fail() {
    let stage = Stage::open().await;
    let log = stage.program.data().join("panda-oidc.db-wal");
    let log = OpenOptions::new().write(true).open(log).unwrap();
    log.set_len(0).unwrap();
    let ready = stage.request("ready").send().await;
    assert_eq!(ready.status, 503, "{}", ready.body);
}

/// Compares the prepared requests with the routes in the source, so that a new endpoint cannot be
/// forgotten here.
#[tokio::test]
async fn there_is_a_request_for_each_route() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut routed = BTreeSet::new();
    for file in ["mod.rs", "admin.rs", "scim/mod.rs"] {
        let text = fs::read_to_string(source.join(file)).unwrap();
        for method in [" get(", ".get(", " post(", ".post(", " any("] {
            for handler in text.split(method).skip(1) {
                let end = handler.find(')').unwrap();
                let handler = &handler[..end];
                if handler
                    .bytes()
                    .all(|b| b == b':' || b == b'_' || b.is_ascii_lowercase())
                {
                    routed.insert(handler.to_owned());
                }
            }
        }
    }
    let stage = Stage::open().await;
    let names = stage.requests.iter().map(|request| request.name);
    let tested: BTreeSet<_> = names
        .map(|name| name.split(',').next().unwrap().to_owned())
        .collect();
    assert_eq!(tested, routed);
}

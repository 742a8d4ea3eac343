//! Every endpoint while the store fails: the database is locked, the disk is full, or the files are
//! gone or damaged. Each endpoint gives its own kind of error within three seconds, and works again
//! once the cause is removed: a failed request uses nothing up.

mod endpoints;
mod request;

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use panda_oidc_panda::simulator::SimulatorHandle;
use rusqlite::Connection;
use tokio::task::JoinSet;

use self::endpoints::{
    ACCESS_TOKEN, SCIM_TOKEN, TICKET, TOKEN_EXCHANGE, for_browsers, for_clients, for_operators,
};
use self::request::{Needs, Request};
use crate::disk_full::{limit_file_size, with_sigxfsz_ignored};
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
             [directory]\nsync = '1h'\n[groups.dispatch]\nmembers = ['1']\n\
             [[admin.tokens]]\nname = 'hr'\ntoken = '{SCIM_TOKEN}'\nscopes = ['scim']\n"
        );
        let mut program = Program::prepare(portal.url().as_str(), "", &exchange);
        program.spawn_by(&mut with_sigxfsz_ignored());
        program.until_ready().await;
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
    limit_file_size(&stage.program, "unlimited");
    stage.recover().await;
}

#[tokio::test]
async fn every_endpoint_answers_while_the_database_is_gone() {
    let stage = Stage::open().await;
    let away = stage.program.folder().join("away");
    fs::rename(stage.program.data(), &away).unwrap();
    fs::create_dir(stage.program.data()).unwrap();
    // A read relies for a second on the last check of the files.
    let userinfo = stage.request("userinfo");
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
async fn nothing_is_confirmed_while_another_database_is_in_its_place() {
    let stage = Stage::open().await;
    let copy = stage.program.folder().join("copy.db");
    fs::copy(stage.database(), &copy).unwrap();
    fs::rename(&copy, stage.database()).unwrap();
    let before = fs::read(stage.database()).unwrap();
    let readyz = stage.request("readyz");
    until("it notices", async || readyz.send().await.status == 503).await;
    stage
        .request("launch")
        .send_while_failing(Needs::Read)
        .await;
    assert!(fs::read(stage.database()).unwrap() == before);
}

#[tokio::test]
async fn every_endpoint_answers_while_the_database_is_damaged() {
    let stage = Stage::open().await;
    // The log is moved into the file, and a new commit makes the program read the file again.
    let other = Connection::open(stage.database()).unwrap();
    other
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let length = fs::metadata(stage.database()).unwrap().len();
    let mut file = OpenOptions::new()
        .write(true)
        .open(stage.database())
        .unwrap();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0xa5; usize::try_from(length).unwrap() - 4096])
        .unwrap();
    other.execute_batch("PRAGMA user_version = 6").unwrap();
    stage.fail(Needs::Read).await;
    let log = stage.program.log();
    assert!(log.contains("database disk image is malformed"), "{log}");
}

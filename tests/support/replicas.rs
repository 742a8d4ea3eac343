//! Several processes over one database, with their portal and a clock that stands still.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use panda_oidc_panda::simulator::{Person, Simulator, SimulatorHandle, SimulatorSettings};
use panda_oidc_sdk::ManualClock;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::process::Process;

/// Where the clients find the provider. The processes listen elsewhere, as if behind a proxy.
const ISSUER: &str = "http://127.0.0.1:9";

/// The processes.
pub struct Replicas {
    /// The portal.
    pub portal: SimulatorHandle,
    /// The processes, which a test may stop and start one by one.
    pub processes: Vec<Process>,
    clock: Arc<ManualClock>,
    toml: String,
    folder: TempDir,
}

impl Replicas {
    /// Starts `count` processes at the time `start`. `sections` are tables of the configuration, and
    /// `people` the users of the portal. The data are a copy of those in the folder `data`, if there is
    /// one: the first start of a database takes long.
    pub async fn open(
        count: usize,
        start: i64,
        people: Vec<Person>,
        sections: &str,
        data: Option<&Path>,
    ) -> Self {
        let clock = Arc::new(ManualClock::at(DateTime::from_timestamp(start, 0).unwrap()));
        let settings = SimulatorSettings {
            clock: clock.clone(),
            people,
            ..SimulatorSettings::default()
        };
        let portal = Simulator::start(settings).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        for entry in data
            .into_iter()
            .flat_map(|data| fs::read_dir(data).unwrap())
        {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        let toml = format!(
            "issuer = '{ISSUER}'\n[provider]\nkind = 'panda'\nbase_url = '{url}'\n\
             [store]\npath = '{folder}/panda-oidc.db'\n\
             [keys]\nmaster_key_file = '{folder}/master.key'\n{sections}",
            url = portal.url(),
            folder = folder.path().display(),
        );
        let mut replicas = Self {
            portal,
            processes: Vec::new(),
            clock,
            toml,
            folder,
        };
        for _ in 0..count {
            let process = replicas.start().await;
            replicas.processes.push(process);
        }
        replicas
    }

    async fn start(&self) -> Process {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Process::start(&self.toml, listener, Arc::clone(&self.clock)).await
    }

    /// Stops a process and starts another on the same data. It has another address.
    pub async fn restart(&mut self, process: usize) {
        self.processes.remove(process).stop().await;
        let started = self.start().await;
        self.processes.insert(process, started);
    }

    /// Stops all processes. Returns the folder with their data.
    pub async fn stop(self) -> TempDir {
        for process in self.processes {
            process.stop().await;
        }
        self.folder
    }

    /// Moves the clock, maybe back.
    pub fn advance(&self, step: TimeDelta) {
        self.clock.advance(step);
    }
}

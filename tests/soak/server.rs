//! The program under measurement, its portal, and what the kernel says about its memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};

use crate::support::program::Program;

/// A running program with its portal.
pub struct Server {
    /// The program.
    pub program: Program,
    /// Its portal.
    pub portal: Arc<SimulatorHandle>,
    binary: PathBuf,
    environment: Vec<String>,
}

impl Server {
    /// Starts `binary`. `more` is appended to the configuration: lines of the client's table, then tables.
    pub async fn start(binary: &Path, more: &str) -> Self {
        Self::start_in(binary, more, Vec::new()).await
    }

    /// As [`Server::start`], with these variables (`NAME=value`) in its environment.
    pub async fn start_in(binary: &Path, more: &str, environment: Vec<String>) -> Self {
        let portal = Simulator::start(SimulatorSettings::default())
            .await
            .unwrap();
        let mut server = Self {
            program: Program::prepare(portal.url().as_str(), "", more),
            portal: Arc::new(portal),
            binary: binary.to_owned(),
            environment,
        };
        server.restart().await;
        server
    }

    /// Kills the program if it runs, and starts it again on the same data.
    pub async fn restart(&mut self) {
        self.program.kill();
        // `env` sets the log level after the test support has set its own, then becomes the program.
        let mut command = Command::new("env");
        command
            .arg("RUST_LOG=info")
            .args(&self.environment)
            .arg(&self.binary);
        self.program.spawn_by(&mut command);
        self.program.until_ready().await;
    }

    /// Resident memory, in MiB.
    pub fn memory(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// The largest resident memory since the start, in MiB.
    pub fn peak_memory(&self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.program.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kib.and_then(|kib| kib.parse::<f64>().ok()).unwrap() / 1024.0
    }

    /// The size of the database with its write-ahead log, in MiB.
    pub fn database_size(&self) -> f64 {
        let files = fs::read_dir(self.program.data()).unwrap();
        let files = files.map(|file| file.unwrap());
        let files =
            files.filter(|file| file.file_name().to_string_lossy().contains("panda-oidc.db"));
        let bytes: u64 = files.map(|file| file.metadata().unwrap().len()).sum();
        bytes as f64 / 1024.0 / 1024.0
    }
}

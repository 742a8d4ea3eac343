//! The `chromedriver` process, which controls Chromium.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The failure message when the browser is not installed.
pub const PACKAGES: &str = "the browser tests need the Debian packages chromium, chromium-driver \
                            and fonts-noto-cjk: apt-get install chromium chromium-driver fonts-noto-cjk";

/// A running `chromedriver`. On drop it stops and closes every browser it has opened.
pub struct Chromedriver {
    port: u16,
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Chromedriver {
    /// Starts `chromedriver` on a free port.
    pub fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .args(["--port=0", "--log-level=SEVERE"])
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver cannot be started ({error}): {PACKAGES}"));
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let port = port(&mut stdout);
        Self {
            port,
            child,
            _stdout: stdout,
        }
    }

    /// The address of the WebDriver server.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Shuts down `chromedriver`. It responds once its browsers are closed.
    fn shut_down(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream
            .write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}

/// Reads the port from the line `ChromeDriver was started successfully on port 41234.`
fn port(stdout: &mut BufReader<ChildStdout>) -> u16 {
    let mut output = String::new();
    loop {
        let start = output.len();
        let read = stdout.read_line(&mut output).unwrap();
        assert!(read > 0, "chromedriver ended: {output}");
        if let Some((_, port)) = output[start..].split_once("successfully on port ") {
            return port.trim().trim_end_matches('.').parse().unwrap();
        }
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        let shut_down = self.shut_down();
        if shut_down.is_err() {
            // The browsers are in the process group of chromedriver.
            let group = format!("-{}", self.child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

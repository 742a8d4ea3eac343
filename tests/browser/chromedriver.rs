//! The process that steers Chromium.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// What to say when there is no browser.
pub const PACKAGES: &str = "the browser tests need the Debian packages chromium, chromium-driver \
                            and fonts-noto-cjk: apt-get install chromium chromium-driver fonts-noto-cjk";

/// A running `chromedriver`. When this is dropped it ends, and with it every browser it has opened.
pub struct Chromedriver {
    port: u16,
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Chromedriver {
    /// Starts one on a port of its own choice.
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

    /// Where it is talked to.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Has it close its browsers. Its answer comes when they are gone.
    fn shut_down(&self) -> std::io::Result<()> {
        let mut line = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        line.set_read_timeout(Some(Duration::from_secs(10)))?;
        line.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        line.read_to_end(&mut Vec::new()).map(drop)
    }
}

/// The last word of `ChromeDriver was started successfully on port 41234.`
fn port(stdout: &mut BufReader<ChildStdout>) -> u16 {
    let mut said = String::new();
    loop {
        let start = said.len();
        let read = stdout.read_line(&mut said).unwrap();
        assert!(read > 0, "chromedriver ended: {said}");
        if let Some((_, port)) = said[start..].split_once("successfully on port ") {
            return port.trim().trim_end_matches('.').parse().unwrap();
        }
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        let shut_down = self.shut_down();
        if shut_down.is_err() {
            // Its browsers are in its process group.
            let group = format!("-{}", self.child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

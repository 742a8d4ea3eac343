//! The ticket appears in no log line and no error.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

use panda_oidc_panda::simulator::Fault;
use panda_oidc_sdk::contract::Bench as _;
use tracing_subscriber::filter::LevelFilter;

use crate::bench::{PandaBench, open};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Captures everything that is logged on this thread, at every level and by every crate.
fn capture() -> (Captured, tracing::subscriber::DefaultGuard) {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    (captured, tracing::subscriber::set_default(subscriber))
}

fn text(captured: &Captured) -> String {
    String::from_utf8_lossy(&captured.0.lock().unwrap()).into_owned()
}

#[tokio::test]
async fn no_ticket_is_logged_or_printed_under_any_fault() {
    let ticket = "ticket-that-must-not-show";
    let bench = PandaBench::impatient().await;
    bench.portal.plant_ticket(ticket, 1);
    let (captured, _guard) = capture();
    let mut printed = String::new();
    for fault in [
        Fault::Healthy,
        Fault::LoginPage,
        Fault::Truncated,
        Fault::Id("null".to_owned()),
        Fault::Status(500),
        Fault::RedirectTo(format!("http://127.0.0.1:1/?ticket={ticket}")),
        Fault::CutShort,
        Fault::Cut,
        Fault::Drip,
        Fault::Hang,
        Fault::Dead,
    ] {
        bench.portal.set_fault(fault).await;
        let answer = bench.ask(ticket).await;
        write!(printed, "{answer:?} {:?} ", bench.provider()).unwrap();
        let mut cause = answer.as_ref().err().map(|error| error as &dyn Error);
        while let Some(error) = cause {
            write!(printed, "{error} ").unwrap();
            cause = error.source();
        }
    }
    assert!(printed.contains("Unreachable") && printed.contains("Unintelligible"));
    assert!(!printed.contains(ticket), "{printed}");
    let logged = text(&captured);
    assert!(!logged.contains(ticket), "{logged}");
}

#[tokio::test]
async fn a_portal_over_plain_http_is_warned_about() {
    let (captured, _guard) = capture();
    open("base_url = \"http://127.0.0.1:8080\"").unwrap();
    open("base_url = \"https://portal.example.com\"").unwrap();
    assert_eq!(text(&captured), "");
    open("base_url = \"http://10.0.0.5\"").unwrap();
    let logged = text(&captured);
    assert!(
        logged.contains("WARN") && logged.contains("SIGN IN AS ANY USER"),
        "{logged}"
    );
}

//! A flood of bad requests does not become a flood of log lines.

use tokio::task::JoinSet;

use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::support::provider::TestProvider;

#[tokio::test]
async fn repeated_refusals_of_one_caller_are_summed_up() {
    let portal = TestProvider::open().await;
    let program = Program::start(portal.portal.url().as_str(), "").await;
    let mut callers = JoinSet::new();
    for caller in 0..20 {
        let urls = [
            program.at(&format!("/authorize?client_id=nobody-{caller}")),
            program.at("/nothing-here"),
        ];
        callers.spawn(async move {
            let mut browser = Browser::new();
            for _ in 0..20 {
                for url in &urls {
                    assert!(browser.get(url).await.status.is_client_error());
                }
            }
        });
    }
    callers.join_all().await;
    let log = program.log();
    let refusals = log.lines().filter(|line| line.contains("WARN"));
    assert!((2..=40).contains(&refusals.count()), "{log}");
}

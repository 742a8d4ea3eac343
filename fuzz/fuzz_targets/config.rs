//! A configuration file, with the settings of its provider.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::{Corpus, fuzz_target};
use panda_oidc::config;
use panda_oidc::problem::Problem;
use panda_oidc_sdk::{Host, SystemClock};

static HOST: LazyLock<Host> =
    LazyLock::new(|| Host::new(Arc::new(SystemClock)).expect("an HTTP client"));

fuzz_target!(|toml: &str| -> Corpus {
    // Some devices can be read forever.
    if toml.contains("/dev") || toml.contains("/proc") {
        return Corpus::Reject;
    }
    let is_toml = toml::from_str::<toml::Table>(toml).is_ok();
    let config = match config::parse(toml) {
        Ok(config) => config,
        Err(problems) => {
            assert!(!problems.is_empty(), "a refusal without a reason");
            problems
                .iter()
                .for_each(|problem| is_found(problem, is_toml));
            return Corpus::Keep;
        }
    };
    config
        .warnings
        .iter()
        .for_each(|warning| is_found(warning, true));
    if let Err(problem) = config.provider.open(&HOST) {
        is_found(&problem, true);
    }
    let again = config::parse(toml).expect("it was accepted before");
    assert_eq!(again.warnings, config.warnings);
    Corpus::Keep
});

/// The problem names its key; that of a file that is no TOML, its line. It is shown on one line.
fn is_found(problem: &Problem, is_toml: bool) {
    let shown = problem.to_string();
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    let has_line = || problem.problem.contains("line ");
    assert!(
        !problem.key.is_empty() || (!is_toml && has_line()),
        "{problem:?}"
    );
    assert!(
        !problem.problem.is_empty() && !problem.remedy.is_empty(),
        "{problem:?}"
    );
}

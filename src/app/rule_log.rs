//! Logs the claim rules that fail.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::people::RuleFailure;

/// Logs the first failure of each rule, so that every login of a client does not repeat it.
#[derive(Debug, Default)]
pub struct RuleLog {
    /// The claims of each client whose rule has failed.
    failed: Mutex<HashMap<String, HashSet<String>>>,
}

impl RuleLog {
    /// Logs those of `failures` whose rule has not failed before.
    pub fn log(&self, failures: &[RuleFailure<'_>]) {
        for failure in failures {
            let RuleFailure {
                client,
                claim,
                reason,
            } = failure;
            if self.is_first(client, claim) {
                tracing::warn!(
                    client_id = client,
                    claim,
                    fault = reason,
                    "The rule for {claim} of {client} failed; the claim is left out. This is said once"
                );
            }
        }
    }

    fn is_first(&self, client: &str, claim: &str) -> bool {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let known = failed.get(client);
        if known.is_some_and(|claims| claims.contains(claim)) {
            return false;
        }
        let claims = failed.entry(client.to_owned()).or_default();
        claims.insert(claim.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_of_each_client_is_logged_once() {
        let log = RuleLog::default();
        assert!(log.is_first("grafana", "role"));
        assert!(!log.is_first("grafana", "role"));
        assert!(log.is_first("grafana", "login"));
        assert!(log.is_first("wiki", "role"));
    }
}

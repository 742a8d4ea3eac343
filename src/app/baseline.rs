//! What a reload compares the new configuration with.

use std::sync::Arc;

use panda_oidc_sdk::{Host, TrustedCertificates};

use crate::config::{Config, Written};

/// What a later configuration is compared with.
pub(super) struct Baseline {
    /// The host without the certificates in `ca_file`.
    pub(super) host: Host,
    pub(super) trusted: TrustedCertificates,
    pub(super) written: Written,
    pub(super) written_at_start: Arc<Written>,
}

impl Baseline {
    /// Of the configuration that the process starts with.
    pub(super) fn at_start(config: &Config, host: &Host) -> Self {
        Self {
            host: host.clone(),
            trusted: config.trusted.clone(),
            written: config.written.clone(),
            written_at_start: Arc::new(config.written.clone()),
        }
    }
}

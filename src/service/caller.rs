//! Who makes a request, for the log and the audit log.

use std::net::IpAddr;

/// Who makes a request.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The address of the browser or the client.
    pub address: Option<IpAddr>,
    /// The client that is asked for, if the request names one.
    pub client_id: Option<String>,
}

impl Caller {
    /// The address as text; empty if it is unknown.
    #[must_use]
    pub fn address(&self) -> String {
        self.address
            .map(|address| address.to_string())
            .unwrap_or_default()
    }
}

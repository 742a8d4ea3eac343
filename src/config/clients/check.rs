//! The helpers that all checks of a client share.

use panda_oidc_sdk::pasted::{Slip, slip};
use url::Url;

use crate::config::findings::Findings;
use crate::oauth::redirect::is_loopback;

/// The check of one client section.
pub(super) struct Check<'a, 'f> {
    pub(super) index: usize,
    pub(super) issuer: &'a str,
    /// The `client_id`s of all clients.
    pub(super) ids: &'a [&'a str],
    pub(super) insecure: bool,
    pub(super) findings: &'a mut Findings<'f>,
}

impl Check<'_, '_> {
    /// Reports a problem with the value of `key`.
    pub(super) fn fail(
        &mut self,
        key: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.findings
            .add(&format!("clients[{}].{key}", self.index), problem, remedy);
    }

    /// Reports what is allowed, but probably not meant.
    pub(super) fn warn(
        &mut self,
        key: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.findings
            .warn(&format!("clients[{}].{key}", self.index), problem, remedy);
    }

    /// Checks the URL under `key` and reports problems. `None` if `text` is missing or not a web address.
    pub(super) fn url(&mut self, key: &str, text: Option<&str>) -> Option<Url> {
        let url = self.url_with_fragment(key, text)?;
        if url.fragment().is_none() {
            return Some(url);
        }
        self.fail(
            key,
            "it has a # in it, which leads to a page inside the app and is sent to no server",
            "leave out everything from the # on",
        );
        None
    }

    /// As [`url`](Self::url), for an address that browsers open: an app may route by what is behind the `#`.
    pub(super) fn url_with_fragment(&mut self, key: &str, text: Option<&str>) -> Option<Url> {
        let text = text?;
        if let Some(Slip { problem, remedy }) = slip(text) {
            self.fail(key, problem, remedy);
            return None;
        }
        let url = Url::parse(text)
            .ok()
            .filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
        match &url {
            None => self.fail(
                key,
                "it is not an https URL",
                "write the whole address, with https:// in front",
            ),
            Some(url) if url.scheme() == "http" && !is_loopback(url) && !self.insecure => self
                .fail(
                    key,
                    "it is plain http beyond this machine",
                    "write https, or accept the risk with server.allow_insecure_http = true",
                ),
            Some(url) if !url.username().is_empty() || url.password().is_some() => self.fail(
                key,
                "it has a user name or a password in it",
                "register an address that needs none: it is shown to browsers, and stands in logs",
            ),
            Some(_) => {}
        }
        url
    }
}

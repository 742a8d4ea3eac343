//! The keys of a client about logout (RP-Initiated Logout 1.0 §3.1, Front-Channel Logout 1.0 §2,
//! Back-Channel Logout 1.0 §2.2).

use panda_oidc_sdk::pasted::{Slip, slip};
use url::Url;

use super::check::Check;
use super::section::ClientSection;
use crate::oauth::client::LogoutUris;
use crate::oauth::redirect::RegisteredUri;

impl Check<'_, '_> {
    pub(super) fn logout(&mut self, section: &ClientSection) -> LogoutUris {
        // Every logout token and every frame has a `sid`, so both values are satisfied. Without a
        // logout URI the key has no effect, and the operator should know that.
        for (required, uri, key) in [
            (
                section.backchannel_logout_session_required,
                &section.backchannel_logout_uri,
                "backchannel_logout",
            ),
            (
                section.frontchannel_logout_session_required,
                &section.frontchannel_logout_uri,
                "frontchannel_logout",
            ),
        ] {
            if required.is_some() && uri.is_none() {
                self.fail(
                    &format!("{key}_session_required"),
                    format!("there is no {key}_uri for it"),
                    format!("add {key}_uri, or take it out"),
                );
            }
        }
        LogoutUris {
            post_redirects: self.uris(
                "post_logout_redirect_uris",
                &section.post_logout_redirect_uris,
            ),
            backchannel: self.url(
                "backchannel_logout_uri",
                section.backchannel_logout_uri.as_deref(),
            ),
            frontchannel: self.frontchannel(section),
        }
    }

    /// "The domain, port, and scheme of this URL MUST be the same as that of a registered
    /// Redirection URI value" (Front-Channel Logout 1.0 §2).
    fn frontchannel(&mut self, section: &ClientSection) -> Option<Url> {
        let key = "frontchannel_logout_uri";
        let uri = self.url(key, section.frontchannel_logout_uri.as_deref())?;
        let redirects = section.redirect_uris.iter();
        let mut origins = redirects.filter_map(|uri| Some(Url::parse(uri).ok()?.origin()));
        if !origins.any(|origin| origin == uri.origin()) {
            self.fail(
                key,
                "scheme, host and port are those of none of the redirect_uris",
                "write an address of the same app",
            );
        }
        Some(uri)
    }

    /// Checks URIs that are compared character by character.
    pub(super) fn uris(&mut self, key: &str, uris: &[String]) -> Vec<RegisteredUri> {
        let mut registered = Vec::new();
        for uri in uris {
            if let Some(Slip { problem, remedy }) = slip(uri) {
                self.fail(key, format!("`{uri}`: {problem}"), remedy);
                continue;
            }
            let has_response = Url::parse(uri).is_ok_and(|uri| {
                let has = |wanted: &str| uri.query_pairs().any(|(name, _)| name == wanted);
                has("code") || has("state")
            });
            if has_response {
                self.fail(
                    key,
                    "it has the response to a login in it: code or state",
                    "write the address as the app sends it in redirect_uri",
                );
                continue;
            }
            match RegisteredUri::new(uri) {
                Ok(uri) => registered.push(uri),
                Err(error) => self.fail(
                    key,
                    format!("`{uri}`: {error}"),
                    "write the whole address, to the letter",
                ),
            }
        }
        registered
    }
}

//! What a refused request of a client said, for the page and the log.

use std::fmt;

use crate::login::ticket_url::{self, Equals};
use crate::oauth::clients::Clients;
use crate::oauth::error::OAuthError;
use crate::oauth::params::Params;

/// The most of a URI that is shown, in characters.
const MAX_SHOWN: usize = 200;

/// A request that is shown on a page, because there is no verified redirect URI to send its error to.
#[derive(Debug)]
pub(crate) struct RefusedRequest {
    /// Why it is refused.
    error: OAuthError,
    /// The `client_id` of the request.
    client_id: Option<String>,
    /// Whether that is a registered client.
    is_registered: bool,
    /// The redirect URI that the request names, with its parameter. Without anything that may be a secret.
    redirect_uri: Option<(&'static str, String)>,
}

impl RefusedRequest {
    /// `error` refuses `params`; `uri` is the name of its redirect URI, and `ticket` that of the ticket.
    pub(crate) fn new(
        error: OAuthError,
        params: &Params,
        uri: &'static str,
        clients: &Clients,
        ticket: &str,
    ) -> Self {
        // Another text than a plain name may be anything, such as a secret that was pasted there.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let client_id = params.get("client_id");
        let client_id = client_id.filter(|id| id.len() <= 60 && id.bytes().all(plain));
        Self {
            error,
            is_registered: client_id.is_some_and(|id| clients.get(id).is_some()),
            client_id: client_id.map(str::to_owned),
            redirect_uri: params.get(uri).map(|value| (uri, shown_uri(value, ticket))),
        }
    }

    /// A request whose parameters are unknown.
    pub(crate) fn unread(error: OAuthError) -> Self {
        Self {
            error,
            client_id: None,
            is_registered: false,
            redirect_uri: None,
        }
    }

    /// The client, if it is registered.
    pub(crate) fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref().filter(|_| self.is_registered)
    }
}

impl fmt::Display for RefusedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        if let Some(id) = &self.client_id {
            write!(f, "; client_id \"{id}\"")?;
        }
        if let Some((name, uri)) = &self.redirect_uri {
            write!(f, "; {name} \"{uri}\"")?;
        }
        Ok(())
    }
}

impl std::error::Error for RefusedRequest {}

/// A URI as a page and the log may show it: without user name, password, fragment, the values of its query
/// and any ticket, and cut.
fn shown_uri(uri: &str, ticket: &str) -> String {
    let uri = uri.split('#').next().unwrap_or_default();
    let uri = ticket_url::strip(uri, ticket, Equals::Any);
    let (address, query) = match uri.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (uri.as_str(), None),
    };
    let mut shown = match address.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find(['/', '\\']).unwrap_or(rest.len());
            let host = rest[..end].rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{}", &rest[end..])
        }
        None => address.to_owned(),
    };
    if let Some(query) = query {
        let names = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) => format!("{name}=..."),
            None => "...".to_owned(),
        });
        shown = format!("{shown}?{}", names.collect::<Vec<_>>().join("&"));
    }
    let mut cut: String = shown.chars().take(MAX_SHOWN).collect();
    if cut.len() < shown.len() {
        cut.push_str("...");
    }
    cut.escape_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_shown_without_what_may_be_a_secret() {
        for (uri, shown) in [
            ("https://app/cb/", "https://app/cb/"),
            ("https://u:p@app/cb", "https://app/cb"),
            ("https://app/cb?code=s&x", "https://app/cb?code=...&..."),
            ("https://app/cb?ticket=T", "https://app/cb"),
            ("https://app/cb;ticket=T", "https://app/cb"),
            ("https://app/cb#access_token=s", "https://app/cb"),
            ("com.example:/cb\"\n陈", "com.example:/cb\\\"\\n\\u{9648}"),
        ] {
            assert_eq!(shown_uri(uri, "ticket"), shown);
        }
        assert_eq!(shown_uri(&"x".repeat(5000), "ticket").len(), MAX_SHOWN + 3);
    }
}

//! Redirect URIs: which ones a client may register, and which one a response may be sent to.

use std::fmt;

use url::{Host, Url};

use super::error::OAuthError;
use super::response_mode::{AuthorizationResponse, ResponseMode};

/// A redirect URI as a client registered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredUri(String);

/// Why a redirect URI cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedirectUri {
    /// It is not an absolute URI.
    #[error("it is not an absolute URI")]
    Relative,
    /// It contains characters that are not allowed in a URI or in a `Location` header (RFC 3986
    /// §2).
    #[error(
        "it has characters in it that are no part of a URI; percent-encode them, as a browser's address bar copies them"
    )]
    Characters,
    /// It has a fragment (RFC 6749 §3.1.2).
    #[error("it has a fragment; leave out everything from the # on")]
    Fragment,
    /// Its scheme cannot lead back to the client.
    #[error(
        "its scheme is neither https nor http nor a private one with a dot in it, such as \
         com.example.app (RFC 8252 §7.1)"
    )]
    Scheme,
    /// It contains a user name or a password.
    #[error("it has a user name or a password in it")]
    Userinfo,
    /// It is a wildcard pattern.
    #[error("it contains a *; redirect URIs are compared to the letter, list each of them")]
    Pattern,
}

impl RegisteredUri {
    /// Checks a URI for registration.
    ///
    /// # Errors
    ///
    /// [`InvalidRedirectUri`] says what is wrong with it.
    pub fn new(uri: &str) -> Result<Self, InvalidRedirectUri> {
        let parsed = Url::parse(uri).map_err(|_| InvalidRedirectUri::Relative)?;
        if !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidRedirectUri::Characters);
        }
        if parsed.fragment().is_some() {
            return Err(InvalidRedirectUri::Fragment);
        }
        if uri.contains('*') {
            return Err(InvalidRedirectUri::Pattern);
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(InvalidRedirectUri::Userinfo);
        }
        match parsed.scheme() {
            "https" | "http" => Ok(Self(uri.to_owned())),
            private if private.contains('.') => Ok(Self(uri.to_owned())),
            _ => Err(InvalidRedirectUri::Scheme),
        }
    }

    /// The URI exactly as it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin of this URI, as a browser writes it into `Origin` (RFC 6454 §6.2). `None` for a
    /// private scheme, which has no web origin.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        let origin = Url::parse(&self.0).ok()?.origin();
        origin.is_tuple().then(|| origin.ascii_serialization())
    }

    /// Whether `requested` is this URI. "Authorization servers MUST utilize exact string matching
    /// except for port numbers in localhost redirection URIs of native apps" (RFC 9700 §2.1).
    pub(super) fn matches(&self, requested: &str, any_loopback_port: bool) -> bool {
        self.0 == requested
            || any_loopback_port
                && matches!((split_loopback(&self.0), split_loopback(requested)), (Some(ours), Some(theirs)) if ours == theirs)
    }
}

/// Splits a loopback URI such as `http://127.0.0.1:4711/cb` into the host and what follows the
/// port, both unchanged. `None` for any other URI.
fn split_loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]", "localhost"]
        .into_iter()
        .find(|host| rest.starts_with(host))?;
    let rest = &rest[host.len()..];
    let Some(after_colon) = rest.strip_prefix(':') else {
        return (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest));
    };
    let digits = after_colon.bytes().take_while(u8::is_ascii_digit).count();
    let (port, rest) = after_colon.split_at(digits);
    let is_complete = rest.is_empty() || rest.starts_with(['/', '?']);
    (is_complete && port.parse::<u16>().is_ok()).then_some((host, rest))
}

/// A redirect URI that a response may be sent to. Only [`VerifiedRedirect::check`] creates one.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedRedirect {
    uri: String,
    issuer: String,
    state: Option<String>,
    mode: ResponseMode,
}

impl VerifiedRedirect {
    /// Accepts `requested` if it is one of the URIs that the client registered.
    ///
    /// Responses will carry `state`, and `issuer` as `iss` (RFC 9207 §2).
    ///
    /// # Errors
    ///
    /// `invalid_request`. It must be shown on a page: the server "MUST NOT automatically redirect
    /// the user-agent to the invalid redirection URI" (RFC 6749 §4.1.2.1).
    pub fn check(
        requested: &str,
        registered: &[RegisteredUri],
        any_loopback_port: bool,
        issuer: &str,
        state: Option<&str>,
    ) -> Result<Self, OAuthError> {
        if !registered
            .iter()
            .any(|uri| uri.matches(requested, any_loopback_port))
        {
            return Err(OAuthError::invalid_request(
                "the redirect_uri is not registered for this client; it must be one of the \
                 registered ones to the letter",
            ));
        }
        Ok(Self {
            uri: requested.to_owned(),
            issuer: issuer.to_owned(),
            state: state.map(str::to_owned),
            mode: ResponseMode::default(),
        })
    }

    /// The same redirect URI, for responses in the response mode `mode`.
    #[must_use]
    pub fn in_mode(self, mode: ResponseMode) -> Self {
        Self { mode, ..self }
    }

    /// The redirect URI, exactly as in the request.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The authorization response with a code (RFC 6749 §4.1.2).
    #[must_use]
    pub fn with_code(&self, code: &str) -> AuthorizationResponse {
        self.with(vec![("code", code.to_owned())])
    }

    /// The authorization response with an error (RFC 6749 §4.1.2.1).
    #[must_use]
    pub fn with_error(&self, error: &OAuthError) -> AuthorizationResponse {
        self.with(vec![
            ("error", error.code.as_str().to_owned()),
            ("error_description", error.description.to_string()),
        ])
    }

    fn with(&self, mut params: Vec<(&'static str, String)>) -> AuthorizationResponse {
        params.extend(self.state.clone().map(|state| ("state", state)));
        params.push(("iss", self.issuer.clone()));
        self.mode.respond(&self.uri, params)
    }
}

/// Leaves `state` out: it belongs to the client and may be a secret.
impl fmt::Debug for VerifiedRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedRedirect")
            .field("uri", &self.uri)
            .finish_non_exhaustive()
    }
}

/// Whether the host of `url` is `localhost` or a loopback address.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(registered: &str, requested: &str, public: bool) -> bool {
        let registered = [RegisteredUri::new(registered).unwrap()];
        VerifiedRedirect::check(requested, &registered, public, "https://op", None).is_ok()
    }

    fn url(response: AuthorizationResponse) -> String {
        match response {
            AuthorizationResponse::Redirect(url) => url,
            AuthorizationResponse::FormPost { action, .. } => panic!("a form to {action}"),
        }
    }

    #[test]
    fn only_an_identical_uri_matches() {
        let ours = "https://app.example.com/cb?x=1";
        assert!(check(ours, ours, false));
        // The numbers are the attacks of docs/security.md.
        for requested in [
            "https://app.example.com.evil.com/cb?x=1", // registered host as a prefix (N01)
            "https://app.example.com/cb/../cb?x=1",    // path traversal (N02)
            "https://app.example.com/cb%2f?x=1",       // encoded slash (N02)
            "https://app.example.com/%63b?x=1",        // encoded letter (N03)
            "https://app.example.com@evil.com/cb?x=1", // registered host as userinfo (N04)
            "https://fooaapp.example.com/cb?x=1",      // longer host name (N06)
            "HTTPS://app.example.com/cb?x=1",          // upper case in the scheme (N07)
            "https://App.example.com/cb?x=1",          // upper case in the host (N07)
            "https://app.example.com/CB?x=1",          // upper case in the path (N07)
            "https://app.example.com/cb?x=1&y=2",      // additional parameter (N08)
            "https://app.example.com/cb?x=1#f",        // fragment (N09)
            "https://app.example.com:443/cb?x=1",
            "https://app.example.com/cb?x=1 ",
            "//app.example.com/cb?x=1",
            "javascript:alert(1)", // script (N09)
            "",
        ] {
            assert!(
                !check(ours, requested, false) && !check(ours, requested, true),
                "{requested}"
            );
        }
    }

    #[test]
    fn a_public_client_may_listen_on_any_loopback_port() {
        for ours in ["http://127.0.0.1/cb", "http://127.0.0.1:1/cb"] {
            assert!(check(ours, "http://127.0.0.1:51004/cb", true));
            assert!(
                !check(ours, "http://127.0.0.1:51004/cb", false),
                "confidential clients have one port"
            );
            for requested in [
                "http://127.0.0.1:51004/other",      // other path (N08)
                "http://127.0.0.1:51004/cb?extra=1", // additional parameter (N08)
                "http://127.0.0.1:51004@evil/cb",    // loopback host as userinfo (N04)
                "http://127.0.0.1:80:90/cb",
                "http://127.0.0.1:/cb",
                "http://127.0.0.1:99999/cb",
                "http://127.0.0.1.evil.com/cb",
                "http://127.0.0.1evil/cb",
                "http://localhost:51004/cb",
                "https://127.0.0.1:51004/cb",
            ] {
                assert!(!check(ours, requested, true), "{requested}");
            }
        }
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (uri, origin) in [
            (
                "https://app.example.com/cb?x=1",
                Some("https://app.example.com"),
            ),
            (
                "https://App.Example.com:443/cb",
                Some("https://app.example.com"),
            ),
            ("http://127.0.0.1:5173/cb", Some("http://127.0.0.1:5173")),
            ("http://[::1]/cb", Some("http://[::1]")),
            ("com.example.app:/cb", None),
        ] {
            let registered = RegisteredUri::new(uri).unwrap();
            assert_eq!(registered.origin().as_deref(), origin, "{uri}");
        }
    }

    #[test]
    fn what_cannot_lead_back_is_not_registered() {
        for (uri, why) in [
            ("/cb", InvalidRedirectUri::Relative),
            ("https://app/回调", InvalidRedirectUri::Characters),
            ("https://app/cb ", InvalidRedirectUri::Characters),
            ("https://app/c\nb", InvalidRedirectUri::Characters),
            ("https://app/cb#x", InvalidRedirectUri::Fragment),
            ("https://app/*", InvalidRedirectUri::Pattern), // wildcard (N05)
            ("https://u:p@app/cb", InvalidRedirectUri::Userinfo),
            ("javascript:alert(1)", InvalidRedirectUri::Scheme),
            ("data:text/html,x", InvalidRedirectUri::Scheme),
            ("myapp:/cb", InvalidRedirectUri::Scheme),
        ] {
            assert_eq!(RegisteredUri::new(uri), Err(why), "{uri}");
        }
        assert!(RegisteredUri::new("com.example.app:/cb").is_ok());
    }

    #[test]
    fn a_response_keeps_the_clients_own_query_and_escapes_ours() {
        let uri = "https://app/cb?a=%20b";
        let registered = [RegisteredUri::new(uri).unwrap()];
        let redirect =
            VerifiedRedirect::check(uri, &registered, false, "https://op", Some("x&y=#\""))
                .unwrap();
        let ours = "code=c&state=x%26y%3D%23%22&iss=https%3A%2F%2Fop";
        let sent = |mode| redirect.clone().in_mode(mode).with_code("c");
        assert_eq!(url(sent(ResponseMode::Query)), format!("{uri}&{ours}"));
        assert_eq!(url(sent(ResponseMode::Fragment)), format!("{uri}#{ours}"));
        let form = AuthorizationResponse::FormPost {
            action: uri.to_owned(),
            fields: vec![
                ("code", "c".to_owned()),
                ("state", "x&y=#\"".to_owned()),
                ("iss", "https://op".to_owned()),
            ],
        };
        assert!(sent(ResponseMode::FormPost) == form);
    }

    proptest! {
        #[test]
        fn no_response_leaves_the_registered_uri(state in any::<String>(), code in any::<String>()) {
            let uri = "https://app/cb";
            let registered = [RegisteredUri::new(uri).unwrap()];
            let redirect = VerifiedRedirect::check(uri, &registered, false, "https://op", Some(&state)).unwrap();
            let url = Url::parse(&url(redirect.with_code(&code))).unwrap();
            prop_assert_eq!(url.as_str().split('?').next(), Some(uri));
            let states: Vec<_> = url.query_pairs().filter(|(name, _)| name == "state").collect();
            prop_assert_eq!(states.len(), 1);
            prop_assert_eq!(&states[0].1, &state);
        }

        #[test]
        fn no_other_text_is_accepted_as_a_loopback_uri(requested in "http://(127\\.0\\.0\\.1|localhost)?[:/@.a-z0-9?#]{0,20}") {
            if check("http://127.0.0.1/cb", &requested, true) {
                let url = Url::parse(&requested).unwrap();
                prop_assert_eq!((url.host_str(), url.path(), url.query()), (Some("127.0.0.1"), "/cb", None));
            }
        }
    }
}

//! The issuer: the identifier of this provider and the base of all its URLs.

use std::fmt;
use std::sync::Arc;

use url::Url;

use super::redirect::is_loopback;

/// An issuer identifier (RFC 8414 §2). Clients compare it as an exact string. Clones share the
/// data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(Arc<Parts>);

#[derive(Debug, PartialEq, Eq)]
struct Parts {
    text: String,
    url: Url,
}

/// Why a text cannot be an issuer identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIssuer {
    /// It is not an http or https URL with a host.
    #[error("it is not an https URL such as https://sso.example.com")]
    NotAUrl,
    /// It ends with a slash.
    #[error("it ends with a slash; write it without, clients compare it to the letter")]
    TrailingSlash,
    /// It is the address of the discovery document.
    #[error(
        "it is the address of the discovery document; leave out everything from /.well-known on"
    )]
    Discovery,
    /// It has more than scheme, host, port and path.
    #[error(
        "it has a query, a fragment or a user name in it; only scheme, host, port and path may stand there"
    )]
    TooMuch,
    /// It is not in the normal form in which a browser writes URLs.
    #[error(
        "it is not written the way browsers do: lower case, no default port, no . or .. in the path"
    )]
    NotNormal,
}

impl Issuer {
    /// Checks an issuer identifier.
    ///
    /// # Errors
    ///
    /// [`InvalidIssuer`] says what is wrong with it.
    pub fn new(text: &str) -> Result<Self, InvalidIssuer> {
        let url = Url::parse(text).map_err(|_| InvalidIssuer::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return Err(InvalidIssuer::NotAUrl);
        }
        if url.path().contains("/.well-known/") {
            return Err(InvalidIssuer::Discovery);
        }
        let bare = url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidIssuer::TooMuch);
        }
        if text.ends_with('/') {
            return Err(InvalidIssuer::TrailingSlash);
        }
        if url.as_str().trim_end_matches('/') != text {
            return Err(InvalidIssuer::NotNormal);
        }
        Ok(Self(Arc::new(Parts {
            text: text.to_owned(),
            url,
        })))
    }

    /// The issuer, exactly as configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The path below which all endpoints are, without a trailing slash. It is usually empty.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.url.path().trim_end_matches('/')
    }

    /// The URL of this provider at `path`, which begins with a slash.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0.text)
    }

    /// The issuer as a URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// Whether browsers use https, so that cookies can be `Secure`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.url.scheme() == "https"
    }

    /// Whether it uses plain http and other machines can reach it.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        !self.is_https() && !is_loopback(&self.0.url)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_normalized_url() {
        for text in [
            "https://sso.example.com",
            "http://10.0.0.7:9400",
            "https://example.com/sso/panda",
        ] {
            assert_eq!(Issuer::new(text).unwrap().as_str(), text);
        }
        for (text, why) in [
            ("sso.example.com", InvalidIssuer::NotAUrl),
            ("ftp://sso.example.com", InvalidIssuer::NotAUrl),
            ("https://sso.example.com/", InvalidIssuer::TrailingSlash),
            ("https://sso.example.com/?x=1", InvalidIssuer::TooMuch),
            ("https://me@sso.example.com", InvalidIssuer::TooMuch),
            (
                "https://sso.example.com/.well-known/openid-configuration",
                InvalidIssuer::Discovery,
            ),
            ("https://SSO.example.com", InvalidIssuer::NotNormal),
            ("https://sso.example.com:443", InvalidIssuer::NotNormal),
            ("https://sso.example.com/a/../b", InvalidIssuer::NotNormal),
        ] {
            assert_eq!(Issuer::new(text), Err(why), "{text}");
        }
    }

    #[test]
    fn endpoints_are_below_its_path() {
        let issuer = Issuer::new("https://example.com/sso").unwrap();
        assert_eq!(
            (issuer.path(), issuer.at("/token").as_str()),
            ("/sso", "https://example.com/sso/token")
        );
        assert_eq!(Issuer::new("https://example.com").unwrap().path(), "");
    }
}

//! The settings of `[provider]` with `kind = "panda"`, and their validation.
//!
//! figment reports a wrong key or type, because it knows the file. This module reports a value that
//! cannot work, and says what to write instead. No message repeats a URL: it may hold a password.

use std::time::Duration;

use figment::Figment;
use figment::value::magic::RelativePathBuf;
use panda_oidc_sdk::{OpenError, TrustedCertificates};
use serde::Deserialize;
use serde::de::IgnoredAny;
use url::{Origin, Url};

use crate::address::{base_url, is_loopback, portal_url, unusable, web_url};
use crate::ticket_format::TicketFormat;

/// The longest a browser can be kept waiting for the portal.
const MAX_TIMEOUT: Duration = Duration::from_mins(1);

/// How many further origins the portal may have. They are written into a header of each page.
const MAX_PORTAL_ORIGINS: usize = 32;

/// Parameters of an authorization request or its response. The portal also appends its ticket
/// parameter to `/authorize`, where a parameter with one of these names would be misread.
const OAUTH_NAMES: [&str; 36] = [
    "access_token",
    "acr_values",
    "authorization_details",
    "claims",
    "claims_locales",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "display",
    "dpop_jkt",
    "error",
    "error_description",
    "error_uri",
    "expires_in",
    "grant_type",
    "id_token",
    "id_token_hint",
    "iss",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "target_link_uri",
    "ui_locales",
];

/// The validated settings.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The address to which `/PandaOMS/OMS/…` is appended.
    pub(crate) base_url: Url,
    /// The query parameter in which the portal hands over its ticket.
    pub(crate) ticket_parameter: String,
    /// The address of the portal that people are shown.
    pub(crate) portal_url: Url,
    /// Whether people are redirected to the portal instead of being shown a link.
    pub(crate) portal_redirect: bool,
    /// How long a call may take, including reading the body.
    pub(crate) timeout: Duration,
    /// The origins under which people reach the portal: those of the two addresses, and `portal_origins`.
    pub(crate) origins: Vec<Origin>,
    /// What its tickets are.
    pub(crate) ticket_format: TicketFormat,
    /// Certificates that are trusted for calls to the portal.
    pub(crate) trusted: TrustedCertificates,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default, rename = "kind")]
    _kind: IgnoredAny,
    base_url: String,
    #[serde(default = "default_ticket_parameter")]
    ticket_parameter: String,
    portal_url: Option<String>,
    #[serde(default)]
    portal_redirect: bool,
    #[serde(default = "default_timeout", with = "humantime_serde")]
    timeout: Duration,
    ca_file: Option<RelativePathBuf>,
    #[serde(default)]
    portal_origins: Vec<String>,
    #[serde(default)]
    ticket_format: TicketFormat,
}

fn default_ticket_parameter() -> String {
    "ticket".to_owned()
}

fn default_timeout() -> Duration {
    Duration::from_secs(5)
}

impl Settings {
    /// Reads and validates the table.
    pub(crate) fn read(table: &Figment) -> Result<Self, OpenError> {
        let table: Table = table.extract()?;
        let base_url = base_url(&table.base_url)?;
        let portal_url = match table.portal_url {
            Some(text) => portal_url(&text, &table.ticket_parameter)?,
            None => base_url.clone(),
        };
        Ok(Self {
            origins: origins(&base_url, &portal_url, &table.portal_origins)?,
            ticket_format: table.ticket_format,
            base_url,
            ticket_parameter: ticket_parameter(table.ticket_parameter)?,
            portal_url,
            portal_redirect: table.portal_redirect,
            timeout: timeout(table.timeout)?,
            trusted: trusted(table.ca_file.as_ref())?,
        })
    }

    /// Whether an attacker on the network path to the portal can forge its answers.
    pub(crate) fn is_forgeable(&self) -> bool {
        self.base_url.scheme() == "http" && !is_loopback(&self.base_url)
    }
}

fn ticket_parameter(name: String) -> Result<String, OpenError> {
    let plain = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !plain {
        return Err(unusable(
            "ticket_parameter",
            "it is no plain parameter name",
            "use 1 to 64 letters, digits, `-`, `_` or `.`, the same as in the portal",
        ));
    }
    if OAUTH_NAMES.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(unusable(
            "ticket_parameter",
            "OAuth uses this name itself",
            "have the portal use another, like `ticket`",
        ));
    }
    Ok(name)
}

fn origins(base: &Url, portal: &Url, more: &[String]) -> Result<Vec<Origin>, OpenError> {
    if more.len() > MAX_PORTAL_ORIGINS {
        return Err(unusable(
            "portal_origins",
            &format!("there are more than {MAX_PORTAL_ORIGINS}"),
            "list the addresses under which people really open the portal",
        ));
    }
    let mut origins = vec![portal.origin()];
    let more = more.iter().map(|text| portal_origin(text));
    for origin in [Ok(base.origin())].into_iter().chain(more) {
        let origin = origin?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    Ok(origins)
}

fn portal_origin(text: &str) -> Result<Origin, OpenError> {
    let url = web_url("portal_origins", text)?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(unusable(
            "portal_origins",
            "one of them has a path, a query or a fragment",
            "write scheme, host and port alone, like `http://portal.local` or `https://10.0.0.5:8443`",
        ));
    }
    Ok(url.origin())
}

fn trusted(ca_file: Option<&RelativePathBuf>) -> Result<TrustedCertificates, OpenError> {
    let Some(path) = ca_file.map(RelativePathBuf::relative) else {
        return Ok(TrustedCertificates::default());
    };
    TrustedCertificates::read(&path).map_err(|error| {
        let problem = format!("{}: {error}", path.display());
        unusable(
            "ca_file",
            &problem,
            "write the path of a PEM file with the certificate of the CA, or of the portal itself",
        )
    })
}

fn timeout(timeout: Duration) -> Result<Duration, OpenError> {
    if timeout.is_zero() || timeout > MAX_TIMEOUT {
        return Err(unusable(
            "timeout",
            "it is nothing, or more than a minute",
            "write something like `5s`",
        ));
    }
    Ok(timeout)
}

#[cfg(test)]
mod tests {
    use figment::providers::{Format as _, Toml};

    use super::*;

    fn read(table: &str) -> Result<Settings, OpenError> {
        let file = format!("[provider]\nkind = \"panda\"\n{table}");
        Settings::read(&Figment::from(Toml::string(&file)).focus("provider"))
    }

    fn problem(table: &str) -> String {
        read(table).expect_err("must not open").to_string()
    }

    #[test]
    fn a_base_url_is_enough() {
        let settings = read(r#"base_url = "http://10.0.0.5""#).unwrap();
        assert_eq!(settings.ticket_parameter, "ticket");
        assert_eq!(settings.portal_url, settings.base_url);
        assert!(!settings.portal_redirect);
        assert_eq!(settings.timeout, Duration::from_secs(5));
    }

    #[test]
    fn every_setting_is_read() {
        let settings = read(
            r#"base_url = "https://portal.example.com/water/"
               ticket_parameter = "pandaTicket"
               portal_url = "https://portal.example.com/#/home"
               portal_redirect = true
               timeout = "300ms""#,
        )
        .unwrap();
        assert_eq!(settings.base_url.path(), "/water/");
        assert_eq!(settings.ticket_parameter, "pandaTicket");
        assert_eq!(settings.portal_url.fragment(), Some("/home"));
        assert!(settings.portal_redirect);
        assert_eq!(settings.timeout, Duration::from_millis(300));
    }

    #[test]
    fn a_typo_is_reported_with_its_key() {
        let problem = problem("base_ulr = \"http://10.0.0.5\"");
        assert!(
            problem.contains("base_ulr") && problem.contains("TOML"),
            "{problem}"
        );
    }

    #[test]
    fn a_missing_base_url_is_reported() {
        assert!(problem("").contains("base_url"));
    }

    #[test]
    fn a_wrong_type_is_reported_with_its_key() {
        let problem = problem("base_url = \"http://10.0.0.5\"\ntimeout = 5");
        assert!(problem.contains("timeout"), "{problem}");
    }

    #[test]
    fn a_ticket_parameter_is_plain_and_not_an_oauth_parameter() {
        for name in [
            "",
            "a b",
            "a&b",
            "票据",
            "a[]",
            "state",
            "Code",
            "client_id",
        ] {
            let problem = problem(&format!(
                "base_url = \"http://10.0.0.5\"\nticket_parameter = {name:?}"
            ));
            assert!(problem.starts_with("`ticket_parameter`: "), "{problem}");
        }
    }

    #[test]
    fn a_timeout_is_positive_and_at_most_a_minute() {
        for timeout in ["0s", "61s", "1h"] {
            let problem = problem(&format!(
                "base_url = \"http://10.0.0.5\"\ntimeout = {timeout:?}"
            ));
            assert!(problem.starts_with("`timeout`: "), "{problem}");
        }
    }

    #[test]
    fn plain_http_beyond_this_machine_is_forgeable() {
        for (url, forgeable) in [
            ("http://10.0.0.5", true),
            ("http://portal", true),
            ("http://127.0.0.1:8080", false),
            ("http://[::1]", false),
            ("http://localhost:1", false),
            ("https://10.0.0.5", false),
        ] {
            let settings = read(&format!("base_url = {url:?}")).unwrap();
            assert_eq!(settings.is_forgeable(), forgeable, "{url}");
        }
    }
}

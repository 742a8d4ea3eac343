//! Where a launch from the portal sends the browser: the client's own login URL, with the
//! parameters of OIDC Core §4.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::oauth::client::Client;
use crate::oauth::issuer::Issuer;
use crate::oauth::launch_settings::{LaunchParameter, TargetLinkFormat};

/// What a `Location` header cannot carry. Everything that is not ASCII is always encoded.
const NOT_ASCII: &AsciiSet = CONTROLS;

/// Why a launch has no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoLoginUrl {
    /// The client has neither `initiate_login_uri` nor `client_uri`.
    #[error("the client has neither initiate_login_uri nor client_uri")]
    NoLoginUri,
    /// A deep link is not below the client's `client_uri`, or the client has none.
    #[error("the deep link is not below the client's client_uri")]
    OutOfBounds,
    /// The query of a deep link holds encoded control characters, such as line breaks.
    #[error("the query of the deep link holds control characters")]
    Query,
}

/// The page of a client that a launch URL names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeepLink<'a> {
    /// What follows the client in the path, decoded: the name of a link of the client (`links`), or a
    /// path below its `client_uri`.
    pub path: Option<&'a str>,
    /// The raw query, without the ticket.
    pub query: &'a str,
}

/// The URL that a launch opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchUrl {
    url: String,
    takes_login_hint: bool,
}

impl LaunchUrl {
    /// A page that needs to know nothing about the user.
    #[must_use]
    pub fn page(url: String) -> Self {
        Self {
            url,
            takes_login_hint: false,
        }
    }

    /// The URL for the user `subject`, who is the `login_hint` if the client wants one (OIDC Core §4).
    #[must_use]
    pub fn for_user(&self, subject: &str) -> String {
        if self.takes_login_hint
            && let Ok(mut url) = Url::parse(&self.url)
        {
            url.query_pairs_mut().append_pair("login_hint", subject);
            return url.into();
        }
        self.url.clone()
    }
}

/// The URL at which the client starts a login, and from which it goes on to the page `deep`.
///
/// A client that does not take `target_link_uri` is opened at that page itself, and starts its login
/// there.
///
/// # Errors
///
/// [`NoLoginUrl`].
pub fn login_url(
    client: &Client,
    deep: DeepLink<'_>,
    issuer: &Issuer,
) -> Result<LaunchUrl, NoLoginUrl> {
    let launch = &client.launch;
    let takes = |parameter| launch.parameters.contains(&parameter);
    let takes_link = takes(LaunchParameter::TargetLinkUri);
    let link = link(client, deep)?;
    let Some(login) = &client.initiate_login_uri else {
        let home = || client.client_uri.clone().map(String::from);
        let page = link.or_else(home).ok_or(NoLoginUrl::NoLoginUri)?;
        return Ok(LaunchUrl::page(page));
    };
    let mut login = login.clone();
    match link {
        Some(link) if !takes_link && has_path(deep) => return Ok(LaunchUrl::page(link)),
        link => {
            // OIDC Core §4: `iss` is REQUIRED, so that a client with several providers knows which one
            // to use.
            if takes(LaunchParameter::Iss) && !login.query_pairs().any(|(name, _)| name == "iss") {
                login.query_pairs_mut().append_pair("iss", issuer.as_str());
            }
            if let Some(link) = link.filter(|_| takes_link) {
                let target = match launch.target_link_format {
                    TargetLinkFormat::Url => link.as_str(),
                    TargetLinkFormat::Path => path_of(&link),
                };
                let parameter = &launch.target_link_parameter;
                login.query_pairs_mut().append_pair(parameter, target);
            }
        }
    }
    Ok(LaunchUrl {
        url: login.into(),
        takes_login_hint: takes(LaunchParameter::LoginHint),
    })
}

fn has_path(deep: DeepLink<'_>) -> bool {
    deep.path.is_some_and(|path| !path.is_empty())
}

/// The page that a launch URL names; `None` if it names only the client.
fn link(client: &Client, deep: DeepLink<'_>) -> Result<Option<String>, NoLoginUrl> {
    let path = deep.path.filter(|path| !path.is_empty());
    let page = match (path, &client.client_uri) {
        (Some(path), home) => match client.launch.links.get(path) {
            Some(named) => named.clone(),
            None => deep_link(home.as_ref().ok_or(NoLoginUrl::OutOfBounds)?, path)?,
        },
        (None, Some(home)) if !deep.query.is_empty() && !is_left_out(client, deep) => {
            home.to_string()
        }
        (None, _) => return Ok(None),
    };
    with_query(page, deep.query).map(Some)
}

/// Whether the query of a launch that names no page is not passed on: the client has no `client_uri`, or
/// the query names another site. Apps look at the URL where a login starts for a page to open afterwards
/// (open redirect; N10, docs/security.md).
#[must_use]
pub fn is_left_out(client: &Client, deep: DeepLink<'_>) -> bool {
    let names_site = |parameter: &str| {
        let value = parameter
            .split_once('=')
            .map_or(parameter, |(_, value)| value);
        let value = percent_decode_str(value).decode_utf8_lossy();
        value.contains("://") || value.starts_with("//") || value.contains('\\')
    };
    !has_path(deep)
        && !deep.query.is_empty()
        && (client.client_uri.is_none() || deep.query.split('&').any(names_site))
}

/// Adds the raw `query` to `page`, to the byte.
fn with_query(page: String, query: &str) -> Result<String, NoLoginUrl> {
    if query.is_empty() {
        return Ok(page);
    }
    if percent_decode_str(query).any(|byte| byte.is_ascii_control()) {
        return Err(NoLoginUrl::Query);
    }
    let (page, fragment) = match page.split_once('#') {
        Some((page, fragment)) => (page, format!("#{fragment}")),
        None => (page.as_str(), String::new()),
    };
    let joint = if page.contains('?') { '&' } else { '?' };
    let query = utf8_percent_encode(query, NOT_ASCII);
    Ok(format!("{page}{joint}{query}{fragment}"))
}

/// The page called `link` in the configuration: a path below `home`, with a query and a fragment, or a
/// whole URL that begins with `home`.
///
/// # Errors
///
/// [`NoLoginUrl`].
pub fn named_link(home: &Url, link: &str) -> Result<String, NoLoginUrl> {
    let base = home.as_str().split(['?', '#']).next().unwrap_or_default();
    let below = link.strip_prefix(base).unwrap_or(link);
    let (rest, fragment) = match below.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (below, None),
    };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = percent_decode_str(path).decode_utf8();
    let path = path.map_err(|_| NoLoginUrl::OutOfBounds)?;
    let page = with_query(deep_link(home, &path)?, query)?;
    let Some(fragment) = fragment else {
        return Ok(page);
    };
    if fragment.contains(|character: char| character.is_control() || character == ' ') {
        return Err(NoLoginUrl::Query);
    }
    Ok(format!(
        "{page}#{}",
        utf8_percent_encode(fragment, NOT_ASCII)
    ))
}

/// What follows the origin in `url`.
fn path_of(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let path = url[after_scheme..].find('/');
    path.map_or(url, |at| &url[after_scheme + at..])
}

/// Joins a path to the client's home page. The path must not lead to another host (open redirect;
/// N10, docs/security.md) or out of the client's own pages (N73).
fn deep_link(home: &Url, deep: &str) -> Result<String, NoLoginUrl> {
    let allowed = |byte: u8| {
        byte.is_ascii_alphanumeric() || b"-._~/:@!$'()*,;=".contains(&byte) || byte >= 0x80
    };
    let segments = || deep.split('/');
    let has_dot_segment =
        segments().any(|segment| matches!(segment.split(';').next(), Some("." | "..")));
    let has_empty_segment = segments().rev().skip(1).any(str::is_empty);
    if !deep.bytes().all(allowed) || has_dot_segment || has_empty_segment {
        return Err(NoLoginUrl::OutOfBounds);
    }
    let mut link = home.clone();
    link.set_query(None);
    link.set_fragment(None);
    link.set_path(&format!("{}/{deep}", home.path().trim_end_matches('/')));
    Ok(link.into())
}

#[cfg(test)]
mod tests;

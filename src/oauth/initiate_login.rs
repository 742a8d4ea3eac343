//! Where a launch from the portal sends the browser: the client's own login URL, with the
//! parameters of OIDC Core §4.

use url::Url;

use crate::oauth::client::Client;
use crate::oauth::issuer::Issuer;

/// Why a launch has no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoLoginUrl {
    /// The client has neither `initiate_login_uri` nor `client_uri`.
    #[error("the client has neither initiate_login_uri nor client_uri")]
    NoLoginUri,
    /// A deep link is not below the client's `client_uri`, or the client has none.
    #[error("the deep link is not below the client's client_uri")]
    OutOfBounds,
}

/// The URL at which the client starts a login.
///
/// `deep` is what follows the client in the launch URL: a path below the client's `client_uri`. The
/// client receives it as `target_link_uri`.
///
/// # Errors
///
/// [`NoLoginUrl`].
pub fn login_url(client: &Client, deep: Option<&str>, issuer: &Issuer) -> Result<Url, NoLoginUrl> {
    let link = deep
        .filter(|deep| !deep.is_empty())
        .map(|deep| deep_link(client, deep))
        .transpose()?;
    let Some(login) = &client.initiate_login_uri else {
        return link
            .or_else(|| client.client_uri.clone())
            .ok_or(NoLoginUrl::NoLoginUri);
    };
    let mut login = login.clone();
    // OIDC Core §4: `iss` is REQUIRED, so that a client with several providers knows which one to
    // use.
    if !login.query_pairs().any(|(name, _)| name == "iss") {
        login.query_pairs_mut().append_pair("iss", issuer.as_str());
    }
    if let Some(link) = link {
        login
            .query_pairs_mut()
            .append_pair("target_link_uri", link.as_str());
    }
    Ok(login)
}

/// Joins a path to the client's home page. The path must not lead to another host (open redirect;
/// N10, docs/security.md) or out of the client's own pages (N73).
fn deep_link(client: &Client, deep: &str) -> Result<Url, NoLoginUrl> {
    let home = client.client_uri.as_ref().ok_or(NoLoginUrl::OutOfBounds)?;
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
    link.set_path(&format!("{}/{deep}", home.path().trim_end_matches('/')));
    Ok(link)
}

#[cfg(test)]
mod tests {
    use crate::oauth::client::tests::public;
    use crate::oauth::initiate_login::*;
    use proptest::prelude::*;

    fn client() -> Client {
        Client {
            initiate_login_uri: Url::parse("https://app.example.com/login?x=1").ok(),
            client_uri: Url::parse("https://app.example.com/home/").ok(),
            ..public("app")
        }
    }

    fn issuer() -> Issuer {
        Issuer::new("https://op").unwrap()
    }

    #[test]
    fn the_login_url_names_the_issuer() {
        let target = login_url(&client(), None, &issuer()).unwrap();
        assert_eq!(
            target.as_str(),
            "https://app.example.com/login?x=1&iss=https%3A%2F%2Fop"
        );
    }

    #[test]
    fn a_client_without_a_login_url_is_opened_at_its_client_uri() {
        let allowed = Client {
            initiate_login_uri: None,
            ..client()
        };
        assert_eq!(
            login_url(&allowed, None, &issuer()).unwrap().as_str(),
            "https://app.example.com/home/"
        );
        assert_eq!(
            login_url(&allowed, Some("d/1"), &issuer())
                .unwrap()
                .as_str(),
            "https://app.example.com/home/d/1"
        );
        assert_eq!(
            login_url(&public("x"), None, &issuer()),
            Err(NoLoginUrl::NoLoginUri)
        );
    }

    #[test]
    fn n73_a_deep_link_stays_below_the_clients_home() {
        let link = login_url(&client(), Some("d/泵站-1"), &issuer()).unwrap();
        let (_, link) = link
            .query_pairs()
            .find(|(name, _)| name == "target_link_uri")
            .unwrap();
        assert_eq!(link, "https://app.example.com/home/d/%E6%B3%B5%E7%AB%99-1");
        for deep in [
            "../x",
            "a/../../x",
            "/evil.com",
            "//evil.com",
            "\\evil.com",
            "a\\..\\x",
            "%2e%2e/x",
            "..%2fx",
            "..;/x",
            "a?b",
            "a#b",
            "a\tb",
            "./x",
        ] {
            assert_eq!(
                login_url(&client(), Some(deep), &issuer()),
                Err(NoLoginUrl::OutOfBounds),
                "{deep}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_leads_out_of_the_clients_home(deep in "[a-z./\\\\%2eE;:@?#\u{2f}\u{ff0f} -]{0,20}|\\PC{0,20}") {
            let allowed = Client { initiate_login_uri: None, ..client() };
            if let Ok(url) = login_url(&allowed, Some(&deep), &issuer()) {
                prop_assert!(url.as_str().starts_with("https://app.example.com/home/"), "{}", url);
            }
        }
    }
}

//! Checks whether a request comes from a page of the portal.

use url::{Origin, Url};

/// Whether the `Referer` has one of the portal's origins.
///
/// An attacker's page can suppress the `Referer`, but it cannot send the portal's. So `true` proves that a page of
/// the portal led here, perhaps by way of another system in its menu that redirected, and `false` proves nothing
/// (login CSRF; N63, docs/security.md).
#[must_use]
pub fn from_portal(referer: Option<&str>, portal: &[Origin]) -> bool {
    let origin = referer
        .and_then(|referer| Url::parse(referer).ok())
        .map(|url| url.origin());
    origin.is_some_and(|origin| origin.is_tuple() && portal.contains(&origin))
}

#[cfg(test)]
mod tests {
    use crate::login::referer::*;

    #[test]
    fn only_the_portals_own_origin_proves_a_click() {
        let portal = [Url::parse("http://10.0.0.5/home").unwrap().origin()];
        assert!(from_portal(Some("http://10.0.0.5/"), &portal));
        assert!(from_portal(Some("http://10.0.0.5/menu?x=1"), &portal));
        for referer in [
            None,
            Some(""),
            Some("http://10.0.0.5.evil.com/"),
            Some("https://10.0.0.5/"),
            Some("http://10.0.0.5:8080/"),
            Some("http://10.0.0.5@evil.com/"),
            Some("data:x"),
            Some("null"),
        ] {
            assert!(!from_portal(referer, &portal), "{referer:?}");
        }
    }
}

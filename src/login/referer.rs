//! Whether the portal itself sent the browser here.

use url::{Origin, Url};

/// Whether the page that led here, by its `Referer`, is one of the portal's.
///
/// A page of an attacker's can keep its browser from sending a `Referer`, but cannot make it send
/// the portal's; so this is proof when it holds, and says nothing when it does not (F5, N63).
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

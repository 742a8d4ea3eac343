//! The addresses of the portal in the settings, and what people paste instead of them.
//!
//! No message repeats a URL: it may hold a password or a ticket.

use panda_oidc_sdk::OpenError;
use panda_oidc_sdk::pasted::{Slip, slip};
use url::{Host, Url};

/// The path of the portal's calls, which is appended to the base URL.
const CALLS: &str = "/pandaoms/oms";

/// The address of the portal's calls, as it is configured or as the document prints it.
pub(crate) fn base_url(text: &str) -> Result<Url, OpenError> {
    let mut url = web_url("base_url", text)?;
    if url.host_str() == Some("ip") {
        return Err(unusable(
            "base_url",
            "`IP` stands for the portal's address there",
            "write the portal's own name or IP address in its place",
        ));
    }
    // The document prints the whole address of a call. What stands behind the portal is cut, with any ticket.
    let path = url.path().to_ascii_lowercase();
    if let Some(end) = path.find(CALLS)
        && matches!(
            path[end + CALLS.len()..].trim_end_matches('/'),
            "" | "/getuserbyticket" | "/getusers"
        )
    {
        let portal = url.path()[..end].to_owned();
        url.set_path(&portal);
        url.set_query(None);
        url.set_fragment(None);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(unusable(
            "base_url",
            "it has a query or a fragment",
            "end it before the `?` or `#`; /PandaOMS/OMS/… is appended to it",
        ));
    }
    Ok(url)
}

/// The address of the portal that everybody is shown: without a ticket.
pub(crate) fn portal_url(text: &str, ticket_parameter: &str) -> Result<Url, OpenError> {
    let url = web_url("portal_url", text)?;
    let in_fragment = url
        .fragment()
        .is_some_and(|fragment| fragment.contains(&format!("{ticket_parameter}=")));
    if in_fragment || url.query_pairs().any(|(name, _)| name == ticket_parameter) {
        return Err(unusable(
            "portal_url",
            "it has somebody's ticket in it, and everybody is shown this address",
            "leave that parameter out",
        ));
    }
    Ok(url)
}

pub(crate) fn web_url(key: &'static str, text: &str) -> Result<Url, OpenError> {
    if let Some(Slip { problem, remedy }) = slip(text) {
        return Err(unusable(key, &problem, &remedy));
    }
    let example = "write it whole, like `http://10.0.0.5` or `https://portal.example.com/panda`";
    let url = Url::parse(text)
        .map_err(|error| unusable(key, &format!("it is no URL ({error})"), example))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(unusable(key, "it is neither http:// nor https://", example));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(unusable(
            key,
            "it holds a user name or password, which the portal's calls do not take",
            "leave out what stands before the `@`",
        ));
    }
    Ok(url)
}

/// Whether only this machine can be meant.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The error for a value under `key` that cannot work.
pub(crate) fn unusable(key: &'static str, problem: &str, remedy: &str) -> OpenError {
    OpenError::Unusable {
        key,
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(url: &str) -> String {
        base_url(url).expect_err(url).to_string()
    }

    #[test]
    fn a_base_url_is_a_plain_http_address() {
        for url in [
            "",
            "10.0.0.5",
            "//10.0.0.5",
            "ftp://10.0.0.5",
            "mailto:a@b",
            "http://",
            "http://10.0.0.5?a=1",
            "http://10.0.0.5/?",
            "http://10.0.0.5/#a",
            "http://user@10.0.0.5",
            "http://:hunter2@10.0.0.5",
            "http://{IP}/PandaOMS/OMS/GetUsers",
            "http://IP/PandaOMS/OMS/GetUsers",
            "<http://10.0.0.5>",
            "http：//10.0.0.5",
            "http://10.0.0.5 ",
        ] {
            let problem = problem(url);
            assert!(problem.starts_with("`base_url`: "), "{url}: {problem}");
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn a_base_url_as_the_document_prints_it_is_cut() {
        for (pasted, portal) in [
            (
                "http://10.0.0.5/PandaOMS/OMS/GetUserByTicket",
                "http://10.0.0.5/",
            ),
            ("http://10.0.0.5/PandaOMS/OMS/GetUsers/", "http://10.0.0.5/"),
            ("http://10.0.0.5/pandaoms/oms", "http://10.0.0.5/"),
            (
                "https://p.example.com:8443/water/PandaOMS/OMS/GetUserByTicket?ticket=hunter2#x",
                "https://p.example.com:8443/water",
            ),
            (
                "http://10.0.0.5/PandaOMS/OMSX",
                "http://10.0.0.5/PandaOMS/OMSX",
            ),
        ] {
            assert_eq!(base_url(pasted).unwrap().as_str(), portal, "{pasted}");
        }
    }

    #[test]
    fn a_portal_url_with_a_ticket_is_refused() {
        for url in [
            "http://10.0.0.5/?ticket=hunter2",
            "http://10.0.0.5/#/home?ticket=hunter2",
        ] {
            let problem = portal_url(url, "ticket").expect_err(url).to_string();
            assert!(problem.starts_with("`portal_url`: "), "{problem}");
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }
}

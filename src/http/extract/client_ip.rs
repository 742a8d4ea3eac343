//! The client's IP address, for logs and rate limits.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use ipnet::IpNet;

use crate::app::App;

/// The address that a request is counted for. All requests without a known address share `0.0.0.0`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientIp(pub IpAddr);

impl FromRequestParts<Arc<App>> for ClientIp {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let address = address(parts, &app.trusted_proxies);
        Ok(Self(address.unwrap_or(Ipv4Addr::UNSPECIFIED.into())))
    }
}

/// The address of the peer of the connection.
#[must_use]
pub(crate) fn peer(parts: &Parts) -> Option<IpAddr> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(peer.ip().to_canonical())
}

/// The address of the client: the peer of the connection, or, if the peer is a trusted proxy, the
/// rightmost address in `X-Forwarded-For` that is not a trusted proxy. The client itself could have
/// forged the addresses to the left of it (N52, docs/security.md).
///
/// An entry that is no address, or one of this machine, makes the client unknown: a proxy has its clients
/// elsewhere. It must not pass for the proxy or for this machine, which may be exempt from limits.
///
/// Layers and handlers ask for it. It is found once, and kept with the request.
#[must_use]
pub(crate) fn address(parts: &mut Parts, trusted: &[IpNet]) -> Option<IpAddr> {
    let found = parts.extensions.get().copied();
    let Found(address) = found.unwrap_or_else(|| Found(find(parts, trusted)));
    parts.extensions.insert(Found(address));
    address
}

/// The address that was found for a request.
#[derive(Clone, Copy)]
struct Found(Option<IpAddr>);

fn find(parts: &Parts, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut address = peer(parts)?;
    if !is_trusted(&address) {
        return Some(address);
    }
    let headers = parts.headers.get_all("x-forwarded-for").into_iter();
    let hops: Vec<&[u8]> = headers
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|hop| !hop.is_empty())
        .collect();
    for hop in hops.iter().rev() {
        address = parse_hop(hop)?.to_canonical();
        if !is_trusted(&address) {
            break;
        }
    }
    let is_of_this_machine = address.is_loopback() || address.is_unspecified();
    Some(address).filter(|_| hops.is_empty() || !is_of_this_machine)
}

/// An address, with or without a port: some proxies, such as IIS, add the client's.
fn parse_hop(hop: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(hop).ok()?;
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let with_port = || text.parse().map(|address: SocketAddr| address.ip()).ok();
    bare.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use crate::http::extract::client_ip::*;

    fn client_address(peer: &str, forwarded: &[&str]) -> String {
        let mut request = axum::http::Request::builder();
        for value in forwarded {
            request = request.header("x-forwarded-for", value.as_bytes());
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        parts
            .extensions
            .insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        address(&mut parts, &trusted).map_or("unknown".to_owned(), |address| address.to_string())
    }

    #[test]
    fn n52_only_addresses_added_by_trusted_proxies_are_believed() {
        assert_eq!(client_address("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(
            client_address("10.0.0.1", &["198.51.100.7"]),
            "198.51.100.7"
        );
        assert_eq!(
            client_address("10.0.0.1", &["203.0.113.9, 198.51.100.7, 10.0.0.2"]),
            "198.51.100.7"
        );
        assert_eq!(
            client_address("10.0.0.1", &["203.0.113.9", "198.51.100.7"]),
            "198.51.100.7"
        );
        assert_eq!(
            client_address("10.0.0.1", &["198.51.100.7, nonsense"]),
            "unknown"
        );
        for this_machine in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "[::]:80"] {
            assert_eq!(client_address("10.0.0.1", &[this_machine]), "unknown");
        }
        assert_eq!(
            client_address("10.0.0.1", &["198.51.100.7, 10.0.0.2"]),
            "198.51.100.7"
        );
        assert_eq!(client_address("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client_address("10.0.0.1", &["", ", "]), "10.0.0.1");
    }

    #[test]
    fn an_entry_is_read_whatever_stands_to_the_left_of_it() {
        for header in [
            "陈, 198.51.100.7",
            "198.51.100.7:51123",
            "203.0.113.9, 198.51.100.7 ,10.0.0.2:80",
        ] {
            assert_eq!(client_address("10.0.0.1", &[header]), "198.51.100.7");
        }
        for header in ["[2001:db8::7]:51123", "[2001:db8::7]", "2001:db8::7"] {
            assert_eq!(client_address("10.0.0.1", &[header]), "2001:db8::7");
        }
        for header in ["陈", "198.51.100.7:port", "unknown", "198.51.100.7:"] {
            assert_eq!(client_address("10.0.0.1", &[header]), "unknown");
        }
    }
}

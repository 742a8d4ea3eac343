//! Which addresses count as one.

use std::net::{IpAddr, Ipv6Addr};

/// The network that shares limits: an IPv4 address, or the IPv6 /64 that one subscriber has.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let prefix = address.to_bits() & (u128::MAX << 64);
            Ipv6Addr::from_bits(prefix).into()
        }
    }
}

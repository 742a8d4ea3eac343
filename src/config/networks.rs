//! Lists of networks. An address is a network of one.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// One network, as it is written in the configuration.
struct Network(IpNet);

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let address = || text.parse().map(|address: IpAddr| IpNet::from(address));
        text.parse().or_else(|_| address()).map(Self).map_err(|_| {
            D::Error::custom(format!(
                "{text:?} is neither an address, such as 10.0.0.5, nor a network, such as 10.0.0.0/8"
            ))
        })
    }
}

/// Reads a list of networks.
///
/// # Errors
///
/// When an entry is neither a network nor an address.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<IpNet>, D::Error> {
    let networks = Vec::<Network>::deserialize(deserializer)?;
    Ok(networks.into_iter().map(|network| network.0).collect())
}

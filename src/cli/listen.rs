//! The two listeners: opening them, and looking beforehand whether they could be opened.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use panda_oidc::config::Config;
use serde_json::Value;
use tokio::net::TcpListener;

/// How long a provider that runs may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens a listener.
///
/// # Errors
///
/// Why the address under `key` cannot be listened on.
pub(super) async fn listen(key: &str, address: SocketAddr) -> Result<TcpListener, String> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| refusal(key, address, &error))
}

fn refusal(key: &str, address: SocketAddr, error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have this address: write one that it has, or 0.0.0.0 for all of them"
        }
        io::ErrorKind::PermissionDenied => {
            "choose a port from 1024 on: a lower one needs a right that the user does not have"
        }
        _ => "stop what listens there, or choose another port",
    };
    format!("{key}: {address} cannot be listened on ({error}); {remedy}")
}

/// Looks whether both listeners could be opened. An address on which the provider of `config` already
/// listens is in order.
///
/// # Errors
///
/// What `serve` would say about each listener that it could not open.
pub(super) async fn check(config: &Config, http: &reqwest::Client) -> Result<(), Vec<String>> {
    let (public, admin) = (config.server.listen, config.admin.listen);
    let discovery = format!("{}/.well-known/openid-configuration", config.issuer.path());
    // Both are open at once, so that one address for both is noticed.
    let public_listener = TcpListener::bind(public).await;
    let admin_listener = TcpListener::bind(admin).await;
    let mut problems = Vec::new();
    if let Err(error) = public_listener {
        let answer = ask(http, public, &discovery).await;
        let metadata: Option<Value> = answer.and_then(|text| serde_json::from_str(&text).ok());
        let issuer = metadata.as_ref().and_then(|known| known["issuer"].as_str());
        if !is_in_use(&error) || issuer != Some(config.issuer.as_str()) {
            problems.push(refusal("server.listen", public, &error));
        }
    }
    if let Err(error) = admin_listener {
        let answer = ask(http, admin, "/healthz").await;
        if !is_in_use(&error) || answer.as_deref().map(str::trim) != Some("ok") {
            problems.push(refusal("admin.listen", admin, &error));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

fn is_in_use(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

/// What the program that listens on `address` of this machine answers.
async fn ask(http: &reqwest::Client, address: SocketAddr, path: &str) -> Option<String> {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let url = format!("http://{}{path}", SocketAddr::new(host, address.port()));
    let response = http.get(url).timeout(ANSWER_TIMEOUT).send().await.ok()?;
    response.text().await.ok()
}

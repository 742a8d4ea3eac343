//! Runs only the simulated portal, for people who have no portal and want to try a provider or an
//! application of their own.

use std::net::{Ipv4Addr, SocketAddr};

use panda_oidc::plugins::simulator::{
    MenuEntry, Person, Simulator, SimulatorHandle, SimulatorSettings,
};
use url::Url;

use super::port::{Port, taken};
use crate::cli::stop::stop_signal;
use panda_oidc::error_chain::explain;

/// The preferred port of the portal. If it is in use, any free port is taken.
pub(super) const PORTAL_PORT: u16 = 9480;

/// Parses a menu entry from the command line: `NAME=URL`.
pub(super) fn menu_entry(text: &str) -> Result<MenuEntry, String> {
    let (name, url) = text
        .split_once('=')
        .ok_or("write NAME=URL, such as Grafana=http://127.0.0.1:9400/launch/grafana")?;
    let url = Url::parse(url).map_err(|error| format!("{url:?}: {error}"))?;
    Ok(MenuEntry::new(name, name, url))
}

/// Starts a portal with three people and `menu`.
pub(super) async fn start(menu: Vec<MenuEntry>, port: Port) -> Result<SimulatorHandle, String> {
    let settings = |port| SimulatorSettings {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        people: vec![
            Person::new(1, "陈涛", "13800138000"),
            Person::new(2, "黑龙江", ""),
            Person::new(3, "新耀分公司", "0571-88881234"),
        ],
        menu: menu.clone(),
        ..SimulatorSettings::default()
    };
    match port {
        Port::Fixed(port) => Simulator::start(settings(port))
            .await
            .map_err(|error| taken(port, &error)),
        Port::Preferred(port) => match Simulator::start(settings(port)).await {
            Ok(portal) => Ok(portal),
            Err(_) => Simulator::start(settings(0))
                .await
                .map_err(|error| explain(&error)),
        },
    }
}

/// Runs a portal with `menu` until it receives a stop signal.
pub(super) async fn run(menu: Vec<MenuEntry>, port: Port) -> Result<(), String> {
    let portal = start(menu, port).await?;
    let mut stop_signal = stop_signal()?;
    println!("打开 / Open:  {}", portal.url());
    println!("[provider] base_url = \"{}\"", portal.url());
    println!("按 Ctrl-C 结束 / Ctrl-C ends the portal");
    stop_signal().await;
    portal.stop().await;
    Ok(())
}

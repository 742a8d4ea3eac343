//! `panda-oidc demo`: a simulated portal, this provider and an app, on one machine, with one URL to
//! open. All its data is deleted when the process ends.

mod port;
mod portal;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use panda_oidc::app::App;
use panda_oidc::config;
use panda_oidc::error_chain::explain;
use panda_oidc::http::server::{ConnectionLimits, serve};
use panda_oidc::http::{demo_app, router};
use panda_oidc::jobs::directory_sync;
use panda_oidc::plugins::simulator::MenuEntry;
use panda_oidc::store::WriteTimeout;
use panda_oidc_sdk::{Host, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::Url;

use self::port::{Port, taken};
use crate::cli::stop::stop_signal;

/// The preferred ports of the demo. If one is in use, any free port is taken.
const PROVIDER_PORT: u16 = 9400;
const APP_PORT: u16 = 9490;

const CLIENT_ID: &str = "demo-app";

/// What the demo shows.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// Run the simulated portal alone, with this menu entry, for a provider or an application of
    /// your own. May be repeated.
    #[arg(long, value_name = "NAME=URL", value_parser = portal::menu_entry)]
    menu: Vec<MenuEntry>,
    /// The port of the portal, which is the address to open. The provider and the app take the next two.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=65533))]
    port: Option<u16>,
}

impl Demo {
    /// The port of a part: `offset` after the portal's, or `preferred`.
    fn port(&self, offset: u16, preferred: u16) -> Port {
        self.port.map_or(Port::Preferred(preferred), |port| {
            Port::Fixed(port + offset)
        })
    }
}

/// Runs the demo until it receives a stop signal.
///
/// # Errors
///
/// Why it could not start or stop cleanly.
pub(super) async fn run(demo: Demo) -> Result<(), String> {
    if demo.menu.is_empty() {
        start_and_serve(&demo).await
    } else {
        let port = demo.port(0, portal::PORTAL_PORT);
        portal::run(demo.menu, port).await
    }
}

async fn start_and_serve(demo: &Demo) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| explain(&error))?;
    let (provider, issuer) = listen(demo.port(1, PROVIDER_PORT)).await?;
    let (app, app_url) = listen(demo.port(2, APP_PORT)).await?;
    let launch = Url::parse(&format!("{issuer}/launch/{CLIENT_ID}"));
    let launch = launch.map_err(|error| error.to_string())?;
    let entry = MenuEntry::new("演示应用", "Demo app", launch);
    let portal = portal::start(vec![entry], demo.port(0, portal::PORTAL_PORT)).await?;
    let secret = panda_oidc::crypto::handle::Handle::random(&mut rand::rng())
        .expose()
        .to_owned();
    let toml = configuration(&issuer, portal.url(), &app_url, &secret, folder.path());
    let config = config::parse(&toml).map_err(|problems| {
        problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    })?;
    let bounds = ConnectionLimits::from(&config);
    let host = Host::new(Arc::new(SystemClock)).map_err(|error| explain(&error))?;
    let http = host.http.clone();
    let provider_app = App::open(config, host, WriteTimeout::Request)
        .await
        .map_err(|error| explain(&error))?
        .shared();

    let (stop, stopped) = watch::channel(());
    let wait = |mut stopped: watch::Receiver<()>| async move {
        // An error means that the sender was dropped, which also means stop.
        let _ = stopped.changed().await;
    };
    let provider_task = tokio::spawn(serve(
        provider,
        router(Arc::clone(&provider_app)),
        bounds.clone(),
        wait(stopped.clone()),
    ));
    let sync_task = tokio::spawn(directory_sync::run(
        Arc::clone(&provider_app),
        wait(stopped.clone()),
    ));
    let registration = demo_app::Registration {
        issuer,
        client_id: CLIENT_ID,
        client_secret: secret,
        url: app_url,
        portal: portal.url().to_string(),
    };
    let app = tokio::spawn(serve(
        app,
        demo_app::router(registration, http).await?,
        bounds,
        wait(stopped),
    ));

    let mut stop_signal = stop_signal()?;
    println!("打开 / Open:  {}", portal.url());
    println!("按 Ctrl-C 结束 / Ctrl-C ends the demo");
    stop_signal().await;
    drop(stop);
    portal.stop().await;
    let (first, second, third) = tokio::join!(provider_task, app, sync_task);
    first
        .and(second)
        .and(third)
        .map_err(|error| explain(&error))?;
    provider_app
        .store
        .close()
        .await
        .map_err(|error| explain(&error))
}

/// A loopback listener, and its URL.
async fn listen(port: Port) -> Result<(TcpListener, String), String> {
    let bind = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let listener = match port {
        Port::Fixed(port) => bind(port).await.map_err(|error| taken(port, &error))?,
        Port::Preferred(port) => match bind(port).await {
            Ok(listener) => listener,
            Err(_) => bind(0).await.map_err(|error| explain(&error))?,
        },
    };
    let address = listener.local_addr().map_err(|error| explain(&error))?;
    Ok((listener, format!("http://{address}")))
}

/// The configuration an operator would write for the demo's three parts.
fn configuration(
    issuer: &str,
    portal: &Url,
    app: &str,
    secret: &str,
    folder: &std::path::Path,
) -> String {
    let folder = folder.display();
    format!(
        "issuer = '{issuer}'\n\
         [provider]\nkind = 'panda'\nbase_url = '{portal}'\nportal_url = '{portal}'\n\
         [store]\npath = '{folder}/panda-oidc.db'\n\
         [keys]\nmaster_key_file = '{folder}/master.key'\n\
         [directory]\nsync = 'off'\n\
         [[clients]]\nclient_id = '{CLIENT_ID}'\nclient_name = '演示应用 Demo app'\nclient_secret = '{secret}'\n\
         redirect_uris = ['{app}/callback']\ninitiate_login_uri = '{app}/login'\nrequire_pkce = true\n"
    )
}

//! One process of the provider, as far as requests can tell: state and a listener of its own.

use std::sync::Arc;

use panda_oidc::app::App;
use panda_oidc::jobs::logout_delivery;
use panda_oidc::store::WriteTimeout;
use panda_oidc::{config, http};
use panda_oidc_sdk::{Host, ManualClock};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running process. It stops when this is dropped.
pub struct Process {
    /// The provider itself, for inspection.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: String,
    stop: (oneshot::Sender<()>, oneshot::Sender<()>),
    tasks: [JoinHandle<()>; 2],
}

impl Process {
    /// Serves the configuration `toml` on `listener`.
    pub async fn start(toml: &str, listener: TcpListener, clock: Arc<ManualClock>) -> Self {
        let config = config::parse(toml).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let bounds = http::server::ConnectionLimits::from(&config);
        let address = format!("http://{}", listener.local_addr().unwrap());
        let host = Host::new(clock).unwrap();
        let app = App::open(config, host, WriteTimeout::Request)
            .await
            .unwrap()
            .shared();
        let (stop, stopped) = oneshot::channel::<()>();
        let (stop_delivery, delivery_stopped) = oneshot::channel::<()>();
        let router = http::router(Arc::clone(&app));
        let server = tokio::spawn(http::server::serve(listener, router, bounds, async {
            let _ = stopped.await;
        }));
        let delivery = tokio::spawn(logout_delivery::run(Arc::clone(&app), async {
            let _ = delivery_stopped.await;
        }));
        Self {
            app,
            address,
            stop: (stop, stop_delivery),
            tasks: [server, delivery],
        }
    }

    /// Stops as the program does: requests end, then the store closes.
    pub async fn stop(self) {
        drop(self.stop);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.app.store.close().await.unwrap();
    }
}

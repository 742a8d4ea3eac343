//! The application in use, which a reload replaces.

use std::sync::Arc;

use tokio::sync::watch;

use super::App;

/// The application in use. Clones share it. It is for jobs: a request is given the application that is in use
/// when it begins, and ends with it.
#[derive(Clone)]
pub struct LiveApp(Arc<watch::Sender<Arc<App>>>);

impl LiveApp {
    /// The application now.
    #[must_use]
    pub fn current(&self) -> Arc<App> {
        Arc::clone(&self.0.borrow())
    }

    /// Receives the applications that come into use from now on.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Arc<App>> {
        self.0.subscribe()
    }

    /// Puts `app` into use.
    pub fn replace(&self, app: Arc<App>) {
        self.0.send_replace(app);
    }
}

impl From<Arc<App>> for LiveApp {
    fn from(app: Arc<App>) -> Self {
        Self(Arc::new(watch::Sender::new(app)))
    }
}

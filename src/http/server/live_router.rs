//! The router in use, which a reload replaces while connections are open.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;

/// The router in use. Clones share it. Each request is served by the router that is in use when it begins,
/// and so by one configuration.
#[derive(Debug, Clone)]
pub struct LiveRouter(Arc<ArcSwap<Router>>);

impl LiveRouter {
    /// The router now. No lock is taken.
    pub(super) fn current(&self) -> Router {
        Router::clone(&self.0.load())
    }

    /// Puts `router` into use. Requests in flight end with the one they began with.
    pub fn replace(&self, router: Router) {
        self.0.store(Arc::new(router));
    }
}

impl From<Router> for LiveRouter {
    fn from(router: Router) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(router)))
    }
}

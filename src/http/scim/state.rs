//! What a handler of SCIM needs.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::app::App;
use crate::scim::Base;

/// Shared by all handlers.
#[derive(Clone)]
pub(super) struct ScimState {
    /// The provider.
    pub app: Arc<App>,
    /// Where resources are found.
    pub base: Base,
    /// Lets so many requests go through all people at once.
    pub passes: Arc<Semaphore>,
}

//! The state that the SCIM handlers share.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::app::App;
use crate::scim::BaseUrl;

/// The state of the SCIM router.
#[derive(Clone)]
pub(super) struct ScimState {
    /// The provider.
    pub app: Arc<App>,
    /// The base URL of the resources.
    pub base: BaseUrl,
    /// Limits how many requests scan all people at the same time.
    pub scan_permits: Arc<Semaphore>,
}

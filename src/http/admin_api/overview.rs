//! `/admin/v1`: the provider at a glance.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Failures, Problem};
use crate::app::App;
use crate::directory::Report;

/// The provider at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Overview {
    /// The version of the program.
    version: &'static str,
    /// The issuer.
    issuer: String,
    /// When this process started.
    started_at: DateTime<Utc>,
    /// How long it has run, in seconds.
    #[schema(minimum = 0)]
    uptime: i64,
    /// How many clients are registered.
    clients: usize,
    /// How many groups there are.
    groups: usize,
    /// How many people are known.
    users: u64,
    /// The last reading of the portal's list; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<Report>,
}

/// The provider at a glance. Any valid token may read it.
#[utoipa::path(
    get,
    path = "/admin/v1",
    tag = "overview",
    security(("token" = [])),
    responses((status = 200, body = Overview), Failures)
)]
pub(super) async fn overview(State(app): State<Arc<App>>) -> Result<Json<Overview>, Problem> {
    let now = app.host.clock.now();
    Ok(Json(Overview {
        version: env!("CARGO_PKG_VERSION"),
        issuer: app.issuer.as_str().to_owned(),
        started_at: app.started_at,
        uptime: (now - app.started_at).num_seconds().max(0),
        clients: app.clients.all().len(),
        groups: app.groups.current().names().len(),
        users: app.store.user_count().await?,
        directory: app.store.report().await?,
    }))
}

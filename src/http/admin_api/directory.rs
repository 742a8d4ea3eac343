//! `/admin/v1/directory`: the last reading of the portal's list, and a reading now.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::JsonBody;
use super::problem::{BodyFailures, Conflicts, Failures, Kind, Problem};
use crate::app::App;
use crate::config::SyncInterval;
use crate::directory::Report;
use crate::jobs::directory_sync::{self, SyncError, SyncOptions};

/// The state of the directory.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DirectoryState {
    /// How often the list is read, in seconds; absent if never by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    sync: Option<u64>,
    /// The last reading; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
}

/// The last reading of the portal's list. Its member `held` is present while the brake holds removals.
#[utoipa::path(
    get,
    path = "/admin/v1/directory",
    operation_id = "get_directory",
    tag = "directory",
    security(("token" = ["directory:read"])),
    responses((status = 200, body = DirectoryState), Failures)
)]
pub(super) async fn state(State(app): State<Arc<App>>) -> Result<Json<DirectoryState>, Problem> {
    Ok(Json(DirectoryState {
        sync: match app.directory.sync {
            SyncInterval::Off => None,
            SyncInterval::Every(period) => Some(period.as_secs()),
        },
        report: app.store.report().await?,
    }))
}

/// How to read the list.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SyncRequest {
    /// Release the brake: remove everybody who is missing, however many they are. Reads the list twice.
    accept_removals: bool,
    /// Read the list again at once if somebody is missing, instead of waiting for the next reading.
    confirm: bool,
}

/// Reads the portal's list now, and answers with the outcome. A list that cannot be read or that is refused by
/// the brake is an outcome as well.
#[utoipa::path(
    post,
    path = "/admin/v1/directory/sync",
    operation_id = "sync_directory",
    tag = "directory",
    request_body = SyncRequest,
    security(("token" = ["directory:write"])),
    responses((status = 200, body = Report), Failures, BodyFailures, Conflicts)
)]
pub(super) async fn sync(
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<SyncRequest>,
) -> Result<Json<Report>, Problem> {
    let options = SyncOptions {
        accept_removals: request.accept_removals,
        confirm: request.confirm,
    };
    // A caller who hangs up does not cut the reading off, which would keep the lease for a while.
    let reading =
        tokio::spawn(async move { directory_sync::sync(&app, options, &|_, _| ()).await });
    match reading.await {
        Ok(Ok(report)) => Ok(Json(report)),
        Ok(Err(SyncError::Store(error))) => Err(error.into()),
        Ok(Err(error @ SyncError::LeaseHeld)) => {
            Err(Problem::new(Kind::Conflict, error.to_string()).with_remedy("try again later"))
        }
        Ok(Err(error @ SyncError::NoDirectory)) => {
            Err(Problem::new(Kind::Conflict, error.to_string()))
        }
        Err(_) => Err(Problem::new(
            Kind::Internal,
            "the reading broke off; the log says why",
        )),
    }
}

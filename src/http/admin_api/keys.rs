//! `/admin/v1/keys`: the public facts about the signing keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Failures, Problem};
use crate::app::App;

/// A signing key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyInfo {
    /// The key's identifier in the JWKS.
    kid: String,
    /// The algorithm.
    alg: String,
    /// When the key was made.
    created_at: DateTime<Utc>,
}

/// The signing keys, oldest first.
#[utoipa::path(
    get,
    path = "/admin/v1/keys",
    operation_id = "list_keys",
    tag = "keys",
    security(("token" = ["keys:read"])),
    responses((status = 200, body = Vec<KeyInfo>), Failures)
)]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<Vec<KeyInfo>>, Problem> {
    let keys = app.store.keys().await?.into_iter().map(|key| KeyInfo {
        kid: key.kid,
        alg: key.alg,
        created_at: key.created_at,
    });
    Ok(Json(keys.collect()))
}

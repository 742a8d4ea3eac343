//! `/admin/v1/keys`: the public facts about the signing keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Failures, Problem};
use crate::app::App;
use crate::keys::SigningAlg;

/// A signing key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyInfo {
    /// The key's identifier in the JWKS.
    kid: String,
    /// The algorithm.
    alg: String,
    /// When the key was made.
    created_at: DateTime<Utc>,
    /// From when on it signs, unless a later key of the algorithm does.
    signs_from: DateTime<Utc>,
    /// When it was revoked; absent if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<DateTime<Utc>>,
    /// Whether it signs now.
    signs: bool,
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
    let signing = SigningAlg::ALL.map(|alg| app.keys.signing_kid(alg));
    let keys = app.store.keys().await?.into_iter().map(|key| KeyInfo {
        signs: signing.contains(&key.kid),
        signs_from: key.signs_from,
        revoked_at: key.revoked_at,
        kid: key.kid,
        alg: key.alg,
        created_at: key.created_at,
    });
    Ok(Json(keys.collect()))
}

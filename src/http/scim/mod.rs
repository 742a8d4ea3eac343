//! `/scim/v2`: other systems read people and groups (RFC 7644), on the admin listener.
//!
//! Each resource has a file. [`crate::scim`] parses the parameters and builds the resources.

mod auth;
mod cursor;
mod discovery;
mod error;
mod groups;
mod query;
mod respond;
mod state;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{any, get, post};
use tokio::sync::Semaphore;

use self::error::ScimFailure;
use self::state::ScimState;
use crate::app::App;
use crate::config::AdminScope;
use crate::scim::{BaseUrl, ScimError};

/// How many requests may scan all people at the same time. Further ones wait.
const MAX_FULL_SCANS: usize = 2;

/// The largest body of a search, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The routes, with their state. There are none if no token is configured.
pub(super) fn router(app: &Arc<App>) -> Router {
    if app.admin.tokens.is_empty() {
        return Router::new();
    }
    let state = ScimState {
        app: Arc::clone(app),
        base: BaseUrl::new(&app.admin.url),
        scan_permits: Arc::new(Semaphore::new(MAX_FULL_SCANS)),
    };
    let require =
        |scope: AdminScope| from_fn(move |request, next| auth::require_scope(scope, request, next));
    let users = Router::new()
        .route("/Users", get(users::list))
        .route("/Users/.search", post(users::list))
        .route("/Users/{id}", get(users::one))
        .route_layer(require(AdminScope::ScimUsers));
    let groups = Router::new()
        .route("/Groups", get(groups::list))
        .route("/Groups/.search", post(groups::list))
        .route("/Groups/{id}", get(groups::one))
        .route_layer(require(AdminScope::ScimGroups));
    let all = Router::new()
        .route("/ServiceProviderConfig", get(discovery::service_provider))
        .route("/ResourceTypes", get(discovery::resource_types))
        .route("/ResourceTypes/{name}", get(discovery::resource_type))
        .route("/Schemas", get(discovery::schemas))
        .route("/Schemas/{urn}", get(discovery::schema))
        .route("/Me", any(not_supported))
        .route("/Bulk", any(not_supported))
        .merge(users)
        .merge(groups)
        .fallback(not_found)
        .method_not_allowed_fallback(read_only)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(state.clone(), auth::authenticate))
        .with_state(state);
    Router::new().nest("/scim/v2", all)
}

async fn not_found() -> ScimFailure {
    ScimError::new(404, "there is no such endpoint").into()
}

async fn read_only() -> ScimFailure {
    ScimError::new(405, "people and groups can be read here, not written").into()
}

/// RFC 7644 §3.11: a service without `/Me` "SHOULD respond with HTTP status code 501".
async fn not_supported() -> ScimFailure {
    ScimError::new(501, "this endpoint is not supported").into()
}

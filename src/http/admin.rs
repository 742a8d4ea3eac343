//! The routes of the operator's listener, which is separate from the public one.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tower_http::normalize_path::NormalizePath;

use super::{admin_api, metrics, reload, scim};
use crate::app::App;
use crate::app::reload::ReloadRequests;
use crate::error_chain::causes;

/// SCIM is missing too if no token is configured for it.
const NOT_FOUND: &str = "there is no such page; there are /healthz, /readyz, /metrics, /reload, /admin/v1, and /scim/v2 if [[admin.tokens]] are configured\n";

/// The routes of the admin listener. `/reload` sends its requests to `reloads`.
pub fn router(app: Arc<App>, reloads: ReloadRequests) -> Router {
    let (scim, api) = (scim::router(&app), admin_api::router(&app));
    let reload = reload::router(&app, reloads);
    let routes = Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics::metrics))
        .with_state(app)
        .merge(scim)
        .merge(api)
        .merge(reload)
        .fallback(|| async { (StatusCode::NOT_FOUND, NOT_FOUND) })
        .method_not_allowed_fallback(|| async {
            let text = "this address takes GET alone\n";
            (StatusCode::METHOD_NOT_ALLOWED, text)
        });
    // Other systems are given an address with a slash at its end. It is dropped before routing.
    Router::new().fallback_service(NormalizePath::trim_trailing_slash(routes))
}

/// `GET /healthz`: the process is alive.
async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the store can read and commit, so logins can be served. The portal's health does not count:
/// existing sessions keep working while the portal is down.
async fn ready(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    match app.store.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::error!(causes = causes(&error), "Not ready: {error}");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the store cannot commit; the log says why\n",
            )
        }
    }
}

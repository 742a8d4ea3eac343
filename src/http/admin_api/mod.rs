//! `/admin/v1`: the admin API, on the admin listener. Each resource has a file.
//!
//! The OpenAPI document is generated from the handlers, and served at `/admin/v1/openapi.json`.

mod auth;
mod clients;
mod directory;
mod document;
mod extract;
mod groups;
mod keys;
mod links;
mod overview;
mod page;
mod problem;
mod sessions;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse as _;
use axum::routing::{any, get};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::document::Document;
use self::problem::{Kind, Problem};
use crate::admin::Scope;
use crate::app::App;

/// The largest body of a request, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The path of the OpenAPI document. It says nothing about this provider, and needs no token.
const DOCUMENT: &str = "/admin/v1/openapi.json";

/// The routes, with their state.
pub(super) fn router(app: &Arc<App>) -> Router {
    let (routes, document) = api().split_for_parts();
    let document = document.to_json().unwrap_or_default();
    let serve_document = move || {
        let document = document.clone();
        async move { ([(CONTENT_TYPE, "application/json")], document).into_response() }
    };
    routes
        .route("/admin/v1/{*path}", any(not_found))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(|_| {
            Problem::new(
                Kind::Internal,
                "the request failed here; the log says where",
            )
            .into_response()
        }))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(Arc::clone(app), auth::authenticate))
        .merge(
            Router::new()
                .route(DOCUMENT, get(serve_document))
                .method_not_allowed_fallback(method_not_allowed),
        )
        .layer(header(CACHE_CONTROL, "no-store"))
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .with_state(Arc::clone(app))
}

/// The operations, each with the scopes that its token needs.
fn api() -> OpenApiRouter<Arc<App>> {
    let all = OpenApiRouter::with_openapi(Document::openapi())
        .merge(OpenApiRouter::new().routes(routes!(overview::overview)));
    let operations = [
        (
            &[Scope::ClientsRead][..],
            OpenApiRouter::new()
                .routes(routes!(clients::list))
                .routes(routes!(clients::one)),
        ),
        (
            &[Scope::ClientsRead, Scope::UsersRead],
            OpenApiRouter::new().routes(routes!(clients::preview)),
        ),
        (
            &[Scope::SessionsRead],
            OpenApiRouter::new().routes(routes!(sessions::list)),
        ),
        (
            &[Scope::SessionsWrite],
            OpenApiRouter::new().routes(routes!(sessions::end)),
        ),
        (
            &[Scope::UsersRead],
            OpenApiRouter::new()
                .routes(routes!(users::list))
                .routes(routes!(users::one)),
        ),
        (
            &[Scope::UsersWrite],
            OpenApiRouter::new().routes(routes!(users::forget)),
        ),
        (
            &[Scope::LinksRead],
            OpenApiRouter::new().routes(routes!(links::list)),
        ),
        (
            &[Scope::LinksWrite],
            OpenApiRouter::new().routes(routes!(links::set, links::remove)),
        ),
        (
            &[Scope::GroupsRead],
            OpenApiRouter::new().routes(routes!(groups::list)),
        ),
        (
            &[Scope::GroupsRead, Scope::UsersRead],
            OpenApiRouter::new().routes(routes!(groups::members)),
        ),
        (
            &[Scope::KeysRead],
            OpenApiRouter::new().routes(routes!(keys::list)),
        ),
        (
            &[Scope::DirectoryRead],
            OpenApiRouter::new().routes(routes!(directory::state)),
        ),
        (
            &[Scope::DirectoryWrite],
            OpenApiRouter::new().routes(routes!(directory::sync)),
        ),
    ];
    operations.into_iter().fold(all, |all, (scopes, routes)| {
        all.merge(routes.route_layer(from_fn(move |request, next| {
            auth::require_scopes(scopes, request, next)
        })))
    })
}

async fn not_found() -> Problem {
    Problem::new(Kind::NotFound, "there is no such endpoint")
}

async fn method_not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "the endpoint has no such method")
}

fn header(
    name: axum::http::HeaderName,
    value: &'static str,
) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The document that clients of the API are generated from. `INSTA_UPDATE=always` writes it anew.
    #[test]
    fn the_openapi_document_is_the_one_that_is_checked_in() {
        let document = api().into_openapi().to_pretty_json().unwrap() + "\n";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/admin-api/openapi.json");
        if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
            fs::write(&path, &document).unwrap();
        }
        let checked_in = fs::read_to_string(&path).unwrap();
        assert!(
            document == checked_in,
            "the API has changed; look at the difference after: INSTA_UPDATE=always cargo test --lib openapi"
        );
    }
}

//! The HTTP endpoints, one file each. A handler extracts the request, calls a use case and builds the
//! response; the rules are in [`crate::service`], [`crate::oauth`] and [`crate::login`].

mod account_switch;
pub mod admin;
mod authorization_request;
mod authorization_response;
mod authorize;
pub mod demo_app;
mod error;
mod extract;
mod introspect;
mod launch;
mod logout;
mod metrics;
mod middleware;
mod page;
mod response;
mod revoke;
mod scim;
pub mod server;
mod token;
mod userinfo;
mod well_known;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower::util::MapRequest;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use self::error::{PageError, PageProblem};
use self::middleware::{cors, errors, menu_url};
use crate::app::App;
use crate::oauth::discovery::path;

/// The largest body any endpoint accepts, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The path that the entries of the portal's menu point to.
const LAUNCH: &str = "/launch";

/// The routes of the public listener, all of them below the issuer's path.
pub fn router(app: Arc<App>) -> Router {
    let for_clients = Router::new()
        .route(path::TOKEN, post(token::token))
        .route(path::REVOKE, post(revoke::revoke))
        .route(path::USERINFO, get(userinfo::get).post(userinfo::post))
        .route(path::EMAILS, get(userinfo::emails))
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(cors::client_origins(&app.clients));
    let for_servers = Router::new()
        .route(path::INTROSPECT, post(introspect::introspect))
        .method_not_allowed_fallback(error::method_not_allowed);
    let public = Router::new()
        .route(path::OPENID_CONFIGURATION, get(well_known::metadata))
        .route(path::AUTHORIZATION_SERVER, get(well_known::metadata))
        .route(path::JWKS, get(well_known::jwks))
        .method_not_allowed_fallback(|| async { PageError::from(PageProblem::MethodNotAllowed) })
        .layer(cors::any_origin());
    let endpoints = Router::new()
        .route(
            path::AUTHORIZE,
            get(authorize::get).post(authorize::post).head(launch::head),
        )
        .route("/resume/{name}", get(authorize::resume).head(launch::head))
        .route(LAUNCH, get(launch::launch_any).head(launch::head))
        .route("/", get(launch::root))
        .route(
            "/launch/{client_id}",
            get(launch::launch_client).head(launch::head),
        )
        .route(
            "/launch/{client_id}/{*path}",
            get(launch::launch_deep_link).head(launch::head),
        )
        .route(
            "/switch",
            get(account_switch::page)
                .post(account_switch::confirm)
                .head(launch::head),
        )
        .route(
            path::LOGOUT,
            get(logout::get).post(logout::post).head(launch::head),
        )
        .route(logout::CONFIRM_PATH, post(logout::confirm))
        .fallback(|| async { PageError::from(PageProblem::NotFound) })
        .method_not_allowed_fallback(|| async { PageError::from(PageProblem::MethodNotAllowed) })
        .merge(for_clients)
        .merge(for_servers)
        .merge(public);
    let routes = match app.issuer.path() {
        "" => endpoints,
        // RFC 8414 §3.1 puts the well-known part in front of an issuer's path.
        below => Router::new()
            .route(
                &format!("{}{below}", path::AUTHORIZATION_SERVER),
                get(well_known::metadata).layer(cors::any_origin()),
            )
            .nest(below, endpoints)
            .fallback(|| async { PageError::from(PageProblem::NotFound) }),
    };
    let layers = ServiceBuilder::new()
        .layer(header(REFERRER_POLICY, "no-referrer"))
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(from_fn_with_state(Arc::clone(&app), errors::render_errors))
        .layer(CatchPanicLayer::custom(|_| {
            PageError::from(PageProblem::Internal).into_response()
        }))
        .layer(from_fn(errors::enforce_timeout))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    let launch = format!("{}{LAUNCH}", app.issuer.path());
    let parameter = app.provider.ticket_parameter().to_owned();
    // The URL is normalised before routing, because the path decides the route.
    Router::new().fallback_service(MapRequest::new(
        routes.with_state(app).layer(layers),
        move |request| menu_url::normalize(request, &launch, &parameter),
    ))
}

fn header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

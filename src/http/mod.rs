//! The HTTP endpoints, one file each. A handler extracts the request, calls a use case and builds the
//! response; the rules are in [`crate::service`], [`crate::oauth`] and [`crate::login`].

mod account_switch;
pub mod admin;
mod admin_api;
mod authorization_request;
mod authorization_response;
mod authorize;
pub mod demo_app;
mod ended_sessions;
mod error;
mod extract;
mod failed_launch;
mod introspect;
mod launch;
mod logout;
mod metrics;
mod middleware;
mod onward;
mod page;
mod reload;
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
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower::util::MapRequest;
use tower_http::set_header::SetResponseHeaderLayer;

use self::error::{BearerError, ClientError, Interruption, OAuthProblem, PageError, PageProblem};
use self::launch::LAUNCH;
use self::middleware::bounds::{AddressBounds, MAX_BODY_BYTES, bounded};
use self::middleware::{cors, errors, menu_url, planted_cookies};
use crate::app::App;
use crate::oauth::discovery::path;

/// The routes of the public listener, all of them below the issuer's path.
pub fn router(app: Arc<App>) -> Router {
    let bounds = AddressBounds::of(&app);
    let endpoints = for_browsers(&app, &bounds)
        .merge(for_clients(&app, &bounds))
        .merge(for_servers(&bounds))
        .merge(documents(
            Router::new()
                .route(path::OPENID_CONFIGURATION, get(well_known::metadata))
                .route(path::AUTHORIZATION_SERVER, get(well_known::metadata))
                .route(path::JWKS, get(well_known::jwks)),
            &bounds,
        ));
    let routes = match app.issuer.path() {
        "" => endpoints.merge(for_host()),
        // RFC 8414 §3.1 puts the well-known part in front of an issuer's path.
        below => {
            let well_known = format!("{}{below}", path::AUTHORIZATION_SERVER);
            bounded::<PageError, _>(Router::new().fallback(not_found), &bounds)
                .merge(documents(
                    Router::new().route(&well_known, get(well_known::metadata)),
                    &bounds,
                ))
                .merge(for_host())
                .nest(below, endpoints)
        }
    };
    let layers = ServiceBuilder::new()
        .layer(header(REFERRER_POLICY, "no-referrer"))
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // What says nothing else is about a person or a secret.
        .layer(SetResponseHeaderLayer::if_not_present(
            CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(from_fn_with_state(Arc::clone(&app), errors::render_errors))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    let home = app.issuer.path().to_owned();
    let launch = format!("{home}{LAUNCH}");
    let parameter = app.provider.ticket_parameter().to_owned();
    // The URL is normalised before routing, because the path decides the route.
    Router::new().fallback_service(MapRequest::new(
        routes.with_state(app).layer(layers),
        move |request| menu_url::normalize(request, &home, &launch, &parameter),
    ))
}

/// The endpoints that people open. Errors are pages.
fn for_browsers(app: &Arc<App>, bounds: &AddressBounds) -> Router<Arc<App>> {
    let routes = Router::new()
        .route(
            path::AUTHORIZE,
            get(authorize::get).post(authorize::post).head(launch::head),
        )
        .route("/resume/{name}", get(authorize::resume).head(launch::head))
        .route(LAUNCH, get(launch::launch_any).head(launch::head))
        .route("/", get(launch::root))
        .route(
            "/launch/{client_id}",
            get(launch::launch_client).head(launch::head_client),
        )
        .route(
            "/launch/{client_id}/{*path}",
            get(launch::launch_deep_link).head(launch::head_client),
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
        .route(
            failed_launch::PROBLEM,
            get(failed_launch::page).head(launch::head),
        )
        .route(
            failed_launch::RETRY,
            get(failed_launch::retry).head(launch::head),
        )
        .route(onward::ONWARD, get(onward::page).head(launch::head))
        .fallback(not_found)
        .method_not_allowed_fallback(|| async { PageError::from(PageProblem::MethodNotAllowed) });
    let remove_planted = from_fn_with_state(Arc::clone(app), planted_cookies::remove_planted);
    bounded::<PageError, _>(routes.layer(remove_planted), bounds)
}

/// What browsers and crawlers look for at the root of a host, whatever the issuer's path.
fn for_host() -> Router<Arc<App>> {
    Router::new()
        .route("/favicon.ico", get(well_known::favicon))
        .route("/robots.txt", get(well_known::robots))
}

async fn not_found() -> PageError {
    PageProblem::NotFound.into()
}

/// The endpoints that applications call, from a server or from a page.
fn for_clients(app: &App, bounds: &AddressBounds) -> Router<Arc<App>> {
    let with_credentials = Router::new()
        .route(path::TOKEN, post(token::token))
        .route(path::REVOKE, post(revoke::revoke));
    let with_access_token = Router::new()
        .route(
            path::USERINFO,
            get(userinfo::userinfo).post(userinfo::userinfo),
        )
        .route(path::EMAILS, get(userinfo::emails));
    in_json::<ClientError>(with_credentials, bounds)
        .merge(in_json::<BearerError>(with_access_token, bounds))
        .layer(cors::client_origins(&app.clients))
}

/// The endpoints that servers alone call.
fn for_servers(bounds: &AddressBounds) -> Router<Arc<App>> {
    let routes = Router::new().route(path::INTROSPECT, post(introspect::introspect));
    in_json::<ClientError>(routes, bounds)
}

/// Documents in JSON that everybody may read.
fn documents(routes: Router<Arc<App>>, bounds: &AddressBounds) -> Router<Arc<App>> {
    in_json::<ClientError>(routes, bounds).layer(cors::any_origin())
}

/// Puts the bounds around routes whose errors are JSON.
fn in_json<E>(routes: Router<Arc<App>>, bounds: &AddressBounds) -> Router<Arc<App>>
where
    E: From<Interruption> + From<OAuthProblem> + IntoResponse + 'static,
{
    let routes = routes.method_not_allowed_fallback(error::method_not_allowed::<E>);
    bounded::<E, _>(routes, bounds)
}

fn header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

//! `/admin/v1/clients`: the registered clients, without secrets, and previews of logins.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{InPath, Parameters, subject, unknown_person};
use super::page::{Page, PageQuery};
use super::problem::{Failures, Kind, Problem, Unknown};
use crate::app::App;
use crate::oauth::client::Client;
use crate::oauth::client_auth::method::Authentication;
use crate::oauth::scope::{Scope, Scopes};
use crate::service::preview::{self as previews, Preview};

/// A registered client: metadata of RFC 7591, without secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClientInfo {
    /// The identifier.
    client_id: String,
    /// The name that people see.
    client_name: String,
    /// The home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_uri: Option<String>,
    /// Where codes are sent.
    redirect_uris: Vec<String>,
    /// Where the client starts a login.
    #[serde(skip_serializing_if = "Option::is_none")]
    initiate_login_uri: Option<String>,
    /// Where a browser may be sent after a logout.
    post_logout_redirect_uris: Vec<String>,
    /// Where the client is notified of a logout.
    #[serde(skip_serializing_if = "Option::is_none")]
    backchannel_logout_uri: Option<String>,
    /// The page that a browser loads at a logout.
    #[serde(skip_serializing_if = "Option::is_none")]
    frontchannel_logout_uri: Option<String>,
    /// The grant types.
    grant_types: Vec<&'static str>,
    /// How the client may authenticate.
    token_endpoint_auth_methods: Vec<&'static str>,
    /// Whether it must use PKCE.
    require_pkce: bool,
    /// How ID tokens are signed.
    id_token_signed_response_alg: &'static str,
    /// How access tokens are signed.
    access_token_signed_response_alg: &'static str,
    /// How userinfo is signed; absent for plain JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    userinfo_signed_response_alg: Option<&'static str>,
    /// The scopes that the client can have, separated by blanks.
    scope: String,
    /// Whether access rules say who may use it.
    restricted: bool,
}

impl From<&Client> for ClientInfo {
    fn from(client: &Client) -> Self {
        let all = Scope::ALL.map(Scope::as_str).join(" ");
        let uris = |uris: &[crate::oauth::redirect::RegisteredUri]| {
            uris.iter().map(|uri| uri.as_str().to_owned()).collect()
        };
        let text = |url: &Option<url::Url>| url.as_ref().map(ToString::to_string);
        Self {
            client_id: client.id.to_string(),
            client_name: client.name.clone(),
            client_uri: text(&client.client_uri),
            redirect_uris: uris(&client.redirect_uris),
            initiate_login_uri: text(&client.initiate_login_uri),
            post_logout_redirect_uris: uris(&client.logout.post_redirects),
            backchannel_logout_uri: text(&client.logout.backchannel),
            frontchannel_logout_uri: text(&client.logout.frontchannel),
            grant_types: client.grant_types.iter().map(|it| it.as_str()).collect(),
            token_endpoint_auth_methods: auth_methods(&client.authentication),
            require_pkce: client.require_pkce,
            id_token_signed_response_alg: client.id_token_alg.as_str(),
            access_token_signed_response_alg: client.access_token.alg.as_str(),
            userinfo_signed_response_alg: client.userinfo_alg.map(|alg| alg.as_str()),
            scope: client.obtainable(Scopes::parse(&all)).to_string(),
            restricted: client.access.is_some(),
        }
    }
}

fn auth_methods(authentication: &Authentication) -> Vec<&'static str> {
    match authentication {
        Authentication::None => vec!["none"],
        Authentication::Secret { basic, post, .. } => {
            let methods = [
                (*basic, "client_secret_basic"),
                (*post, "client_secret_post"),
            ];
            let accepted = methods.into_iter().filter(|(accepted, _)| *accepted);
            accepted.map(|(_, method)| method).collect()
        }
        Authentication::SecretJwt { .. } => vec!["client_secret_jwt"],
        Authentication::PrivateKeyJwt { .. } => vec!["private_key_jwt"],
    }
}

/// The registered clients, ordered by identifier.
#[utoipa::path(
    get,
    path = "/admin/v1/clients",
    operation_id = "list_clients",
    tag = "clients",
    params(PageQuery),
    security(("token" = ["clients:read"])),
    responses((status = 200, body = Page<ClientInfo>), Failures)
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<PageQuery>,
) -> Json<Page<ClientInfo>> {
    let after = query.after.unwrap_or_default();
    let clients = app.clients.all().into_iter();
    let clients = clients.filter(|client| client.id.as_str() > after.as_str());
    let clients = clients.take(query.limit.as_usize()).collect();
    Json(Page::of(
        clients,
        query.limit,
        |client| client.id.to_string(),
        |client| ClientInfo::from(client.as_ref()),
    ))
}

/// One client.
#[utoipa::path(
    get,
    path = "/admin/v1/clients/{client_id}",
    operation_id = "get_client",
    tag = "clients",
    params(("client_id" = String, Path, min_length = 1, description = "The identifier of the client")),
    security(("token" = ["clients:read"])),
    responses((status = 200, body = ClientInfo), Failures, Unknown)
)]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    InPath(id): InPath<String>,
) -> Result<Json<ClientInfo>, Problem> {
    let client = app.clients.get(&id).ok_or_else(unknown_client)?;
    Ok(Json(ClientInfo::from(client.as_ref())))
}

/// Which login is previewed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewQuery {
    /// The scopes of the request, separated by blanks; without it, all that the client can have.
    scope: Option<String>,
}

/// What a person would get in a client: access, and the claims of ID token, access token and userinfo. Nothing
/// is signed or stored.
#[utoipa::path(
    get,
    path = "/admin/v1/clients/{client_id}/preview/{person}",
    operation_id = "preview_login",
    tag = "clients",
    params(
        ("client_id" = String, Path, min_length = 1, description = "The identifier of the client"),
        ("person" = String, Path, min_length = 1, description = "The identifier of the person"),
        PreviewQuery
    ),
    security(("token" = ["clients:read", "users:read"])),
    responses((status = 200, body = Preview), Failures, Unknown)
)]
pub(super) async fn preview(
    State(app): State<Arc<App>>,
    InPath((id, person)): InPath<(String, String)>,
    Parameters(query): Parameters<PreviewQuery>,
) -> Result<Json<Preview>, Problem> {
    let client = app.clients.get(&id).ok_or_else(unknown_client)?;
    let subject = subject(person)?;
    let found = previews::preview(&app, client, &subject, query.scope.as_deref()).await?;
    Ok(Json(found.ok_or_else(unknown_person)?))
}

fn unknown_client() -> Problem {
    Problem::new(Kind::NotFound, "no client has this identifier")
}

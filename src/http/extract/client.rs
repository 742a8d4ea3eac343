//! The client that calls an endpoint, once it has proved itself, and the form it sent.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Uri};

use super::client_ip::ClientIp;
use crate::app::App;
use crate::http::error::ClientError;
use crate::keys::remote_jwks::NoKeys;
use crate::limits::Limit;
use crate::oauth::client::Client;
use crate::oauth::client_auth::{
    self, AwaitsKeys, ClientProof, UnspentAssertion, authenticate, failed,
};
use crate::oauth::discovery::path;
use crate::oauth::error::OAuthError;
use crate::oauth::params::Params;

/// A client that has proven itself, or a public one that has said who it is.
pub(crate) struct AuthenticatedClient {
    pub(crate) client: Arc<Client>,
    pub(crate) form: Params,
}

impl FromRequest<Arc<App>> for AuthenticatedClient {
    type Rejection = ClientError;

    /// # Errors
    ///
    /// [`ClientError`] with a registered code.
    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ClientError> {
        let by_header = request.headers().contains_key(AUTHORIZATION);
        Self::of(request, app).await.map_err(|error| {
            if by_header {
                error.after_basic()
            } else {
                error
            }
        })
    }
}

impl AuthenticatedClient {
    async fn of(request: Request, app: &Arc<App>) -> Result<Self, ClientError> {
        let (mut parts, body) = request.into_parts();
        let Ok(ClientIp(client_ip)) = ClientIp::from_request_parts(&mut parts, app).await;
        let request = Request::from_parts(parts, body);
        let uri = request.uri().clone();
        let limit = match uri.path() {
            path::INTROSPECT => &app.limits.introspections,
            _ => &app.limits.token_requests,
        };
        limit.address(client_ip)?;
        let header = header(request.headers())?;
        let form = form(request).await?;
        let audience = match form.get("client_assertion") {
            Some(_) => audience(app, &uri).into(),
            None => Vec::new(),
        };
        let request = client_auth::Request {
            header: header.as_ref().map(|it| it.to_str().unwrap_or_default()),
            form: &form,
            audience: &audience,
            now: app.host.clock.now(),
        };
        let client = match authenticate(&request, &app.clients)? {
            ClientProof::Proven(client) => {
                limit.client(&client, client_ip)?;
                client
            }
            ClientProof::Unspent(once) => spend(app, once, limit, client_ip).await?,
            ClientProof::AwaitsKeys(pending) => {
                let once = verify(app, &pending).await?;
                spend(app, once, limit, client_ip).await?
            }
        };
        Ok(Self { client, form })
    }
}

fn header(headers: &HeaderMap) -> Result<Option<HeaderValue>, OAuthError> {
    let mut all = headers.get_all(AUTHORIZATION).into_iter();
    match (all.next(), all.next()) {
        (_, Some(_)) => Err(OAuthError::invalid_request(
            "there is more than one Authorization header",
        )),
        (header, None) => Ok(header.cloned()),
    }
}

/// Credentials and codes belong into the body (RFC 6749 §2.3.1, §3.2).
async fn form(request: Request) -> Result<Params, OAuthError> {
    let query = request.uri().query();
    if query.is_some_and(|query| !query.is_empty()) {
        return Err(OAuthError::invalid_request(
            "parameters belong into the body, not into the URL",
        ));
    }
    if !is_form(request.headers()) {
        return Err(OAuthError::invalid_request(
            "the body is not application/x-www-form-urlencoded",
        ));
    }
    let body = Bytes::from_request(request, &()).await;
    let body =
        body.map_err(|_| OAuthError::invalid_request("the body is too large or broke off"))?;
    Params::parse(&body).map_err(|_| OAuthError::invalid_request("there are too many parameters"))
}

/// Whether the body is a form, by its media type.
#[must_use]
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// "The Audience SHOULD be the URL of the Authorization Server's Token Endpoint" (OIDC Core §9);
/// RFC 7523 §3 names the issuer too, and some clients name the endpoint they call.
fn audience(app: &App, uri: &Uri) -> [String; 3] {
    [
        app.issuer.to_string(),
        app.issuer.at(path::TOKEN),
        app.issuer.at(uri.path()),
    ]
}

/// Verifies an assertion with the keys the client publishes; if it does not hold, once more with
/// newer ones.
async fn verify(app: &App, pending: &AwaitsKeys<'_>) -> Result<UnspentAssertion, ClientError> {
    let uri = &pending.jwks_uri;
    let lost = |cause: Arc<NoKeys>| ClientError::Failed(failed(), cause.into());
    let keys = app.remote_jwks.at(uri).await.map_err(lost)?;
    if let Some(once) = pending.verify(&keys) {
        return Ok(once);
    }
    let newer = app.remote_jwks.newer(&keys, uri).await.map_err(lost)?;
    Ok(pending.verify(&newer).ok_or_else(failed)?)
}

/// Spends an assertion, unless the client has to wait: then it can send the same one again.
async fn spend(
    app: &App,
    once: UnspentAssertion,
    limit: &Limit,
    client_ip: IpAddr,
) -> Result<Arc<Client>, ClientError> {
    limit.client(&once.client, client_ip)?;
    let now = app.host.clock.now();
    let spent = app.store.insert_once(&once.name, once.until, now).await;
    if spent? {
        Ok(once.client)
    } else {
        Err(client_auth::used().into())
    }
}

//! Client authentication at the endpoints that clients call, and the form the client sent.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::Uri;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode;

use super::client_ip::ClientIp;
use super::{authorization, form};
use crate::app::App;
use crate::audit::Event;
use crate::http::error::{ClientError, OAuthProblem};
use crate::keys::remote_jwks::JwksUnavailable;
use crate::limits::Limit;
use crate::oauth::client::Client;
use crate::oauth::client_auth::{
    self, AwaitsKeys, ClientProof, UnspentAssertion, authenticate, authentication_failed,
};
use crate::oauth::discovery::path;
use crate::oauth::error::OAuthError;
use crate::oauth::params::Params;
use crate::service::audit::{self, About};

/// A client that has authenticated itself, or a public client that has identified itself.
pub(crate) struct AuthenticatedClient {
    pub(crate) client: Arc<Client>,
    pub(crate) form: Params,
    /// The address of the client.
    pub(crate) address: IpAddr,
}

impl FromRequest<Arc<App>> for AuthenticatedClient {
    type Rejection = ClientError;

    /// # Errors
    ///
    /// [`ClientError`] with a registered code.
    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ClientError> {
        // A challenge makes a browser ask for a password, so only a client that used Basic gets one
        // (RFC 6749 §5.2).
        let has_basic = authorization::has_basic(request.headers());
        Self::authenticate(request, app).await.map_err(|error| {
            if has_basic {
                error.with_challenge()
            } else {
                error
            }
        })
    }
}

impl AuthenticatedClient {
    async fn authenticate(request: Request, app: &Arc<App>) -> Result<Self, ClientError> {
        let (mut parts, body) = request.into_parts();
        let Ok(ClientIp(client_ip)) = ClientIp::from_request_parts(&mut parts, app).await;
        let request = Request::from_parts(parts, body);
        let uri = request.uri().clone();
        let limit = match uri.path() {
            path::INTROSPECT => &app.limits.introspections,
            _ => &app.limits.token_requests,
        };
        limit.check_address(client_ip)?;
        let header = authorization::basic(request.headers())?.cloned();
        let form = read_form(app, request).await?;
        let audience = match form.get("client_assertion") {
            Some(_) => audience(app, &uri).into(),
            None => Vec::new(),
        };
        let credentials = client_auth::ClientCredentials {
            header: header
                .as_ref()
                .map(|value| value.to_str().unwrap_or_default()),
            form: &form,
            audience: &audience,
            now: app.host.clock.now(),
        };
        let client = prove(app, &credentials, limit, client_ip).await;
        let client = client.inspect_err(|error| {
            if let Some(reason) = error.failed_authentication() {
                let about = About {
                    person: None,
                    client_id: named_client(app, &credentials).map(str::to_owned),
                    address: Some(client_ip),
                };
                audit::refused(app, about, Event::ClientRefused { reason });
            }
        });
        let client = client.map_err(|error| match named_client(app, &credentials) {
            Some(id) => error.of_client(id),
            None => error,
        })?;
        Ok(Self {
            client,
            form,
            address: client_ip,
        })
    }
}

/// Authenticates the client.
async fn prove(
    app: &App,
    credentials: &client_auth::ClientCredentials<'_>,
    limit: &Limit,
    client_ip: IpAddr,
) -> Result<Arc<Client>, ClientError> {
    match authenticate(credentials, &app.clients)? {
        ClientProof::Authenticated(client) => {
            limit.check_client(&client, client_ip)?;
            Ok(client)
        }
        ClientProof::Unspent(assertion) => spend(app, assertion, limit, client_ip).await,
        ClientProof::AwaitsKeys(pending) => {
            let assertion = verify(app, &pending).await?;
            spend(app, assertion, limit, client_ip).await
        }
    }
}

/// The registered client that failed to authenticate, for the log.
fn named_client<'a>(
    app: &'a App,
    credentials: &client_auth::ClientCredentials<'_>,
) -> Option<&'a str> {
    let in_header = || {
        let (_, encoded) = credentials.header?.split_once(' ')?;
        let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
        let id = decoded.split(|byte| *byte == b':').next()?;
        Some(percent_decode(id).decode_utf8().ok()?.into_owned())
    };
    let id = credentials.form.get("client_id").map(str::to_owned);
    Some(app.clients.get(&id.or_else(in_header)?)?.id.as_str())
}

/// Reads the form. Credentials and codes belong in the body, not in the URL (RFC 6749 §2.3.1, §3.2).
async fn read_form(app: &App, request: Request) -> Result<Params, OAuthProblem> {
    let uri = request.uri();
    match uri.query().filter(|query| !query.is_empty()) {
        None => {
            form::require_form(request.headers())?;
            Ok(form::parse(&form::body(request).await?)?)
        }
        Some(query) if may_use_url(app, uri.path(), query)? => {
            let mut parameters = query.as_bytes().to_vec();
            // The rest may be in the body. A parameter in both is given twice.
            if form::is_form(request.headers()) {
                parameters.push(b'&');
                parameters.extend(form::body(request).await?);
            }
            Ok(form::parse(&parameters)?)
        }
        Some(_) => Err(OAuthError::invalid_request(
            "parameters belong into the body, not into the URL; for an app that nobody can change, \
             the operator can set token_parameters_in_url",
        )
        .into()),
    }
}

/// Whether the client that the URL names may send the parameters of a token request in it
/// (`token_parameters_in_url`).
fn may_use_url(app: &App, endpoint: &str, query: &str) -> Result<bool, OAuthError> {
    if endpoint != path::TOKEN {
        return Ok(false);
    }
    let parameters = form::parse(query.as_bytes())?;
    let client = parameters
        .get("client_id")
        .and_then(|id| app.clients.get(id));
    Ok(client.is_some_and(|client| client.token_parameters_in_url))
}

/// "The Audience SHOULD be the URL of the Authorization Server's Token Endpoint" (OIDC Core §9);
/// RFC 7523 §3 allows the issuer too, and some clients name the endpoint they call.
fn audience(app: &App, uri: &Uri) -> [String; 3] {
    [
        app.issuer.to_string(),
        app.issuer.at(path::TOKEN),
        app.issuer.at(uri.path()),
    ]
}

/// Verifies an assertion with the keys the client publishes. If the signature does not match, fetches
/// the keys again and retries once.
async fn verify(app: &App, pending: &AwaitsKeys<'_>) -> Result<UnspentAssertion, ClientError> {
    let uri = &pending.jwks_uri;
    let no_keys =
        |cause: Arc<JwksUnavailable>| OAuthProblem::failed(authentication_failed(), cause);
    let keys = app.remote_jwks.at(uri).await.map_err(no_keys)?;
    if let Some(assertion) = pending.verify(&keys) {
        return Ok(assertion);
    }
    let newer = app.remote_jwks.newer(&keys, uri).await.map_err(no_keys)?;
    Ok(pending.verify(&newer).ok_or_else(authentication_failed)?)
}

/// Marks an assertion as used. The rate limit is checked first, so a client that has to wait can send
/// the same assertion again.
async fn spend(
    app: &App,
    assertion: UnspentAssertion,
    limit: &Limit,
    client_ip: IpAddr,
) -> Result<Arc<Client>, ClientError> {
    limit.check_client(&assertion.client, client_ip)?;
    let now = app.host.clock.now();
    let first_use = app
        .store
        .insert_once(&assertion.replay_key, assertion.expires_at, now)
        .await?;
    if first_use {
        Ok(assertion.client)
    } else {
        Err(client_auth::assertion_replayed().into())
    }
}

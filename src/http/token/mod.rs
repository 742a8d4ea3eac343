//! `POST /token`: exchanges a grant for tokens (RFC 6749 §3.2, OIDC Core §3.1.3). One file a grant
//! looks it up and spends it; here is what all have in common.

mod client;
mod code;
mod exchange;
mod refresh;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use rand::RngExt as _;
use serde::Serialize;

use super::error::Failure;
use super::extract::client::Proven;
use crate::app::App;
use crate::crypto::handle::Digest;
use crate::crypto::refresh_token::RefreshToken;
use crate::keys::at_hash;
use crate::oauth::claims::{self, AccessTokenClaims};
use crate::oauth::client::Client;
use crate::oauth::grant::Granted;
use crate::oauth::grants::{self, TokenRequest};
use crate::oauth::scope::{Scope, Scopes};
use crate::store::NewFamily;

/// A successful answer (RFC 6749 §5.1, OIDC Core §3.1.3.3).
#[derive(Serialize)]
struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    /// The `sid` of the ID token beside it. Keycloak before May 2026 finds the session that a
    /// logout token names by this.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_state: Option<String>,
    /// RFC 8693 §2.2.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
}

/// What a request has come to: tokens to be signed.
struct Issue {
    access_token: AccessTokenClaims,
    /// The login that an ID token is about.
    login: Option<(Granted, Scopes)>,
    refresh_token: Option<RefreshToken>,
    issued_token_type: Option<&'static str>,
}

/// A grant of a person's, and what of it is asked for now.
struct Login {
    /// The grant's identifier.
    id: Digest,
    /// The grant.
    granted: Granted,
    /// What the tokens are good for: all of the grant, or part of it.
    scopes: Scopes,
    /// Whom the access token is for.
    audience: Vec<String>,
    /// The refresh token that goes with them.
    refresh_token: Option<RefreshToken>,
}

impl Login {
    /// The tokens of the login.
    fn issue(self, app: &App, client: &Client) -> Issue {
        let own = own_token(app, client, self.audience);
        let access_token = AccessTokenClaims::of_grant(&self.granted, &self.id, &self.scopes, own);
        Issue {
            login: Some((self.granted, self.scopes)),
            refresh_token: self.refresh_token,
            ..Issue::of(access_token)
        }
    }
}

impl Issue {
    /// An access token alone.
    fn of(access_token: AccessTokenClaims) -> Self {
        Self {
            access_token,
            login: None,
            refresh_token: None,
            issued_token_type: None,
        }
    }
}

/// The first refresh token of a grant that may have one, and what the store keeps of it.
fn new_family(client: &Client, now: DateTime<Utc>) -> (RefreshToken, NewFamily) {
    let first = RefreshToken::random(&mut rand::rng());
    let family = NewFamily {
        family: first.family(),
        token: first.digest(),
        expires_at: now + client.refresh_token.idle_lifetime,
        keep_until: now + client.refresh_token.lifetime,
    };
    (first, family)
}

/// A token of the client's own, with a name of its own.
fn own_token(app: &App, client: &Client, audience: Vec<String>) -> AccessTokenClaims {
    let unique = BASE64_URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 16]>());
    let now = app.host.clock.now();
    AccessTokenClaims::of_client(client, audience, unique, app.issuer.as_str(), now)
}

/// Exchanges a grant.
///
/// # Errors
///
/// [`Failure::Json`] with a registered code.
pub(super) async fn token(
    State(app): State<Arc<App>>,
    Proven { client, form }: Proven,
) -> Result<Response, Failure> {
    let issue = match grants::read(&form, &client)? {
        TokenRequest::Code(request) => code::redeem(&app, &client, &form, &request).await?,
        TokenRequest::Refresh(request) => refresh::refresh(&app, &client, &form, &request).await?,
        TokenRequest::Client => client::own(&app, &client, &form)?,
        TokenRequest::Exchange(request) => {
            exchange::exchange(&app, &client, &form, &request).await?
        }
    };
    let response = sign(&app, &client, issue)?;
    // RFC 6749 §5.1 demands both.
    let no_store = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    Ok((no_store, Json(response)).into_response())
}

fn sign(app: &App, client: &Client, issue: Issue) -> Result<TokenResponse, Failure> {
    let Issue {
        access_token: claims,
        login,
        refresh_token,
        issued_token_type,
    } = issue;
    let now = app.host.clock.now();
    let issuer = app.issuer.as_str();
    let internal = |error| Failure::internal(Failure::Json, error);
    let access_token = app
        .keys
        .sign(client.access_token.alg, client.access_token.typ, &claims)
        .map_err(internal)?;
    let login = login.filter(|(_, scopes)| scopes.contains(Scope::Openid));
    let login = login
        .map(|(Granted { grant, user, link }, scopes)| ((grant, app.profile(user, link)), scopes));
    let id_token = login.as_ref().map(|((grant, profile), scopes)| {
        let at_hash = at_hash(client.id_token_alg, &access_token);
        let claims = claims::id_token((grant, profile), scopes, client, issuer, &at_hash, now);
        app.keys.sign(client.id_token_alg, "JWT", &claims)
    });
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: claims.exp - claims.iat,
        id_token: id_token.transpose().map_err(internal)?,
        refresh_token: refresh_token.map(|token| token.expose()),
        scope: claims.scope,
        session_state: login.map(|((grant, _), _)| grant.sid.to_string()),
        issued_token_type,
    })
}

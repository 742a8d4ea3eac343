//! The demo's app: an ordinary OpenID Connect client on the `openidconnect` crate, which knows
//! nothing of portals and tickets. What it shows it has verified.

mod shown;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse as _,
};
use serde::Deserialize;

use self::shown::Shown;
use crate::error_chain::explain;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The name of the cookie that finds a login again; the demo keeps no other.
const COOKIE_NAME: &str = "demo-app-login";

/// How the app is known at the provider.
pub struct Registration {
    /// The provider.
    pub issuer: String,
    /// `client_id`.
    pub client_id: &'static str,
    /// `client_secret`.
    pub client_secret: String,
    /// The app's own address.
    pub url: String,
    /// Where to go for another try.
    pub portal: String,
}

struct RelyingParty {
    client: Client,
    http: Http,
    issuer: String,
    portal: String,
    url: String,
    /// Logins that were begun, by `state`.
    begun: Mutex<HashMap<String, Begun>>,
}

struct Begun {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

impl RelyingParty {
    fn shown(&self, problem: Option<String>) -> Shown<'_> {
        Shown::new(&self.portal, &self.issuer, &self.url, problem)
    }
}

/// Discovers the provider and makes the app's routes.
pub async fn router(registration: Registration, http: reqwest::Client) -> Result<Router, String> {
    let issuer = IssuerUrl::new(registration.issuer.clone()).map_err(|error| error.to_string())?;
    let http = Http(http);
    let metadata = CoreProviderMetadata::discover_async(issuer, &http)
        .await
        .map_err(|error| explain(&error))?;
    let redirect_uri = RedirectUrl::new(format!("{}/callback", registration.url))
        .map_err(|error| error.to_string())?;
    let secret = ClientSecret::new(registration.client_secret);
    let id = ClientId::new(registration.client_id.to_owned());
    let client = CoreClient::from_provider_metadata(metadata, id, Some(secret))
        .set_redirect_uri(redirect_uri);
    let party = RelyingParty {
        client,
        http,
        issuer: registration.issuer,
        portal: registration.portal,
        url: registration.url,
        begun: Mutex::default(),
    };
    Ok(Router::new()
        .route("/", get(|| async { Redirect::to("/login") }))
        .route("/login", get(login))
        .route("/callback", get(callback))
        .with_state(Arc::new(party)))
}

/// The shared HTTP client, as `openidconnect` calls one.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, reqwest::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.0.execute(request.try_into()?).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut response = HttpResponse::new(answer.bytes().await?.to_vec());
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
}

/// Begins a login: the address the portal's menu leads to in the end (OIDC Core §4).
async fn login(State(party): State<Arc<RelyingParty>>) -> Response {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let (url, state, nonce) = party
        .client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("profile".to_owned()))
        .add_scope(Scope::new("phone".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let cookie = format!(
        "{COOKIE_NAME}={}; HttpOnly; SameSite=Lax; Path=/; Max-Age=600",
        state.secret()
    );
    let mut begun = party.begun.lock().unwrap_or_else(PoisonError::into_inner);
    // A demo does not clean up by the clock; it only must not grow.
    if begun.len() > 1000 {
        begun.clear();
    }
    begun.insert(state.secret().clone(), Begun { nonce, verifier });
    ([(SET_COOKIE, cookie)], Redirect::to(url.as_str())).into_response()
}

#[derive(Deserialize)]
struct Callback {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Ends a login: the code becomes claims that were verified.
async fn callback(
    State(party): State<Arc<RelyingParty>>,
    headers: HeaderMap,
    Query(callback): Query<Callback>,
) -> Response {
    match verify(&party, &headers, callback).await {
        Ok(shown) => shown.answer(StatusCode::OK),
        Err(problem) => party.shown(Some(problem)).answer(StatusCode::BAD_REQUEST),
    }
}

async fn verify<'a>(
    party: &'a RelyingParty,
    headers: &HeaderMap,
    callback: Callback,
) -> Result<Shown<'a>, String> {
    if let Some(error) = callback.error {
        return Err(format!("the provider answered {error}"));
    }
    let state = callback.state.ok_or("there is no state")?;
    let cookies = headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let ours = cookies
        .flat_map(|header| header.split("; "))
        .any(|pair| pair == format!("{COOKIE_NAME}={state}"));
    let begun = party
        .begun
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(&state);
    let begun = begun
        .filter(|_| ours)
        .ok_or("this login was not begun in this browser, or is finished")?;
    if callback.iss.as_deref() != Some(party.issuer.as_str()) {
        return Err("the answer comes from another provider".to_owned());
    }
    let code = AuthorizationCode::new(callback.code.ok_or("there is no code")?);
    let request = party
        .client
        .exchange_code(code)
        .map_err(|error| explain(&error))?;
    let tokens = request
        .set_pkce_verifier(begun.verifier)
        .request_async(&party.http)
        .await
        .map_err(|error| explain(&error))?;
    let id_token = tokens.id_token().ok_or("there is no ID token")?;
    let verifier = party.client.id_token_verifier();
    let claims = id_token
        .claims(&verifier, &begun.nonce)
        .map_err(|error| explain(&error))?;
    let alg = id_token.signing_alg().map_err(|error| error.to_string())?;
    let key = id_token
        .signing_key(&verifier)
        .map_err(|error| error.to_string())?;
    let hash = AccessTokenHash::from_token(tokens.access_token(), alg, key)
        .map_err(|error| error.to_string())?;
    if claims.access_token_hash() != Some(&hash) {
        return Err("the access token is not the one the ID token was issued with".to_owned());
    }
    let request = party
        .client
        .user_info(
            tokens.access_token().clone(),
            Some(claims.subject().clone()),
        )
        .map_err(|error| error.to_string())?;
    let _: CoreUserInfoClaims = request
        .request_async(&party.http)
        .await
        .map_err(|error| explain(&error))?;
    party.shown(None).claims(claims)
}

//! The demo app: an ordinary OpenID Connect client, built on the `openidconnect` crate. It knows
//! nothing of portals and tickets. It shows only claims that it has verified.

mod shown;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{ACCEPT_LANGUAGE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdTokenClaims, CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse as _,
};
use serde::Deserialize;

use self::shown::ClaimsPage;
use crate::error_chain::explain;
use crate::http::extract::cookies::sent_cookies;
use crate::http::page::language::Language;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The cookie that binds a login to the browser; it holds the `state`.
const COOKIE_NAME: &str = "demo-app-login";

/// The cookie of the app's own session.
const SESSION_COOKIE: &str = "demo-app-session";

/// The demo expires nothing; it only must not grow without bound.
const MAX_KEPT: usize = 1000;

/// The app's registration at the provider.
pub struct Registration {
    /// The provider's issuer URL.
    pub issuer: String,
    /// `client_id`.
    pub client_id: &'static str,
    /// `client_secret`.
    pub client_secret: String,
    /// The app's own URL.
    pub url: String,
    /// The portal's URL, where the user can start again.
    pub portal: String,
}

struct RelyingParty {
    client: Client,
    http: Http,
    issuer: String,
    portal: String,
    url: String,
    /// Logins in progress, by `state`.
    logins: Mutex<HashMap<String, PendingLogin>>,
    /// The verified claims of finished logins, by the value of the session cookie.
    sessions: Mutex<HashMap<String, CoreIdTokenClaims>>,
}

struct PendingLogin {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

impl RelyingParty {
    fn page(&self, language: Language, problem: Option<String>) -> ClaimsPage<'_> {
        ClaimsPage::new(&self.portal, &self.issuer, &self.url, language, problem)
    }
}

/// Discovers the provider and builds the app's routes.
///
/// # Errors
///
/// Why the provider cannot be used.
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
        logins: Mutex::default(),
        sessions: Mutex::default(),
    };
    Ok(Router::new()
        .route("/", get(|| async { Redirect::to("/login") }))
        .route("/login", get(login))
        .route("/callback", get(callback))
        .route("/claims", get(claims))
        .with_state(Arc::new(party)))
}

/// Adapts the shared HTTP client to `openidconnect`.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, reqwest::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let received = self.0.execute(request.try_into()?).await?;
            let (status, headers) = (received.status(), received.headers().clone());
            let mut response = HttpResponse::new(received.bytes().await?.to_vec());
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
}

/// Begins a login. The launch endpoint redirects here as the client's `initiate_login_uri` (OIDC Core
/// §4).
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
    let mut logins = party.logins.lock().unwrap_or_else(PoisonError::into_inner);
    if logins.len() > MAX_KEPT {
        logins.clear();
    }
    logins.insert(state.secret().clone(), PendingLogin { nonce, verifier });
    ([(SET_COOKIE, cookie)], Redirect::to(url.as_str())).into_response()
}

#[derive(Deserialize)]
struct Callback {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Finishes a login: exchanges the code and shows the verified claims.
async fn callback(
    State(party): State<Arc<RelyingParty>>,
    headers: HeaderMap,
    Query(callback): Query<Callback>,
) -> Response {
    let claims = match verify(&party, &headers, callback).await {
        Ok(claims) => claims,
        Err(problem) => {
            let page = party.page(language(&headers), Some(problem));
            return page.answer(StatusCode::BAD_REQUEST);
        }
    };
    // The page has an address of its own, so that it can be reloaded: a code works once.
    let session = CsrfToken::new_random().secret().clone();
    let cookie = format!("{SESSION_COOKIE}={session}; HttpOnly; SameSite=Lax; Path=/");
    let mut sessions = party
        .sessions
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if sessions.len() > MAX_KEPT {
        sessions.clear();
    }
    sessions.insert(session, claims);
    ([(SET_COOKIE, cookie)], Redirect::to("/claims")).into_response()
}

/// Shows the verified claims of the person who is signed in to the app; begins a login if nobody is.
async fn claims(State(party): State<Arc<RelyingParty>>, headers: HeaderMap) -> Response {
    let session = sent_cookies(&headers).find(|cookie| cookie.name() == SESSION_COOKIE);
    let claims = session.and_then(|cookie| {
        let sessions = party
            .sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        sessions.get(cookie.value()).cloned()
    });
    let Some(claims) = claims else {
        return Redirect::to("/login").into_response();
    };
    let page = party.page(language(&headers), None);
    match page.claims(&claims) {
        Ok(page) => page.answer(StatusCode::OK),
        Err(problem) => {
            let page = party.page(language(&headers), Some(problem));
            page.answer(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// The language that the browser prefers.
fn language(headers: &HeaderMap) -> Language {
    let accepted = headers.get(ACCEPT_LANGUAGE);
    let accepted = accepted.map(|value| String::from_utf8_lossy(value.as_bytes()));
    let language = accepted.and_then(|header| Language::from_accept_language(&header));
    language.unwrap_or_default()
}

async fn verify(
    party: &RelyingParty,
    headers: &HeaderMap,
    callback: Callback,
) -> Result<CoreIdTokenClaims, String> {
    if let Some(error) = callback.error {
        return Err(format!("the provider answered {error}"));
    }
    let state = callback.state.ok_or("there is no state")?;
    let same_browser =
        sent_cookies(headers).any(|cookie| cookie.name_value() == (COOKIE_NAME, &state));
    let login = party
        .logins
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(&state);
    let login = login
        .filter(|_| same_browser)
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
        .set_pkce_verifier(login.verifier)
        .request_async(&party.http)
        .await
        .map_err(|error| explain(&error))?;
    let id_token = tokens.id_token().ok_or("there is no ID token")?;
    let verifier = party.client.id_token_verifier();
    let claims = id_token
        .claims(&verifier, &login.nonce)
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
    Ok(claims.clone())
}

//! Logins with the `openidconnect` crate, a client that shares no code with the provider: discovery,
//! requests and verification of the tokens.

use std::pin::Pin;

use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreIdTokenClaims,
    CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret,
    CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl,
    Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, TokenResponse as _,
};
use panda_oidc_sdk::Clock as _;
use url::Url;

use crate::kit::{registered, registration};
use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::provider::TestProvider;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

struct Http(reqwest::Client);

impl Http {
    fn new() -> Self {
        Self(reqwest::Client::builder().no_proxy().build().unwrap())
    }
}

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

/// The client of the crate for `party`, built from the discovery document.
async fn discovered(party: &RelyingParty) -> Client {
    let issuer = IssuerUrl::new(party.issuer.clone()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &Http::new())
        .await
        .unwrap();
    let secret = party.client_secret.clone().map(ClientSecret::new);
    CoreClient::from_provider_metadata(metadata, ClientId::new(party.client_id.clone()), secret)
        .set_redirect_uri(RedirectUrl::new(party.redirect_uri.clone()).unwrap())
}

struct AuthorizationRequest {
    url: Url,
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

fn authorization_request(client: &Client) -> AuthorizationRequest {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let (url, state, nonce) = client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("profile".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    AuthorizationRequest {
        url,
        state,
        nonce,
        verifier,
    }
}

/// Verifies the ID token and its `at_hash` with the crate, and returns the claims.
fn verified_claims<'a>(
    client: &'a Client,
    tokens: &'a CoreTokenResponse,
    nonce: &Nonce,
    now: DateTime<Utc>,
) -> &'a CoreIdTokenClaims {
    let id_token = tokens.id_token().expect("an ID token");
    // The provider runs on a test clock.
    let verifier = client.id_token_verifier().set_time_fn(|| now);
    let claims = id_token.claims(&verifier, nonce).unwrap();
    let hash = AccessTokenHash::from_token(
        tokens.access_token(),
        id_token.signing_alg().unwrap(),
        id_token.signing_key(&verifier).unwrap(),
    );
    assert_eq!(claims.access_token_hash(), Some(&hash.unwrap()));
    claims
}

/// Logs in with the crate: discovery, authorization, code exchange, verification, userinfo.
async fn log_in(provider: &TestProvider, party: &RelyingParty, auth_type: AuthType) {
    let client = discovered(party).await.set_auth_type(auth_type);
    let request = authorization_request(&client);
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = browser.get(&request.url).await;
    let state = answer.parameter("state");
    assert_eq!(state.as_deref(), Some(request.state.secret().as_str()));
    let code = AuthorizationCode::new(RelyingParty::code(&answer));
    let tokens = client
        .exchange_code(code)
        .unwrap()
        .set_pkce_verifier(request.verifier)
        .request_async(&Http::new())
        .await
        .unwrap();
    let claims = verified_claims(&client, &tokens, &request.nonce, provider.clock.now());
    assert_eq!(claims.subject().as_str(), "1");
    assert!(claims.auth_time().is_some());
    let userinfo: CoreUserInfoClaims = client
        .user_info(
            tokens.access_token().clone(),
            Some(claims.subject().clone()),
        )
        .unwrap()
        .request_async(&Http::new())
        .await
        .unwrap();
    let name = userinfo.name().and_then(|name| name.get(None));
    assert_eq!(name.map(|name| name.as_str()), Some("陈涛"));
}

#[tokio::test]
async fn login_works_with_rs256() {
    let provider = TestProvider::open().await;
    log_in(&provider, &provider.client("grafana"), AuthType::BasicAuth).await;
}

#[tokio::test]
async fn login_works_with_es256_and_the_secret_in_the_body() {
    let provider = TestProvider::open().await;
    log_in(
        &provider,
        &provider.client("keycloak"),
        AuthType::RequestBody,
    )
    .await;
}

#[tokio::test]
async fn login_works_for_a_public_client_with_ed25519() {
    let provider = TestProvider::open().await;
    log_in(&provider, &provider.client("spa"), AuthType::RequestBody).await;
}

#[tokio::test]
async fn login_works_with_ps256_below_an_issuer_path() {
    let client = registration("ps", "id_token_signed_response_alg = 'PS256'");
    let provider = TestProvider::open_with_issuer_path("/sso/panda", &client, "").await;
    log_in(&provider, &registered(&provider, "ps"), AuthType::BasicAuth).await;
}

#[tokio::test]
async fn an_error_response_is_understood() {
    let provider = TestProvider::open().await;
    let client = discovered(&provider.client("grafana")).await;
    let refused = client
        .exchange_code(AuthorizationCode::new("spent".to_owned()))
        .unwrap()
        .request_async(&Http::new())
        .await
        .unwrap_err();
    let RequestTokenError::ServerResponse(refused) = refused else {
        panic!("the crate could not read the response: {refused}");
    };
    assert_eq!(refused.error(), &CoreErrorResponseType::InvalidGrant);
}

#[tokio::test]
async fn an_id_token_with_another_nonce_or_past_its_expiry_is_rejected() {
    let provider = TestProvider::open().await;
    let client = discovered(&provider.client("keycloak")).await;
    let request = authorization_request(&client);
    let answer = provider.signed_in(CHEN_TAO).await.get(&request.url).await;
    let tokens = client
        .exchange_code(AuthorizationCode::new(RelyingParty::code(&answer)))
        .unwrap()
        .set_pkce_verifier(request.verifier)
        .request_async(&Http::new())
        .await
        .unwrap();
    let now = provider.clock.now();
    let verifier = client.id_token_verifier().set_time_fn(|| now);
    let id_token = tokens.id_token().unwrap();
    assert!(id_token.claims(&verifier, &request.nonce).is_ok());
    assert!(id_token.claims(&verifier, &Nonce::new_random()).is_err());
    let late = now + chrono::TimeDelta::minutes(11);
    let verifier = client.id_token_verifier().set_time_fn(|| late);
    assert!(id_token.claims(&verifier, &request.nonce).is_err());
}

//! The `openidconnect` crate as a client that shares no line with the provider's own protocol code:
//! what it discovers, it can use, and what it verifies holds.

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

/// The application `party`, as the crate makes it of the discovery document.
async fn discovered(party: &RelyingParty) -> Client {
    let issuer = IssuerUrl::new(party.issuer.clone()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &Http::new())
        .await
        .unwrap();
    let secret = party.client_secret.clone().map(ClientSecret::new);
    CoreClient::from_provider_metadata(metadata, ClientId::new(party.client_id.clone()), secret)
        .set_redirect_uri(RedirectUrl::new(party.redirect_uri.clone()).unwrap())
}

struct Asked {
    url: Url,
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

fn asked(client: &Client) -> Asked {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let (url, state, nonce) = client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("profile".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    Asked {
        url,
        state,
        nonce,
        verifier,
    }
}

/// The claims of the ID token, once everything the crate can check was checked.
fn checked<'a>(
    client: &'a Client,
    tokens: &'a CoreTokenResponse,
    nonce: &Nonce,
    now: DateTime<Utc>,
) -> &'a CoreIdTokenClaims {
    let id_token = tokens.id_token().expect("an ID token");
    // The provider has a clock of its own.
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

/// Walks the whole road with the crate: discovery, login, exchange, verification, userinfo.
async fn walk(provider: &TestProvider, party: &RelyingParty, auth_type: AuthType) {
    let client = discovered(party).await.set_auth_type(auth_type);
    let asked = asked(&client);
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = browser.get(&asked.url).await;
    let state = answer.parameter("state");
    assert_eq!(state.as_deref(), Some(asked.state.secret().as_str()));
    let code = AuthorizationCode::new(RelyingParty::code(&answer));
    let tokens = client
        .exchange_code(code)
        .unwrap()
        .set_pkce_verifier(asked.verifier)
        .request_async(&Http::new())
        .await
        .unwrap();
    let claims = checked(&client, &tokens, &asked.nonce, provider.clock.now());
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
async fn it_logs_in_by_rs256() {
    let provider = TestProvider::open().await;
    walk(&provider, &provider.client("grafana"), AuthType::BasicAuth).await;
}

#[tokio::test]
async fn it_logs_in_by_es256_with_its_secret_in_the_body() {
    let provider = TestProvider::open().await;
    walk(
        &provider,
        &provider.client("keycloak"),
        AuthType::RequestBody,
    )
    .await;
}

#[tokio::test]
async fn it_logs_in_as_a_public_client_by_ed25519() {
    let provider = TestProvider::open().await;
    walk(&provider, &provider.client("spa"), AuthType::RequestBody).await;
}

#[tokio::test]
async fn it_logs_in_by_ps256_below_an_issuers_path() {
    let client = registration("ps", "id_token_signed_response_alg = 'PS256'");
    let provider = TestProvider::open_with_issuer_path("/sso/panda", &client, "").await;
    walk(&provider, &registered(&provider, "ps"), AuthType::BasicAuth).await;
}

#[tokio::test]
async fn it_understands_a_refusal() {
    let provider = TestProvider::open().await;
    let client = discovered(&provider.client("grafana")).await;
    let refused = client
        .exchange_code(AuthorizationCode::new("spent".to_owned()))
        .unwrap()
        .request_async(&Http::new())
        .await
        .unwrap_err();
    let RequestTokenError::ServerResponse(refused) = refused else {
        panic!("no answer it could read: {refused}");
    };
    assert_eq!(refused.error(), &CoreErrorResponseType::InvalidGrant);
}

#[tokio::test]
async fn it_refuses_the_id_token_of_another_login() {
    let provider = TestProvider::open().await;
    let client = discovered(&provider.client("keycloak")).await;
    let asked = asked(&client);
    let answer = provider.signed_in(CHEN_TAO).await.get(&asked.url).await;
    let tokens = client
        .exchange_code(AuthorizationCode::new(RelyingParty::code(&answer)))
        .unwrap()
        .set_pkce_verifier(asked.verifier)
        .request_async(&Http::new())
        .await
        .unwrap();
    let now = provider.clock.now();
    let verifier = client.id_token_verifier().set_time_fn(|| now);
    let id_token = tokens.id_token().unwrap();
    assert!(id_token.claims(&verifier, &asked.nonce).is_ok());
    assert!(id_token.claims(&verifier, &Nonce::new_random()).is_err());
    let late = now + chrono::TimeDelta::minutes(11);
    let verifier = client.id_token_verifier().set_time_fn(|| late);
    assert!(id_token.claims(&verifier, &asked.nonce).is_err());
}

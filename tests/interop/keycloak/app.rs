//! An application that uses Keycloak and does not know the provider behind it.

use std::future::IntoFuture as _;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use tokio::net::TcpListener;
use url::Url;

use super::admin::ALIAS;
use crate::support::browser::{Answer, Browser};

const CLIENT_ID: &str = "dispatch";
const CLIENT_SECRET: &str = "dispatch-secret-0123456789";

/// A running application. It stops with the runtime of the test.
pub struct App {
    /// Its address.
    pub url: String,
    realm: String,
}

impl App {
    /// Starts the application as a client of the realm at `realm`. `/login` begins a login at Keycloak;
    /// every other path responds with 200.
    pub async fn start(realm: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Self { url, realm };
        let login = app.authorize_url(&[("kc_idp_hint", ALIAS)]);
        let router = Router::new()
            .route(
                "/login",
                get(move || async move { Redirect::to(login.as_str()) }),
            )
            .fallback(|| async { "the application" });
        tokio::spawn(axum::serve(listener, router).into_future());
        app
    }

    /// Its `client_id`, `client_secret` and `redirect_uri` at Keycloak.
    pub fn registration(&self) -> (&str, &str, String) {
        (CLIENT_ID, CLIENT_SECRET, self.redirect_uri())
    }

    /// The URL that begins a login.
    pub fn login_url(&self) -> String {
        format!("{}/login", self.url)
    }

    /// An authorization request to Keycloak, with `more` parameters.
    pub fn authorize_url(&self, more: &[(&str, &str)]) -> Url {
        let redirect_uri = self.redirect_uri();
        let parameters = [
            ("client_id", CLIENT_ID),
            ("redirect_uri", &redirect_uri),
            ("response_type", "code"),
            ("scope", "openid profile"),
            ("state", "the-state"),
            ("nonce", "the-nonce"),
        ];
        Url::parse_with_params(&self.at("auth"), parameters.iter().chain(more)).unwrap()
    }

    /// The logout URL at Keycloak, with a redirect back to the application.
    pub fn logout_url(&self, tokens: &serde_json::Value) -> Url {
        let redirect_uri = self.redirect_uri();
        let parameters = [
            ("id_token_hint", tokens["id_token"].as_str().unwrap()),
            ("post_logout_redirect_uri", &redirect_uri),
            ("state", "bye"),
        ];
        Url::parse_with_params(&self.at("logout"), parameters).unwrap()
    }

    /// Logs out at Keycloak without a browser.
    pub async fn logout(&self, tokens: &serde_json::Value) -> Answer {
        let form = [
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ];
        Browser::new().post(self.at("logout"), &form).await
    }

    /// The value of `parameter` in the authorization or logout response of Keycloak. The browser must
    /// have ended at the `redirect_uri`.
    #[track_caller]
    pub fn returned(&self, responses: &[Answer], parameter: &str) -> Option<String> {
        let page = responses.last().unwrap();
        assert!(
            page.url.as_str().starts_with(&self.redirect_uri()),
            "stopped at {}: {} {}",
            page.url,
            page.status,
            page.body
        );
        let mut pairs = page.url.query_pairs();
        pairs
            .find(|(name, _)| name == parameter)
            .map(|(_, value)| value.into_owned())
    }

    /// Redeems the code at the end of `responses` for tokens.
    pub async fn tokens(&self, responses: &[Answer]) -> serde_json::Value {
        let code = self.returned(responses, "code").expect("a code");
        let redirect_uri = self.redirect_uri();
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &redirect_uri),
        ];
        let response = self.token(&grant).await;
        assert_eq!(response.status, 200, "{}", response.body);
        response.json()
    }

    /// Refreshes the tokens at Keycloak.
    pub async fn refresh(&self, tokens: &serde_json::Value) -> Answer {
        let refresh_token = tokens["refresh_token"].as_str().unwrap();
        self.token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ])
        .await
    }

    async fn token(&self, grant: &[(&str, &str)]) -> Answer {
        let mut form = grant.to_vec();
        form.extend([("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)]);
        Browser::new().post(self.at("token"), &form).await
    }

    fn redirect_uri(&self) -> String {
        format!("{}/callback", self.url)
    }

    fn at(&self, endpoint: &str) -> String {
        format!("{}/protocol/openid-connect/{endpoint}", self.realm)
    }
}

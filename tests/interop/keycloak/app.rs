//! An application that knows Keycloak and nothing behind it.

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

/// A running application; it is gone with the test's runtime.
pub struct App {
    /// Its address.
    pub url: String,
    realm: String,
}

impl App {
    /// Starts it, a client of the realm at `realm`. `/login` begins a login with Keycloak,
    /// and every other page is there.
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

    /// Where it begins a login.
    pub fn login_url(&self) -> String {
        format!("{}/login", self.url)
    }

    /// An authorization request to Keycloak.
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

    /// Sends a browser to Keycloak to be logged out, and to come back.
    pub fn logout_url(&self, tokens: &serde_json::Value) -> Url {
        let back = self.redirect_uri();
        let parameters = [
            ("id_token_hint", tokens["id_token"].as_str().unwrap()),
            ("post_logout_redirect_uri", &back),
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

    /// What Keycloak sent with the browser that has come back to the application.
    #[track_caller]
    pub fn returned(&self, road: &[Answer], parameter: &str) -> Option<String> {
        let page = road.last().unwrap();
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

    /// Takes the tokens for the code that `road` has brought.
    pub async fn tokens(&self, road: &[Answer]) -> serde_json::Value {
        let code = self.returned(road, "code").expect("a code");
        let redirect_uri = self.redirect_uri();
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &redirect_uri),
        ];
        let answer = self.token(&grant).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// Asks Keycloak for new tokens.
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

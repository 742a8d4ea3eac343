//! A client application whose requests are written by hand, so that a test can make malformed ones.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use url::Url;

use super::browser::{Answer, Browser};

/// An application registered at a provider.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    /// The provider.
    pub issuer: String,
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`; `None` for a public client.
    pub client_secret: Option<String>,
    /// `redirect_uri`.
    pub redirect_uri: String,
}

/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// The S256 challenge of a verifier.
pub fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// The claims of a token, unverified.
#[track_caller]
pub fn claims(token: &str) -> serde_json::Value {
    part(token, 1)
}

/// The header of a token, unverified.
#[track_caller]
pub fn header(token: &str) -> serde_json::Value {
    part(token, 0)
}

#[track_caller]
fn part(token: &str, index: usize) -> serde_json::Value {
    let part = token.split('.').nth(index).expect("a JWT");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Replaces parameters. An empty new value removes the parameter.
fn change<'a>(parameters: &mut Vec<(&'a str, &'a str)>, changes: &[(&'a str, &'a str)]) {
    for (name, value) in changes {
        parameters.retain(|(existing, _)| existing != name);
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
}

impl RelyingParty {
    /// The URL of an endpoint of the provider.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// An authorization request with PKCE, `state` and `nonce`. `changes` replace parameters; an
    /// empty value removes one.
    pub fn authorize_url(&self, changes: &[(&str, &str)]) -> Url {
        let challenge = challenge(VERIFIER);
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", "openid profile phone"),
            ("state", "the-state"),
            ("nonce", "the-nonce"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        change(&mut parameters, changes);
        Url::parse_with_params(&self.at("/authorize"), parameters).unwrap()
    }

    /// The code of an authorization response. Panics if there is none.
    #[track_caller]
    pub fn code(answer: &Answer) -> String {
        answer
            .parameter("code")
            .unwrap_or_else(|| panic!("no code: {}", answer.location()))
    }

    /// Sends an authorization request in `browser`, which must have a session, and returns the code.
    pub async fn login(&self, browser: &mut Browser) -> String {
        Self::code(&browser.get(self.authorize_url(&[])).await)
    }

    /// Redeems a code with a correct request.
    pub async fn redeem(&self, code: &str) -> Answer {
        self.redeem_with(code, &[]).await
    }

    /// Redeems a code; `changes` as in [`RelyingParty::authorize_url`].
    pub async fn redeem_with(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        self.post("/token", &form, changes).await
    }

    /// Uses a refresh token; `changes` as in [`RelyingParty::authorize_url`].
    pub async fn refresh_with(&self, refresh_token: &str, changes: &[(&str, &str)]) -> Answer {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        self.post("/token", &form, changes).await
    }

    /// Uses a refresh token with a correct request.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.refresh_with(refresh_token, &[]).await
    }

    /// Posts a form to the token endpoint.
    pub async fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.post("/token", form, &[]).await
    }

    /// Posts `token` to a client endpoint such as `/introspect`.
    pub async fn post_token(&self, path: &str, token: &str) -> Answer {
        self.post(path, &[("token", token)], &[]).await
    }

    /// Posts `form` with the client's credentials, after applying `changes`.
    async fn post(&self, path: &str, form: &[(&str, &str)], changes: &[(&str, &str)]) -> Answer {
        let mut form = form.to_vec();
        form.push(("client_id", &self.client_id));
        if let Some(secret) = &self.client_secret {
            form.push(("client_secret", secret));
        }
        change(&mut form, changes);
        Browser::new().post(self.at(path), &form).await
    }

    /// Calls the userinfo endpoint with an access token.
    pub async fn userinfo(&self, access_token: &str) -> Answer {
        let url = self.at("/userinfo");
        Browser::new()
            .send(reqwest::Method::GET, url, |request| {
                request.bearer_auth(access_token)
            })
            .await
    }
}

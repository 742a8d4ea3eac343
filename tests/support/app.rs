//! A client application as the protocol sees it, spelled out by hand so that a test can misspell it.

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

/// Replaces parameters, and takes those out whose new value is empty.
fn change<'a>(parameters: &mut Vec<(&'a str, &'a str)>, changes: &[(&'a str, &'a str)]) {
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
}

impl RelyingParty {
    /// An endpoint of the provider.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// An authorization request with PKCE, `state` and `nonce`; `changes` replace parameters, and
    /// an empty value takes one out.
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

    /// Asks in a browser that is signed in, and gives the code.
    #[track_caller]
    pub fn code(answer: &Answer) -> String {
        answer
            .parameter("code")
            .unwrap_or_else(|| panic!("no code: {}", answer.location()))
    }

    /// A code for the person signed in in `browser`.
    pub async fn login(&self, browser: &mut Browser) -> String {
        Self::code(&browser.get(self.authorize_url(&[])).await)
    }

    /// Redeems a code as it should be.
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

    /// Uses a refresh token as it should be.
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

    /// Posts `form` and the client's own credentials, changed by `changes`.
    async fn post(&self, path: &str, form: &[(&str, &str)], changes: &[(&str, &str)]) -> Answer {
        let mut form = form.to_vec();
        form.push(("client_id", &self.client_id));
        if let Some(secret) = &self.client_secret {
            form.push(("client_secret", secret));
        }
        change(&mut form, changes);
        Browser::new().post(self.at(path), &form).await
    }

    /// Asks who an access token is about.
    pub async fn userinfo(&self, access_token: &str) -> Answer {
        let url = self.at("/userinfo");
        Browser::new()
            .send(reqwest::Method::GET, url, |request| {
                request.bearer_auth(access_token)
            })
            .await
    }
}

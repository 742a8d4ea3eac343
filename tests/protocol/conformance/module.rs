//! One run of a test module: the binary, configured as the plans require, and the steps that modules
//! share.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use panda_oidc_panda::simulator::{
    MenuEntry, Person, Simulator, SimulatorHandle, SimulatorSettings,
};
use panda_oidc_sdk::{Clock as _, SystemClock};
use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::agent::{Agent, Callback, Destination, ISSUER, SUITE};
use super::tokens::{self, Tokens};
use crate::support::browser::Answer;
use crate::support::program::{BINARY, Program};

/// The response mode of a plan: `ResponseMode` of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `default`.
    Default,
    /// `form_post`.
    FormPost,
}

/// A static client.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    pub id: &'static str,
    pub secret: &'static str,
}

/// `client` of the plan's configuration. Its secret contains characters that form encoding changes.
pub const CLIENT: Client = Client {
    id: "suite",
    secret: "suite+secret/0123456789%ab=",
};

/// `client2`.
pub const CLIENT2: Client = Client {
    id: "suite2",
    secret: "another-secret-0123456789",
};

/// A running module.
pub struct Module {
    /// The browser.
    pub agent: Agent,
    /// The client that the module acts as.
    pub client: Client,
    mode: Mode,
    _op: Program,
    portal: SimulatorHandle,
}

/// An authorization request.
pub type Request = Vec<(String, String)>;

impl Module {
    /// Configures and starts the provider.
    pub async fn start(mode: Mode) -> Self {
        Self::start_with(mode, "").await
    }

    /// As [`Module::start`]; `lines` are added to the registration of `client`.
    pub async fn start_with(mode: Mode, lines: &str) -> Self {
        let launch = Url::parse(&format!("{ISSUER}/launch")).unwrap();
        let settings = SimulatorSettings {
            people: vec![Person::new(1, "陈涛", "13800138000")],
            menu: vec![MenuEntry::new("应用", "App", launch)],
            ..SimulatorSettings::default()
        };
        let portal = Simulator::start(settings).await.unwrap();
        let clients = [(CLIENT, lines), (CLIENT2, "")].map(|(Client { id, secret }, lines)| {
            format!(
                "[[clients]]\nclient_id = '{id}'\nclient_secret = '{secret}'\n\
                 redirect_uris = ['{SUITE}callback']\n\
                 post_logout_redirect_uris = ['{SUITE}post_logout_redirect']\n{lines}\n"
            )
        });
        let portal_url = portal.url().as_str().trim_end_matches('/');
        let mut op = Program::prepare(portal_url, "portal_redirect = true", &clients.concat());
        op.spawn_by(
            Command::new(BINARY)
                .env("PANDA_OIDC__ISSUER", ISSUER)
                .env("PANDA_OIDC__SERVER__TRUSTED_PROXIES", "[\"127.0.0.0/8\"]"),
        );
        op.until_ready().await;
        Self {
            agent: Agent::new(&op.issuer, portal.url()),
            client: CLIENT,
            mode,
            _op: op,
            portal,
        }
    }

    /// The portal's address.
    pub fn portal(&self) -> &Url {
        self.portal.url()
    }

    /// An authorization request for `scope=openid`. `changes` replace parameters; an empty value
    /// removes one.
    pub fn request(&self, changes: &[(&str, &str)]) -> Request {
        let callback = format!("{SUITE}callback");
        let (state, nonce) = (random(10), random(10));
        let mut request = vec![
            ("client_id", self.client.id),
            ("redirect_uri", &callback),
            ("scope", "openid"),
            ("state", &state),
            ("nonce", &nonce),
            ("response_type", "code"),
        ];
        if self.mode == Mode::FormPost {
            request.push(("response_mode", "form_post"));
        }
        for (name, value) in changes {
            request.retain(|(existing, _)| existing != name);
            if !value.is_empty() {
                request.push((name, value));
            }
        }
        let owned = request.into_iter();
        owned
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Sends the browser to the authorization endpoint.
    pub async fn authorize(&mut self, request: &Request) -> Destination {
        let url = Url::parse_with_params(&format!("{ISSUER}/authorize"), request).unwrap();
        self.agent.navigate(url.as_str()).await
    }

    /// Sends an authorization request, and returns the checked parameters of its response.
    pub async fn response_to(&mut self, request: &Request) -> BTreeMap<String, String> {
        match self.authorize(request).await {
            Destination::Suite(callback) => self.check_response(request, callback),
            Destination::Page(page) => panic!("it ends at a page: {}", page.body),
        }
    }

    /// Checks what every authorization response needs: the response mode, `state`, `iss`, and no
    /// parameter that the suite does not know. Returns the parameters.
    pub fn check_response(
        &self,
        request: &Request,
        callback: Callback,
    ) -> BTreeMap<String, String> {
        assert_eq!(callback.path, format!("{SUITE}callback"));
        let response = match self.mode {
            Mode::Default => {
                assert_eq!(callback.form, None, "CheckCallbackHttpMethod");
                callback.query
            }
            Mode::FormPost => {
                assert!(callback.query.is_empty(), "RejectAuthCodeInUrlQuery");
                callback.form.expect("CheckCallbackHttpMethodIsPost")
            }
        };
        assert_eq!(response["iss"], ISSUER, "ValidateIssIfPresent…");
        assert_eq!(
            response.get("state"),
            parameter(request, "state"),
            "CheckState…"
        );
        for name in response.keys() {
            let allowed = ["code", "state", "iss", "error", "error_description"];
            assert!(allowed.contains(&name.as_str()), "unexpected: {name}");
        }
        response
    }

    /// A complete login: authorization request and response, token response, ID token, userinfo.
    pub async fn login(&mut self, changes: &[(&str, &str)]) -> Tokens {
        let request = self.request(changes);
        let response = self.response_to(&request).await;
        let answer = self.redeem(&response["code"], &[]).await;
        self.check_tokens(&request, &answer).await
    }

    /// The tokens of a token response, after the checks that every module makes.
    pub async fn check_tokens(&mut self, request: &Request, answer: &Answer) -> Tokens {
        let nonce = parameter(request, "nonce").map(String::as_str);
        let scope = parameter(request, "scope").unwrap();
        let jwks = self.fetch("/jwks").await;
        let mut tokens = tokens::check(answer, &jwks, self.client.id, nonce, scope);
        let userinfo = self.userinfo(&tokens.access_token).await;
        assert_eq!(userinfo.status, 200, "EnsureHttpStatusCodeIs200");
        tokens.userinfo = userinfo.json();
        tokens::check_userinfo(&tokens);
        tokens
    }

    /// Redeems a code with `client_secret_basic`; `more` is added to the form.
    pub async fn redeem(&mut self, code: &str, more: &[(&str, &str)]) -> Answer {
        let callback = format!("{SUITE}callback");
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &callback),
        ];
        form.extend(more);
        self.token(&form).await
    }

    /// Calls the token endpoint with `client_secret_basic`, both parts form-encoded.
    pub async fn token(&mut self, form: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let (id, secret): (String, String) = (encode(self.client.id), encode(self.client.secret));
        let url = format!("{ISSUER}/token");
        let response = self.agent.send(Method::POST, &url, |request| {
            request.basic_auth(id, Some(secret)).form(form)
        });
        response.await
    }

    /// Calls userinfo.
    pub async fn userinfo(&mut self, access_token: &str) -> Answer {
        let url = format!("{ISSUER}/userinfo");
        let response = self.agent.send(Method::GET, &url, |request| {
            request.bearer_auth(access_token)
        });
        response.await
    }

    /// Sends an authorization request that must fail, and returns the error code:
    /// `performGenericAuthorizationEndpointErrorResponseValidation`.
    pub async fn expect_error(&mut self, request: &Request) -> String {
        let response = self.response_to(request).await;
        assert_eq!(response.get("code"), None, "RejectAuthCode…");
        let description = &response["error_description"];
        // RFC 6749 §4.1.2.1
        let allowed = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(allowed), "{description}");
        response["error"].clone()
    }

    /// Fetches a JSON document of the provider.
    pub async fn fetch(&mut self, path: &str) -> Value {
        let url = format!("{ISSUER}{path}");
        let answer = self.agent.send(Method::GET, &url, |request| request).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("content-type"), "application/json");
        answer.json()
    }
}

/// The value of a parameter of an authorization request.
pub fn parameter<'a>(request: &'a Request, name: &str) -> Option<&'a String> {
    let mut named = request.iter().filter(|(key, _)| key == name);
    named.next().map(|(_, value)| value)
}

/// Random letters and digits.
pub fn random(length: usize) -> String {
    let letter = || char::from_digit(rand::random::<u32>() % 36, 36).unwrap();
    (0..length).map(|_| letter()).collect()
}

/// The current Unix time, from the clock that the binary uses.
pub fn now() -> i64 {
    SystemClock.now().timestamp()
}

/// Waits until that Unix time.
pub async fn wait_until(second: i64) {
    while now() < second {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

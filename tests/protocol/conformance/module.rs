//! One run of one test module: the binary as the plans say it is set up, and what every module does.

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

use super::agent::{Agent, Arrival, Callback, ISSUER, SUITE};
use super::tokens::{self, Tokens};
use crate::support::browser::Answer;
use crate::support::program::{BINARY, Program};

/// How the plan wants its responses: `ResponseMode` of the suite.
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

/// `client` of the plan's configuration. Its secret reads differently encoded.
pub const CLIENT: Client = Client {
    id: "suite",
    secret: "suite+secret/0123456789%ab=",
};

/// `client2`.
pub const CLIENT2: Client = Client {
    id: "suite2",
    secret: "another-secret-0123456789",
};

/// A module under way.
pub struct Module {
    /// The browser.
    pub agent: Agent,
    /// Who is the relying party.
    pub client: Client,
    mode: Mode,
    _op: Program,
    portal: SimulatorHandle,
}

/// An authorization request.
pub type Request = Vec<(String, String)>;

impl Module {
    /// Configures the provider and starts the module.
    pub async fn start(mode: Mode) -> Self {
        Self::start_with(mode, "").await
    }

    /// As [`Module::start`]; `lines` are more of `client`'s registration.
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

    /// An authorization request for `scope=openid`; `changes` replace parameters, and an empty value
    /// takes one out.
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
            request.retain(|(known, _)| known != name);
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
    pub async fn authorize(&mut self, request: &Request) -> Arrival {
        let url = Url::parse_with_params(&format!("{ISSUER}/authorize"), request).unwrap();
        self.agent.go(url.as_str()).await
    }

    /// Asks, and the browser comes back: the parameters of the response, as every response has them.
    pub async fn comes_back(&mut self, request: &Request) -> BTreeMap<String, String> {
        match self.authorize(request).await {
            Arrival::Suite(callback) => self.response(request, callback),
            Arrival::Page(page) => panic!("it ends at a page: {}", page.body),
        }
    }

    /// What every authorization response must be: in its place, with `state` and `iss`, and with nothing
    /// that the suite does not know.
    pub fn response(&self, request: &Request, callback: Callback) -> BTreeMap<String, String> {
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
            value(request, "state"),
            "CheckState…"
        );
        for name in response.keys() {
            let known = ["code", "state", "iss", "error", "error_description"];
            assert!(known.contains(&name.as_str()), "unexpected: {name}");
        }
        response
    }

    /// The whole of a login: request, response, token endpoint, ID token, userinfo.
    pub async fn login(&mut self, changes: &[(&str, &str)]) -> Tokens {
        let request = self.request(changes);
        let response = self.comes_back(&request).await;
        let answer = self.redeem(&response["code"], &[]).await;
        self.issued(&request, &answer).await
    }

    /// The tokens of an answer of the token endpoint, with what every module checks of them.
    pub async fn issued(&mut self, request: &Request, answer: &Answer) -> Tokens {
        let nonce = value(request, "nonce").map(String::as_str);
        let scope = value(request, "scope").unwrap();
        let jwks = self.fetch("/jwks").await;
        let mut tokens = tokens::check(answer, &jwks, self.client.id, nonce, scope);
        let userinfo = self.userinfo(&tokens.access_token).await;
        assert_eq!(userinfo.status, 200, "EnsureHttpStatusCodeIs200");
        tokens.userinfo = userinfo.json();
        tokens::check_userinfo(&tokens);
        tokens
    }

    /// Redeems a code with `client_secret_basic`; `more` goes into the form.
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
        let asked = self.agent.ask(Method::POST, &url, |request| {
            request.basic_auth(id, Some(secret)).form(form)
        });
        asked.await
    }

    /// Calls userinfo.
    pub async fn userinfo(&mut self, access_token: &str) -> Answer {
        let url = format!("{ISSUER}/userinfo");
        let asked = self.agent.ask(Method::GET, &url, |request| {
            request.bearer_auth(access_token)
        });
        asked.await
    }

    /// Asks, and the answer is this error: `performGenericAuthorizationEndpointErrorResponseValidation`.
    pub async fn refused(&mut self, request: &Request) -> String {
        let response = self.comes_back(request).await;
        assert_eq!(response.get("code"), None, "RejectAuthCode…");
        let description = &response["error_description"];
        // RFC 6749 §4.1.2.1
        let allowed = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(allowed), "{description}");
        response["error"].clone()
    }

    /// Reads a JSON document of the provider's.
    pub async fn fetch(&mut self, path: &str) -> Value {
        let url = format!("{ISSUER}{path}");
        let answer = self.agent.ask(Method::GET, &url, |request| request).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("content-type"), "application/json");
        answer.json()
    }
}

/// A parameter of a request.
pub fn value<'a>(request: &'a Request, name: &str) -> Option<&'a String> {
    let mut named = request.iter().filter(|(key, _)| key == name);
    named.next().map(|(_, value)| value)
}

/// Letters and digits that nobody has seen before.
pub fn random(length: usize) -> String {
    let letter = || char::from_digit(rand::random::<u32>() % 36, 36).unwrap();
    (0..length).map(|_| letter()).collect()
}

/// The second it is, by the clock the binary reads.
pub fn now() -> i64 {
    SystemClock.now().timestamp()
}

/// Waits until it is that second.
pub async fn until(second: i64) {
    while now() < second {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

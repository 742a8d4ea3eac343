//! A request to an endpoint, and the response it gets while the store works and while it fails.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::page::honest;
use crate::support::app::RelyingParty;
use crate::support::browser::{Answer, Browser};
use crate::support::program::REDIRECT_URI;

/// The longest time a response may take while the store fails.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(3);

/// What a request needs from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    Read,
    Write,
}

/// The response to a request that cannot get what it needs.
#[derive(Debug, Clone, Copy)]
pub enum Failure {
    /// An error page.
    Page,
    /// `temporarily_unavailable` in the query of the redirect URI (RFC 6749 §4.1.2.1).
    Query,
    /// The same in its fragment.
    Fragment,
    /// The same in a form that is posted to it.
    FormPost,
    /// 503 `temporarily_unavailable` as JSON.
    OAuth,
    /// 500 as a SCIM error, which RFC 7644 §3.12 lists and 503 not.
    Scim,
    /// 503 in plain text.
    Text,
    /// 200 without the values that come from the store.
    Less,
}

/// A request to an endpoint.
pub struct Request {
    /// The handler of the route as the router names it, then, after a comma, what is special.
    pub name: &'static str,
    needs: Needs,
    failure: Failure,
    /// The status when the store works.
    success: u16,
    browser: Browser,
    method: Method,
    url: String,
    form: Vec<(String, String)>,
    bearer: Option<String>,
    /// The body of a SCIM search; the form is not sent then.
    is_search: bool,
}

impl Request {
    pub fn get(name: &'static str, url: impl Into<String>) -> Self {
        Self {
            name,
            needs: Needs::Nothing,
            failure: Failure::Page,
            success: 200,
            browser: Browser::new(),
            method: Method::GET,
            url: url.into(),
            form: vec![],
            bearer: None,
            is_search: false,
        }
    }

    pub fn post(
        name: &'static str,
        url: impl Into<String>,
        form: &[(impl ToString, impl ToString)],
    ) -> Self {
        let pairs = form.iter();
        Self {
            method: Method::POST,
            form: pairs
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .collect(),
            ..Self::get(name, url)
        }
    }

    /// A request with the credentials of `client`.
    pub fn of_client(
        name: &'static str,
        client: &RelyingParty,
        path: &str,
        form: &[(&str, &str)],
    ) -> Self {
        let secret = client.client_secret.as_deref().unwrap();
        let credentials = [("client_id", &*client.client_id), ("client_secret", secret)];
        Self::post(name, client.at(path), &[form, &credentials].concat())
            .needs(Needs::Write, Failure::OAuth)
    }

    pub fn needs(self, needs: Needs, failure: Failure) -> Self {
        Self {
            needs,
            failure,
            ..self
        }
    }

    /// The request as a SCIM search (RFC 7644 §3.4.3).
    pub fn search(self) -> Self {
        Self {
            method: Method::POST,
            is_search: true,
            ..self
        }
    }

    pub fn succeeds(self, success: u16) -> Self {
        Self { success, ..self }
    }

    pub fn from(self, browser: &Browser) -> Self {
        Self {
            browser: browser.clone(),
            ..self
        }
    }

    pub fn bearer(self, token: &str) -> Self {
        Self {
            bearer: Some(token.to_owned()),
            ..self
        }
    }

    /// Sends it with a copy of the browser, so that it can be sent again.
    pub async fn send(&self) -> Answer {
        let mut browser = self.browser.clone();
        let request = browser.send(self.method.clone(), &self.url, |request| {
            let request = match self.method {
                Method::POST if self.is_search => request.json(&json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]
                })),
                Method::POST => request.form(&self.form),
                _ => request,
            };
            match &self.bearer {
                Some(token) => request.bearer_auth(token),
                None => request,
            }
        });
        request.await
    }

    /// Whether it fails while the store fails at what `fails` says.
    pub fn must_fail(&self, fails: Needs) -> bool {
        self.needs == Needs::Write || self.needs == Needs::Read && fails == Needs::Read
    }

    /// Sends it while the store fails at what `fails` says, and checks the response.
    pub async fn send_while_failing(&self, fails: Needs) {
        let answer = tokio::time::timeout(MAX_ANSWER_TIME, self.send()).await;
        let answer = answer.unwrap_or_else(|_| panic!("{}: no response in time", self.name));
        if self.must_fail(fails) {
            self.failure.check(self.name, &answer);
        } else {
            assert_eq!(
                answer.status, self.success,
                "{}: {}",
                self.name, answer.body
            );
        }
    }

    /// Sends it and checks that it succeeds.
    pub async fn send_while_working(&self) {
        let answer = self.send().await;
        assert_eq!(
            answer.status, self.success,
            "{}: {}",
            self.name, answer.body
        );
        if self.name.starts_with("authorize::get") && self.success == 303 {
            let url = answer.location();
            assert!(url.as_str().contains("code="), "{}: {url}", self.name);
        }
        if matches!(self.failure, Failure::Less) {
            let metric = "panda_oidc_directory_read_timestamp_seconds ";
            assert!(answer.body.contains(metric), "{}", answer.body);
        }
    }
}

impl Failure {
    #[track_caller]
    /// Checks a failure response.
    pub fn check(self, name: &str, answer: &Answer) {
        let redirect = |separator: char| {
            assert_eq!(answer.status, 303, "{name}: {}", answer.body);
            let location = answer.header("location").to_owned();
            let (target, parameters) = location.split_once(separator).expect(&location);
            assert_eq!(target, REDIRECT_URI, "{name}");
            let parameters: Vec<_> = url::form_urlencoded::parse(parameters.as_bytes())
                .filter(|(key, _)| ["error", "state", "iss", "code"].contains(&&**key))
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            parameters.join(" ")
        };
        let issuer = answer.url.origin().ascii_serialization();
        let expected = format!("error=temporarily_unavailable state=the-state iss={issuer}");
        match self {
            Self::Page => {
                honest(answer, 503, false, "ticket=");
                assert!(
                    answer.body.contains("登录服务出了问题"),
                    "{name}: {}",
                    answer.body
                );
            }
            Self::Query => assert_eq!(redirect('?'), expected, "{name}"),
            Self::Fragment => assert_eq!(redirect('#'), expected, "{name}"),
            Self::FormPost => {
                assert_eq!(answer.status, 200, "{name}: {}", answer.body);
                assert!(
                    answer.body.contains(&format!("action=\"{REDIRECT_URI}\"")),
                    "{name}"
                );
                let fields = ["error", "state", "iss"].map(|key| answer.field(key));
                assert_eq!(
                    fields,
                    ["temporarily_unavailable", "the-state", &issuer],
                    "{name}"
                );
            }
            Self::OAuth => {
                assert_eq!(answer.status, 503, "{name}: {}", answer.body);
                assert_eq!(answer.header("content-type"), "application/json", "{name}");
                assert_eq!(answer.header("cache-control"), "no-store", "{name}");
                assert_eq!(answer.json()["error"], "temporarily_unavailable", "{name}");
            }
            Self::Scim => {
                assert_eq!(answer.status, 500, "{name}: {}", answer.body);
                assert_eq!(
                    answer.header("content-type"),
                    "application/scim+json",
                    "{name}"
                );
                assert_eq!(answer.json()["status"], "500", "{name}");
            }
            Self::Text => {
                assert_eq!(answer.status, 503, "{name}: {}", answer.body);
                assert!(
                    answer.header("content-type").starts_with("text/plain"),
                    "{name}"
                );
            }
            Self::Less => {
                assert_eq!(answer.status, 200, "{name}: {}", answer.body);
                assert!(
                    !answer.body.contains("panda_oidc_directory"),
                    "{name}: {}",
                    answer.body
                );
            }
        }
    }
}

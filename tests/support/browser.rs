//! A minimal browser: it keeps cookies, and follows redirects only in [`Browser::follow`], and those to
//! the page that explains why a URL with a ticket failed.

use std::collections::BTreeMap;

use cookie::Cookie;
use reqwest::header::{COOKIE, HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use reqwest::{Method, Request, RequestBuilder, StatusCode};
use url::Url;

/// One browser with one cookie jar. All hosts of the tests are loopback, and cookies ignore ports.
#[derive(Clone)]
pub struct Browser {
    http: reqwest::Client,
    /// The cookies, by name.
    pub cookies: BTreeMap<String, String>,
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
    /// The URL of the request.
    pub url: Url,
}

impl Answer {
    /// The target of a redirect.
    #[track_caller]
    pub fn location(&self) -> Url {
        let location = self.headers.get(LOCATION);
        let Some(location) = location.and_then(|value| value.to_str().ok()) else {
            panic!("no redirect: {} {}", self.status, self.body);
        };
        self.url.join(location).unwrap()
    }

    /// The page that explains why a URL with a ticket failed, if this is a redirect to it: the page about
    /// failed launches, or the same URL without the ticket.
    fn page_without_ticket(&self) -> Option<Url> {
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        let target = self.url.join(location).ok()?;
        let is_problem = target.path().ends_with("/problem");
        let is_same = target.path() == self.url.path() && !target.path().ends_with("/launch");
        let has_ticket = |url: &Url| url.query().is_some_and(|query| query.contains("ticket="));
        let is_cleaned = is_same && has_ticket(&self.url) && !has_ticket(&target);
        if self.status != StatusCode::SEE_OTHER || !is_problem && !is_cleaned {
            return None;
        }
        // The issuer may have another address than the provider under test.
        let mut page = self.url.clone();
        page.set_path(target.path());
        page.set_query(target.query());
        Some(page)
    }

    /// A query parameter of the target of a redirect.
    #[track_caller]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let location = self.location();
        let mut pairs = location.query_pairs();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A header as text. It is empty if the header is missing.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// Every `Set-Cookie` value.
    pub fn set_cookies(&self) -> Vec<&str> {
        let values = self.headers.get_all(SET_COOKIE).into_iter();
        values.filter_map(|value| value.to_str().ok()).collect()
    }

    /// The value of the hidden field `name` of a form on the page.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let from = self.body.find(&start).expect("the field") + start.len();
        self.body[from..].split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    /// A browser without cookies.
    pub fn new() -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // Loopback needs no certificates, and loading the system's is slow for each browser.
            .tls_certs_only([])
            .build()
            .unwrap();
        Self {
            http,
            cookies: BTreeMap::new(),
        }
    }

    /// Opens an address.
    pub async fn get(&mut self, url: impl AsRef<str>) -> Answer {
        self.send(Method::GET, url, |request| request).await
    }

    /// Opens an address from a page at `referer`.
    pub async fn get_from(&mut self, url: impl AsRef<str>, referer: &str) -> Answer {
        self.send(Method::GET, url, |request| {
            request.header("referer", referer)
        })
        .await
    }

    /// Opens an address and follows all redirects. Returns every response, the final page last.
    pub async fn follow(&mut self, url: impl AsRef<str>) -> Vec<Answer> {
        let mut responses = vec![self.get(url).await];
        while let Some(answer) = responses
            .last()
            .filter(|answer| answer.status.is_redirection())
        {
            assert!(responses.len() < 20, "it goes round: {}", answer.url);
            let next = answer.location();
            responses.push(self.get(next).await);
        }
        responses
    }

    /// Posts a form.
    pub async fn post(&mut self, url: impl AsRef<str>, form: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, url, |request| request.form(form))
            .await
    }

    /// Sends any request with this browser's cookies, and stores the cookies of the response.
    pub async fn send(
        &mut self,
        method: Method,
        url: impl AsRef<str>,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        self.try_send(method, url, build).await.unwrap()
    }

    /// As [`Browser::send`], to a server that may stop before it has responded.
    pub async fn try_send(
        &mut self,
        method: Method,
        url: impl AsRef<str>,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> reqwest::Result<Answer> {
        let request = build(self.http.request(method, url.as_ref())).build()?;
        let headers = request.headers().clone();
        let first = self.exchange(request).await?;
        let Some(page) = first.page_without_ticket() else {
            return Ok(first);
        };
        // The response that people see: the page, with the cookies of both responses.
        let mut request = self.http.get(page).build()?;
        request.headers_mut().extend(headers);
        let mut page = self.exchange(request).await?;
        for cookie in first.headers.get_all(SET_COOKIE) {
            page.headers.append(SET_COOKIE, cookie.clone());
        }
        Ok(page)
    }

    /// As [`Browser::send`], without following any redirect.
    pub async fn send_once(
        &mut self,
        method: Method,
        url: impl AsRef<str>,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let request = build(self.http.request(method, url.as_ref())).build();
        self.exchange(request.unwrap()).await.unwrap()
    }

    /// Sends a request with this browser's cookies, and stores the cookies of the response.
    async fn exchange(&mut self, mut request: Request) -> reqwest::Result<Answer> {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            let cookies = HeaderValue::from_str(&cookies.join("; ")).unwrap();
            request.headers_mut().append(COOKIE, cookies);
        }
        let response = self.http.execute(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let url = response.url().clone();
        let body = response.text().await?;
        for header in headers.get_all(SET_COOKIE) {
            let cookie = Cookie::parse(header.to_str().unwrap().to_owned()).unwrap();
            let deleted = cookie
                .max_age()
                .is_some_and(cookie::time::SignedDuration::is_zero);
            if deleted {
                self.cookies.remove(cookie.name());
            } else {
                let (name, value) = (cookie.name().to_owned(), cookie.value().to_owned());
                self.cookies.insert(name, value);
            }
        }
        Ok(Answer {
            status,
            headers,
            body,
            url,
        })
    }
}

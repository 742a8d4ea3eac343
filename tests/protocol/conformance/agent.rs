//! The suite's browser, and the reverse proxy between it and the binary.
//!
//! The proxy terminates TLS: a request to `https://sso.example.com` reaches the binary over plain HTTP
//! with `X-Forwarded-*` headers. The browser enforces the rules for `__Host-` cookies, and clicks the
//! portal's menu when it is redirected there.

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder};
use url::Url;

use crate::support::browser::{Answer, Browser};

/// The public address of the provider.
pub const ISSUER: &str = "https://sso.example.com";

/// The prefix of the suite's own URLs.
pub const SUITE: &str = "https://suite.example.org/test/a/panda/";

/// A browser behind the proxy.
#[derive(Clone)]
pub struct Agent {
    browser: Browser,
    /// The base URL of the binary behind the proxy.
    upstream: String,
    portal: Url,
    /// The number of sign-ins at the portal.
    pub sign_ins: usize,
}

/// Where a navigation ends.
#[derive(Debug)]
pub enum Destination {
    /// A page of the provider.
    Page(Answer),
    /// A URL of the suite.
    Suite(Callback),
}

/// A request to the suite, sent by the browser.
#[derive(Debug)]
pub struct Callback {
    /// The URL without its query.
    pub path: String,
    /// The query parameters.
    pub query: BTreeMap<String, String>,
    /// The form fields, if the request is a POST.
    pub form: Option<BTreeMap<String, String>>,
}

impl Agent {
    /// A browser without cookies.
    pub fn new(upstream: &str, portal: &Url) -> Self {
        Self {
            browser: Browser::new(),
            upstream: upstream.to_owned(),
            portal: portal.clone(),
            sign_ins: 0,
        }
    }

    /// The names of the browser's cookies.
    pub fn cookies(&self) -> Vec<&str> {
        self.browser.cookies.keys().map(String::as_str).collect()
    }

    /// Sends one request through the proxy, with the browser's cookies.
    pub async fn send(
        &mut self,
        method: Method,
        url: &str,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let path = url.strip_prefix(ISSUER).expect("it is the provider's");
        let response = self
            .browser
            .send(method, self.upstream.clone() + path, |request| {
                build(request)
                    .header("host", "sso.example.com")
                    .header("x-forwarded-for", "198.51.100.7")
                    .header("x-forwarded-proto", "https")
                    .header("x-forwarded-host", "sso.example.com")
            });
        let answer = response.await;
        for cookie in answer.set_cookies() {
            let host_only = cookie.starts_with("__Host-") && !cookie.contains("Domain");
            let whole_path = cookie.contains("; Path=/;") || cookie.ends_with("; Path=/");
            let accepted = host_only && whole_path && cookie.contains("; Secure");
            assert!(accepted, "a browser drops {cookie}");
        }
        assert_eq!(
            answer.header("strict-transport-security"),
            "",
            "the proxy's"
        );
        answer
    }

    /// Opens a URL and follows redirects.
    pub async fn navigate(&mut self, url: &str) -> Destination {
        let answer = self.send(Method::GET, url, |request| request).await;
        self.follow(answer).await
    }

    /// Posts a form from another site, without the cookies that `SameSite` withholds, and follows
    /// redirects.
    pub async fn post_from_elsewhere(
        &mut self,
        url: &str,
        form: &[(String, String)],
    ) -> Destination {
        let mut without_cookies = Self::new(&self.upstream, &self.portal);
        let answer = without_cookies
            .send(Method::POST, url, |request| request.form(form))
            .await;
        self.browser.cookies.extend(without_cookies.browser.cookies);
        self.follow(answer).await
    }

    /// Submits the form of a page and follows redirects.
    pub async fn submit(&mut self, page: &Answer) -> Destination {
        let action = attributes(&page.body, "action=\"").remove(0);
        let form = fields(&page.body);
        let answer = self
            .send(Method::POST, &action, |request| request.form(&form))
            .await;
        self.follow(answer).await
    }

    async fn follow(&mut self, mut answer: Answer) -> Destination {
        for _ in 0..10 {
            if !answer.status.is_redirection() {
                return destination(answer);
            }
            let mut next = answer.header("location").to_owned();
            let mut referer = None;
            if next.starts_with(self.portal.as_str()) {
                next = self.click().await;
                referer = Some(self.portal.to_string());
            }
            if next.starts_with(SUITE) {
                return Destination::Suite(callback(&next, None));
            }
            let response = self.send(Method::GET, &next, |request| match referer {
                Some(referer) => request.header("referer", referer),
                None => request,
            });
            answer = response.await;
        }
        panic!("it goes round: {}", answer.url);
    }

    /// Clicks the only entry of the portal's menu, and returns the URL that it redirects to.
    async fn click(&mut self) -> String {
        self.sign_ins += 1;
        let menu = self.portal.join("/open/0?user=1").unwrap();
        let clicked = Browser::new().get(menu).await;
        clicked.header("location").to_owned()
    }
}

fn destination(page: Answer) -> Destination {
    match attributes(&page.body, "action=\"").first() {
        Some(action) if action.starts_with(SUITE) => {
            Destination::Suite(callback(action, Some(fields(&page.body))))
        }
        _ => Destination::Page(page),
    }
}

/// The request to the suite that `url` and `form` make up.
pub fn callback(url: &str, form: Option<BTreeMap<String, String>>) -> Callback {
    let url = Url::parse(url).unwrap();
    assert_eq!(url.fragment(), None, "{url}");
    let mut path = url.clone();
    path.set_query(None);
    Callback {
        path: path.to_string(),
        query: url.query_pairs().into_owned().collect(),
        form,
    }
}

/// The values of every occurrence of an attribute on a page.
pub fn attributes(html: &str, attribute: &str) -> Vec<String> {
    let values = html.split(attribute).skip(1);
    values
        .map(|rest| unescaped(rest.split('"').next().unwrap()))
        .collect()
}

fn fields(html: &str) -> BTreeMap<String, String> {
    let inputs = html.split("<input type=\"hidden\"").skip(1);
    let value = |input: &str, name: &str| attributes(input, name).remove(0);
    inputs
        .map(|input| (value(input, "name=\""), value(input, "value=\"")))
        .collect()
}

fn unescaped(text: &str) -> String {
    let mut parts = text.split("&#");
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        let (code, rest) = part.split_once(';').unwrap();
        plain.push(char::from_u32(code.parse().unwrap()).unwrap());
        plain.push_str(rest);
    }
    plain
}

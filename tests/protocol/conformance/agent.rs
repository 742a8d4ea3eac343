//! The suite's browser, and the reverse proxy between it and the binary.
//!
//! The proxy ends TLS: what the browser asks of `https://sso.example.com` reaches the binary over plain
//! http with the `X-Forwarded-*` headers that say so. The browser keeps to what browsers do with
//! `__Host-` cookies, and clicks the portal's menu when it is sent there.

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder};
use url::Url;

use crate::support::browser::{Answer, Browser};

/// The provider, as everybody but the proxy knows it.
pub const ISSUER: &str = "https://sso.example.com";

/// Where the suite's own addresses begin.
pub const SUITE: &str = "https://suite.example.org/test/a/panda/";

/// A browser behind the proxy.
#[derive(Clone)]
pub struct Agent {
    browser: Browser,
    /// Where the binary listens.
    behind: String,
    portal: Url,
    /// How often somebody has signed in at the portal.
    pub sign_ins: usize,
}

/// Where the browser ends up.
#[derive(Debug)]
pub enum Arrival {
    /// At a page of the provider's.
    Page(Answer),
    /// At an address of the suite's.
    Suite(Callback),
}

/// A request that the suite is sent through the browser.
#[derive(Debug)]
pub struct Callback {
    /// The address, without its query.
    pub path: String,
    /// What the query says.
    pub query: BTreeMap<String, String>,
    /// What the form says, if it was posted.
    pub form: Option<BTreeMap<String, String>>,
}

impl Agent {
    /// A browser that has been nowhere.
    pub fn new(behind: &str, portal: &Url) -> Self {
        Self {
            browser: Browser::new(),
            behind: behind.to_owned(),
            portal: portal.clone(),
            sign_ins: 0,
        }
    }

    /// The names of its cookies.
    pub fn cookies(&self) -> Vec<&str> {
        self.browser.cookies.keys().map(String::as_str).collect()
    }

    /// One request through the proxy, with the browser's cookies.
    pub async fn ask(
        &mut self,
        method: Method,
        url: &str,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let path = url.strip_prefix(ISSUER).expect("it is the provider's");
        let asked = self
            .browser
            .send(method, self.behind.clone() + path, |request| {
                build(request)
                    .header("host", "sso.example.com")
                    .header("x-forwarded-for", "198.51.100.7")
                    .header("x-forwarded-proto", "https")
                    .header("x-forwarded-host", "sso.example.com")
            });
        let answer = asked.await;
        for cookie in answer.set_cookies() {
            let bound = cookie.starts_with("__Host-") && !cookie.contains("Domain");
            let everywhere = cookie.contains("; Path=/;") || cookie.ends_with("; Path=/");
            let kept = bound && everywhere && cookie.contains("; Secure");
            assert!(kept, "a browser drops {cookie}");
        }
        assert_eq!(
            answer.header("strict-transport-security"),
            "",
            "the proxy's"
        );
        answer
    }

    /// Opens an address and goes wherever it is sent.
    pub async fn go(&mut self, url: &str) -> Arrival {
        let answer = self.ask(Method::GET, url, |request| request).await;
        self.follow(answer).await
    }

    /// Posts a form of another site's, which brings no cookie that is not for that, and goes wherever it
    /// is sent.
    pub async fn post_from_elsewhere(&mut self, url: &str, form: &[(String, String)]) -> Arrival {
        let mut bare = Self::new(&self.behind, &self.portal);
        let answer = bare
            .ask(Method::POST, url, |request| request.form(form))
            .await;
        self.browser.cookies.extend(bare.browser.cookies);
        self.follow(answer).await
    }

    /// Posts the form of a page, and goes wherever it is sent.
    pub async fn submit(&mut self, page: &Answer) -> Arrival {
        let action = attributes(&page.body, "action=\"").remove(0);
        let form = fields(&page.body);
        let answer = self
            .ask(Method::POST, &action, |request| request.form(&form))
            .await;
        self.follow(answer).await
    }

    async fn follow(&mut self, mut answer: Answer) -> Arrival {
        for _ in 0..10 {
            if !answer.status.is_redirection() {
                return arrived(answer);
            }
            let mut next = answer.header("location").to_owned();
            let mut referer = None;
            if next.starts_with(self.portal.as_str()) {
                next = self.click().await;
                referer = Some(self.portal.to_string());
            }
            if next.starts_with(SUITE) {
                return Arrival::Suite(callback(&next, None));
            }
            let asked = self.ask(Method::GET, &next, |request| match referer {
                Some(referer) => request.header("referer", referer),
                None => request,
            });
            answer = asked.await;
        }
        panic!("it goes round: {}", answer.url);
    }

    /// Chooses the only entry of the portal's menu: where that leads.
    async fn click(&mut self) -> String {
        self.sign_ins += 1;
        let menu = self.portal.join("/open/0?user=1").unwrap();
        let clicked = Browser::new().get(menu).await;
        clicked.header("location").to_owned()
    }
}

fn arrived(page: Answer) -> Arrival {
    match attributes(&page.body, "action=\"").first() {
        Some(action) if action.starts_with(SUITE) => {
            Arrival::Suite(callback(action, Some(fields(&page.body))))
        }
        _ => Arrival::Page(page),
    }
}

/// What is asked of the suite at `url`.
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

/// The values of an attribute, wherever it stands on a page.
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

//! Pages: one shape for all of them, readable without a script, with nothing fetched from anywhere.

pub(crate) mod language;
pub(crate) mod login_required;

use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::digest;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use url::{Origin, Url};

use super::page::language::{Language, Text};
use crate::app::App;

/// The style of every page.
pub(crate) const STYLE: &str = include_str!("assets/style.css");
const RESCUE: &str = include_str!("assets/rescue.js");
const GO_ON: &str = include_str!("assets/go_on.js");

/// What a page says and offers.
#[derive(Debug)]
pub(crate) struct Page {
    /// The status it is answered with.
    pub status: StatusCode,
    /// The heading.
    pub title: Text,
    /// What happened, and the way on.
    pub body: Text,
    /// The one thing to do next.
    pub action: Option<Link>,
    /// Several things to choose from.
    pub choices: Vec<Link>,
    /// A question to answer.
    pub form: Option<Form>,
    /// What a developer or an operator needs to see, in plain ASCII.
    pub detail: Option<String>,
    /// The query parameter of the ticket, on pages shown because it was missing: a script moves one
    /// that came behind a `#` to where the server sees it (F8).
    pub rescue: Option<String>,
    /// Addresses to open in frames nobody sees, so that apps end their sessions there (Front-Channel
    /// Logout 1.0).
    pub frames: Vec<Url>,
    /// Where a script goes on once the frames are through, or have had their time.
    pub onward: Option<String>,
}

/// A link and what it is called.
#[derive(Debug)]
pub(crate) struct Link {
    /// Where it leads.
    pub url: String,
    /// What it says.
    pub label: Text,
}

/// A yes to a question, posted; and the link that is the no.
#[derive(Debug)]
pub(crate) struct Form {
    /// Where the yes goes.
    pub action: String,
    /// What the form must repeat.
    pub confirmation: String,
    /// What the yes says.
    pub yes: Text,
    /// The no.
    pub no: Link,
}

impl Page {
    /// A page that says something and offers nothing yet.
    #[must_use]
    pub(crate) fn new(status: StatusCode, title: Text, body: Text) -> Self {
        Self {
            status,
            title,
            body,
            action: None,
            choices: Vec::new(),
            form: None,
            detail: None,
            rescue: None,
            frames: Vec::new(),
            onward: None,
        }
    }

    /// Writes the page.
    #[must_use]
    pub(crate) fn answer(self, language: Language, app: &App) -> Response {
        let html = Html {
            language,
            style: STYLE,
            script: self.script().map(|(script, _)| script),
            title: &self.title,
            body: &self.body,
            action: self.action.as_ref(),
            choices: &self.choices,
            form: self.form.as_ref(),
            detail: self.detail.as_deref(),
            rescue: self.rescue.as_deref(),
            frames: &self.frames,
            onward: self.onward.as_deref(),
        };
        match html.render() {
            Ok(html) => (self.status, self.headers(app), html).into_response(),
            Err(error) => {
                tracing::error!("A page could not be written: {error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// The script of the page, and its CSP source.
    fn script(&self) -> Option<(&'static str, &'static str)> {
        static RESCUE_HASH: LazyLock<String> = LazyLock::new(|| source(RESCUE));
        static GO_ON_HASH: LazyLock<String> = LazyLock::new(|| source(GO_ON));
        match (&self.rescue, &self.onward) {
            (Some(_), _) => Some((RESCUE, &RESCUE_HASH)),
            (None, Some(_)) => Some((GO_ON, &GO_ON_HASH)),
            (None, None) => None,
        }
    }

    /// A page with a question stays out of frames, where a click can be stolen; the others may stand
    /// in the portal's (N75).
    fn headers(&self, app: &App) -> HeaderMap {
        static STYLE_HASH: LazyLock<String> = LazyLock::new(|| source(STYLE));
        let ancestors = match &self.form {
            Some(_) => Vec::new(),
            None => app.provider.origins(),
        };
        let mut policy = format!(
            "default-src 'none'; base-uri 'none'; frame-ancestors {}; style-src {}",
            sources(&ancestors),
            *STYLE_HASH
        );
        // With a form it would have to name wherever the redirect after it leads.
        if self.form.is_none() {
            policy.push_str("; form-action 'none'");
        }
        if let Some((_, hash)) = self.script() {
            policy.push_str("; script-src ");
            policy.push_str(hash);
        }
        if !self.frames.is_empty() {
            let framed: Vec<_> = self.frames.iter().map(Url::origin).collect();
            policy.push_str("; frame-src ");
            policy.push_str(&sources(&framed));
        }
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        if self.form.is_some() {
            headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        }
        headers
    }
}

/// Origins as a list of CSP sources, each once.
fn sources(origins: &[Origin]) -> String {
    let mut sources: Vec<_> = origins.iter().map(Origin::ascii_serialization).collect();
    sources.sort();
    sources.dedup();
    if sources.is_empty() {
        return "'none'".to_owned();
    }
    sources.join(" ")
}

/// The CSP source that allows exactly this inline text (CSP Level 3 §2.3.1, `hash-source`).
pub(crate) fn source(inline: &str) -> String {
    let hash = digest::digest(&digest::SHA256, inline.as_bytes());
    format!("'sha256-{}'", BASE64_STANDARD.encode(hash))
}

#[derive(Template)]
#[template(path = "page.html")]
struct Html<'a> {
    language: Language,
    style: &'static str,
    script: Option<&'static str>,
    title: &'a Text,
    body: &'a Text,
    action: Option<&'a Link>,
    choices: &'a [Link],
    form: Option<&'a Form>,
    detail: Option<&'a str>,
    rescue: Option<&'a str>,
    frames: &'a [Url],
    onward: Option<&'a str>,
}

//! HTML pages. All share one template, work without scripts and load nothing from elsewhere.

pub(crate) mod form_post;
pub(crate) mod language;
pub(crate) mod login_required;
pub(crate) mod words;

use std::fmt::Display;
use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::digest;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use url::{Origin, Url};

use self::language::Language;
use self::words::{Message, Text, Values, Words};
use crate::app::App;
use crate::http::response::NO_STORE;

/// The style of every page.
pub(crate) const STYLE: &str = include_str!("assets/style.css");
const TICKET_FROM_FRAGMENT: &str = include_str!("assets/ticket_from_fragment.js");
const CONTINUE: &str = include_str!("assets/continue.js");

/// What a page says and offers.
#[derive(Debug)]
pub(crate) struct Page {
    /// The HTTP status.
    pub status: StatusCode,
    /// What it says.
    pub message: fn(&Words) -> &Message,
    /// What is filled in.
    pub values: Values,
    /// What it says below the text, a line each.
    pub notes: Vec<Text>,
    /// The one thing to do next.
    pub action: Option<Link>,
    /// Several things to choose from.
    pub choices: Vec<Link>,
    /// A question, with a form to confirm.
    pub form: Option<Form>,
    /// What a developer or an operator needs to see, in plain ASCII.
    pub detail: Option<String>,
    /// The number of the request in the log.
    pub request_id: Option<String>,
    /// The name of the ticket parameter, on pages shown because the ticket is missing. Some portals
    /// append it after a `#`, which the server never sees; a script moves it into the query.
    pub fragment_ticket_parameter: Option<String>,
    /// URLs to load in hidden frames, so that apps end their sessions (Front-Channel Logout 1.0).
    pub frames: Vec<Url>,
    /// The URL that a script opens once the frames have loaded or timed out.
    pub continue_url: Option<String>,
}

/// A link and its label.
#[derive(Debug)]
pub(crate) struct Link {
    /// The URL.
    pub url: String,
    /// The text.
    pub label: Text,
}

/// A confirmation: a button that posts the yes, and a link for the no.
#[derive(Debug)]
pub(crate) struct Form {
    /// The URL that the form posts to.
    pub action: String,
    /// The value that the form must send back, which proves that it is our page (CSRF).
    pub confirmation: String,
    /// The text of the button.
    pub yes: Text,
    /// The link for the no.
    pub no: Link,
}

impl Page {
    /// A page with a heading and a text, without any action.
    #[must_use]
    pub(crate) fn new(status: StatusCode, message: fn(&Words) -> &Message) -> Self {
        Self {
            status,
            message,
            values: Values::default(),
            notes: Vec::new(),
            action: None,
            choices: Vec::new(),
            form: None,
            detail: None,
            request_id: None,
            fragment_ticket_parameter: None,
            frames: Vec::new(),
            continue_url: None,
        }
    }

    /// Fills `value` in for `{name}`.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.values.add(name, value);
        self
    }

    /// Renders the page.
    #[must_use]
    pub(crate) fn into_response(self, language: Language, app: &App) -> Response {
        let text = |language: Language| {
            let Message { title, body } = (self.message)(language.words());
            (self.values.fill(title), self.values.fill(body))
        };
        let notes = |language: Language| -> Vec<String> {
            let notes = self.notes.iter();
            notes.map(|note| note.read(language.words())).collect()
        };
        let second = language.second();
        let ((title, body), (second_title, second_body)) = (text(language), text(second));
        let html = Html {
            language: language.tag(),
            second_language: second.tag(),
            words: language.words(),
            style: STYLE,
            script: self.script().map(|(script, _)| script),
            title,
            body,
            notes: notes(language),
            second_title,
            second_body,
            second_notes: notes(second),
            action: self.action.as_ref(),
            choices: &self.choices,
            form: self.form.as_ref(),
            detail: self.detail.as_deref(),
            request_id: self.request_id.as_deref(),
            fragment_ticket_parameter: self.fragment_ticket_parameter.as_deref(),
            frames: &self.frames,
            continue_url: self.continue_url.as_deref(),
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
        static TICKET_FROM_FRAGMENT_HASH: LazyLock<String> =
            LazyLock::new(|| csp_hash(TICKET_FROM_FRAGMENT));
        static CONTINUE_HASH: LazyLock<String> = LazyLock::new(|| csp_hash(CONTINUE));
        match (&self.fragment_ticket_parameter, &self.continue_url) {
            (Some(_), _) => Some((TICKET_FROM_FRAGMENT, &TICKET_FROM_FRAGMENT_HASH)),
            (None, Some(_)) => Some((CONTINUE, &CONTINUE_HASH)),
            (None, None) => None,
        }
    }

    /// The response headers. A page with a form must not be framed, because clickjacking could steal
    /// the confirming click (N75, docs/security.md). The portal may frame the other pages.
    fn headers(&self, app: &App) -> HeaderMap {
        static STYLE_HASH: LazyLock<String> = LazyLock::new(|| csp_hash(STYLE));
        let ancestors = match &self.form {
            Some(_) => &[],
            None => app.provider.origins(),
        };
        let mut policy = format!(
            "default-src 'none'; base-uri 'none'; frame-ancestors {}; style-src {}",
            sources(ancestors),
            *STYLE_HASH
        );
        // With a form, `form-action` would also have to name the target of the redirect that follows.
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
        let html_type = HeaderValue::from_static("text/html; charset=utf-8");
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, html_type), NO_STORE]);
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        if self.form.is_some() {
            headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        }
        headers
    }
}

/// Origins as a CSP source list without duplicates.
fn sources(origins: &[Origin]) -> String {
    let mut sources: Vec<_> = origins.iter().map(Origin::ascii_serialization).collect();
    sources.sort();
    sources.dedup();
    if sources.is_empty() {
        return "'none'".to_owned();
    }
    sources.join(" ")
}

/// The CSP source that allows exactly this inline script or style (CSP Level 3 §2.3.1,
/// `hash-source`).
pub(crate) fn csp_hash(inline: &str) -> String {
    let hash = digest::digest(&digest::SHA256, inline.as_bytes());
    format!("'sha256-{}'", BASE64_STANDARD.encode(hash))
}

#[derive(Template)]
#[template(path = "page.html")]
struct Html<'a> {
    language: &'static str,
    second_language: &'static str,
    words: &'static Words,
    style: &'static str,
    script: Option<&'static str>,
    title: String,
    body: String,
    notes: Vec<String>,
    second_title: String,
    second_body: String,
    second_notes: Vec<String>,
    action: Option<&'a Link>,
    choices: &'a [Link],
    form: Option<&'a Form>,
    detail: Option<&'a str>,
    request_id: Option<&'a str>,
    fragment_ticket_parameter: Option<&'a str>,
    frames: &'a [Url],
    continue_url: Option<&'a str>,
}

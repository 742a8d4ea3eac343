//! The demo app's page. It explains the verified claims to readers who have never heard of OpenID
//! Connect.

use askama::Template;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use chrono::DateTime;
use openidconnect::core::CoreIdTokenClaims;
use serde_json::Value;

use crate::http::page::language::Language;

/// The content of the page.
#[derive(Template)]
#[template(path = "demo.html")]
pub(super) struct ClaimsPage<'a> {
    /// The portal's URL.
    portal: &'a str,
    /// The provider's issuer URL.
    issuer: &'a str,
    /// The app's own URL.
    app: &'a str,
    /// The language that comes first: `zh-CN` or `en`.
    language: &'static str,
    /// Whether English comes first.
    english: bool,
    /// Why the login failed; `None` when it succeeded.
    problem: Option<String>,
    user: String,
    person: Vec<Claim>,
    proof: Vec<Claim>,
}

struct Claim {
    name: String,
    value: String,
    zh: &'static str,
    en: &'static str,
}

/// Claims about the user, in display order: name, Chinese and English description.
const PERSON: [(&str, &str, &str); 8] = [
    (
        "sub",
        "熊猫人员 ID，永不改变",
        "the Panda ID, which never changes",
    ),
    ("name", "姓名", "the name"),
    ("family_name", "姓", "the family name"),
    ("given_name", "名", "the given name"),
    (
        "preferred_username",
        "登录名，不会重名",
        "a login name nobody else has",
    ),
    (
        "phone_number",
        "电话，国际格式",
        "the phone number, with its country",
    ),
    (
        "phone_number_verified",
        "电话是否核实过",
        "whether somebody checked that number",
    ),
    ("updated_at", "资料更新时间", "when this was last updated"),
];

/// Claims about the ID token itself, in display order. Claims in neither list follow them.
const PROOF: [(&str, &str, &str); 7] = [
    ("iss", "签发者", "who vouches"),
    (
        "aud",
        "收件人：只给这个应用",
        "the addressee: this app alone",
    ),
    ("iat", "签发时间", "when it was signed"),
    ("exp", "有效期至", "when it ends"),
    ("auth_time", "登录时间", "when the person signed in"),
    (
        "nonce",
        "应用的一次性暗号",
        "the app's own secret word, used once",
    ),
    (
        "at_hash",
        "与令牌的绑定",
        "ties it to the token that came with it",
    ),
];

impl<'a> ClaimsPage<'a> {
    /// A page without claims. `problem` says why the login failed.
    pub(super) fn new(
        portal: &'a str,
        issuer: &'a str,
        app: &'a str,
        language: Language,
        problem: Option<String>,
    ) -> Self {
        Self {
            portal,
            issuer,
            app,
            language: language.tag(),
            english: language.tag() == "en",
            problem,
            user: String::new(),
            person: Vec::new(),
            proof: Vec::new(),
        }
    }

    /// Adds the verified `claims`.
    pub(super) fn claims(mut self, claims: &CoreIdTokenClaims) -> Result<Self, String> {
        let Value::Object(mut members) =
            serde_json::to_value(claims).map_err(|error| error.to_string())?
        else {
            return Err("the claims are no JSON object".to_owned());
        };
        let user = members.get("name").or_else(|| members.get("sub"));
        user.and_then(Value::as_str)
            .unwrap_or_default()
            .clone_into(&mut self.user);
        let mut take_claim = |(name, zh, en): (&str, &'static str, &'static str)| {
            let value = members.remove(name)?;
            Some(Claim {
                name: name.to_owned(),
                value: readable(name, &value),
                zh,
                en,
            })
        };
        self.person = PERSON.into_iter().filter_map(&mut take_claim).collect();
        self.proof = PROOF.into_iter().filter_map(&mut take_claim).collect();
        let others = members.into_iter().map(|(name, value)| Claim {
            value: readable(&name, &value),
            name,
            zh: "",
            en: "",
        });
        self.proof.extend(others);
        Ok(self)
    }

    /// Renders the page. It loads nothing from elsewhere and runs no script.
    pub(super) fn answer(&self, status: StatusCode) -> Response {
        let headers = [
            (CACHE_CONTROL, "no-store"),
            (REFERRER_POLICY, "no-referrer"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
        ]
        .map(|(name, value)| (name, HeaderValue::from_static(value)));
        match self.render() {
            Ok(html) => (status, headers, Html(html)).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

/// A claim's value as text. A timestamp is followed by its date.
fn readable(name: &str, value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let seconds = value
        .as_i64()
        .filter(|_| matches!(name, "iat" | "exp" | "auth_time" | "updated_at"));
    match seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)) {
        Some(time) => format!("{text} = {}", time.format("%Y-%m-%d %H:%M:%S UTC")),
        None => text,
    }
}

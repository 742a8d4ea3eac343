//! Which language a person reads: by `ui_locales`, then `Accept-Language`, Chinese by default.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use url::form_urlencoded;

/// A language our pages are written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// 简体中文.
    #[default]
    Chinese,
    /// English.
    English,
}

impl Language {
    /// The language tag, for `lang` attributes.
    #[must_use]
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The other one: every page has its essence in both.
    #[must_use]
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    /// Reads it from a request.
    #[must_use]
    pub(crate) fn of(parts: &Parts) -> Self {
        let by_request = parts.uri.query().and_then(Self::asked_for);
        let header = parts
            .headers
            .get(ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        by_request
            .or_else(|| Self::accepted(header?))
            .unwrap_or_default()
    }

    /// The language that the `ui_locales` of a request asks for (OIDC Core §3.1.2.1).
    #[must_use]
    pub(crate) fn asked_for(request: &str) -> Option<Self> {
        let mut parameters = form_urlencoded::parse(request.as_bytes());
        let (_, tags) = parameters.find(|(name, _)| name == "ui_locales")?;
        tags.split(' ').find_map(Self::of_tag)
    }

    /// The most wanted language of an `Accept-Language` header that we have (RFC 9110 §12.5.4).
    fn accepted(header: &str) -> Option<Self> {
        let ranges = header.split(',').filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next()?;
            // weight = OWS ";" OWS "q=" qvalue (RFC 9110 §12.4.2)
            let weight = |part: &str| {
                part.get(..2)
                    .filter(|q| q.eq_ignore_ascii_case("q="))
                    .map(|_| part[2..].to_owned())
            };
            let quality = match parts.find_map(weight) {
                Some(quality) => quality.parse::<f32>().ok()?,
                None => 1.0,
            };
            Some((Self::of_tag(tag)?, quality)).filter(|(_, quality)| *quality > 0.0)
        });
        // Of equals, the first: max_by would take the last.
        ranges
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
            .map(|(language, _)| language)
    }

    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        match primary.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// A text of ours in both languages.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    zh: String,
    en: String,
}

impl Text {
    /// A text in both languages.
    pub(crate) fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }

    /// The text in one of them.
    #[must_use]
    pub(crate) fn read(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.zh,
            Language::English => &self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::http::page::language::*;
    use axum::http::Request;

    fn of(uri: &str, header: Option<&str>) -> Language {
        let mut request = Request::builder().uri(uri);
        if let Some(header) = header {
            request = request.header(ACCEPT_LANGUAGE, header);
        }
        Language::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn ui_locales_come_first_then_the_browser_and_chinese_by_default() {
        assert_eq!(of("/", None), Language::Chinese);
        assert_eq!(of("/", Some("fr")), Language::Chinese);
        assert_eq!(of("/", Some("en-GB,en;q=0.9,zh;q=0.8")), Language::English);
        assert_eq!(of("/", Some("en;q=0.5, zh-CN;q=0.8")), Language::Chinese);
        assert_eq!(of("/", Some("en;q=0, zh;q=0.1")), Language::Chinese);
        assert_eq!(of("/", Some("zh; q=0.5, en ; q=0.9")), Language::English);
        assert_eq!(of("/", Some("zh;Q=0.5, en;Q=0.9")), Language::English);
        assert_eq!(of("/?ui_locales=de%20en", Some("zh")), Language::English);
        assert_eq!(of("/?ui_locales=zh-CN", Some("en")), Language::Chinese);
    }
}

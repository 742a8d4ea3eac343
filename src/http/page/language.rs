//! The language of pages: from `ui_locales`, then `Accept-Language`, else Chinese.

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

    /// The other language. Every page repeats its main text in it.
    #[must_use]
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    /// The language for a request.
    #[must_use]
    pub(crate) fn of(parts: &Parts) -> Self {
        let requested = parts.uri.query().and_then(Self::from_ui_locales);
        let header = parts
            .headers
            .get(ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        requested
            .or_else(|| Self::from_accept_language(header?))
            .unwrap_or_default()
    }

    /// The language that `ui_locales` requests (OIDC Core §3.1.2.1).
    #[must_use]
    pub(crate) fn from_ui_locales(request: &str) -> Option<Self> {
        let mut parameters = form_urlencoded::parse(request.as_bytes());
        let (_, tags) = parameters.find(|(name, _)| name == "ui_locales")?;
        tags.split(' ').find_map(Self::from_tag)
    }

    /// The supported language that an `Accept-Language` header prefers (RFC 9110 §12.5.4).
    fn from_accept_language(header: &str) -> Option<Self> {
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
            Some((Self::from_tag(tag)?, quality)).filter(|(_, quality)| *quality > 0.0)
        });
        // The first of equals wins; max_by would return the last.
        ranges
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
            .map(|(language, _)| language)
    }

    fn from_tag(tag: &str) -> Option<Self> {
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

#[cfg(test)]
mod tests {
    use crate::http::page::language::*;
    use axum::http::Request;

    fn language_for(uri: &str, header: Option<&str>) -> Language {
        let mut request = Request::builder().uri(uri);
        if let Some(header) = header {
            request = request.header(ACCEPT_LANGUAGE, header);
        }
        Language::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn ui_locales_come_first_then_the_browser_and_chinese_by_default() {
        assert_eq!(language_for("/", None), Language::Chinese);
        assert_eq!(language_for("/", Some("fr")), Language::Chinese);
        assert_eq!(
            language_for("/", Some("en-GB,en;q=0.9,zh;q=0.8")),
            Language::English
        );
        assert_eq!(
            language_for("/", Some("en;q=0.5, zh-CN;q=0.8")),
            Language::Chinese
        );
        assert_eq!(
            language_for("/", Some("en;q=0, zh;q=0.1")),
            Language::Chinese
        );
        assert_eq!(
            language_for("/", Some("zh; q=0.5, en ; q=0.9")),
            Language::English
        );
        assert_eq!(
            language_for("/", Some("zh;Q=0.5, en;Q=0.9")),
            Language::English
        );
        assert_eq!(
            language_for("/?ui_locales=de%20en", Some("zh")),
            Language::English
        );
        assert_eq!(
            language_for("/?ui_locales=zh-CN", Some("en")),
            Language::Chinese
        );
    }
}

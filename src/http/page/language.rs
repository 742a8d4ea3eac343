//! The language of pages: from `ui_locales`, then `Accept-Language`, else Chinese.

use std::convert::Infallible;
use std::sync::LazyLock;

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use url::form_urlencoded;

use super::words::Words;

/// The languages of our pages, the default first: the tag of each, and its catalogue. Another language
/// is one file like `en.toml` and one line here.
const CATALOGUES: &[(&str, &str)] = &[
    ("zh-CN", include_str!("words/zh.toml")),
    (ENGLISH, include_str!("words/en.toml")),
];

/// The language in which pages in other languages repeat their main text.
const ENGLISH: &str = "en";

const UI_LOCALES: &str = "ui_locales";

static LANGUAGES: LazyLock<Languages> = LazyLock::new(|| Languages::read(CATALOGUES));

/// A language of our pages: its place in [`CATALOGUES`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Language(usize);

impl Language {
    /// The language tag, for `lang` attributes (RFC 5646).
    #[must_use]
    pub(crate) fn tag(self) -> &'static str {
        LANGUAGES.tag(self)
    }

    /// The texts in this language.
    #[must_use]
    pub(crate) fn words(self) -> &'static Words {
        LANGUAGES.words(self)
    }

    /// The language in which a page repeats its main text.
    #[must_use]
    pub(crate) fn second(self) -> Self {
        LANGUAGES.second(self)
    }

    /// `url`, a page of ours, in this language if a request asked for one.
    #[must_use]
    pub(crate) fn localized(language: Option<Self>, url: &str) -> String {
        let joint = if url.contains('?') { '&' } else { '?' };
        match language {
            Some(language) => format!("{url}{joint}ui_locales={}", language.tag()),
            None => url.to_owned(),
        }
    }

    /// The language for a request.
    #[must_use]
    pub(crate) fn of(parts: &Parts) -> Self {
        let requested = parts.uri.query().and_then(Self::from_ui_locales);
        let header = parts
            .headers
            .get(ACCEPT_LANGUAGE)
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        requested
            .or_else(|| Self::from_accept_language(&header?))
            .unwrap_or_default()
    }

    /// The language that `ui_locales` requests (OIDC Core §3.1.2.1).
    #[must_use]
    pub(crate) fn from_ui_locales(request: &str) -> Option<Self> {
        let tags = request
            .split('&')
            .filter(|pair| may_be_named(pair, UI_LOCALES))
            .flat_map(|pair| form_urlencoded::parse(pair.as_bytes()))
            .find_map(|(name, tags)| (name == UI_LOCALES).then_some(tags))?;
        tags.split(' ').find_map(Self::from_tag)
    }

    /// The supported language that an `Accept-Language` header prefers (RFC 9110 §12.5.4).
    pub(crate) fn from_accept_language(header: &str) -> Option<Self> {
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
        LANGUAGES.find(tag)
    }
}

/// Whether an encoded parameter may have this name. Decoding every parameter of every request to find out
/// would cost more than the rest of the search.
fn may_be_named(pair: &str, name: &str) -> bool {
    let encoded = pair.split('=').next().unwrap_or(pair);
    encoded == name || encoded.contains('%')
}

/// The tag and the texts of each language.
struct Languages(Vec<(&'static str, Words)>);

impl Languages {
    fn read(catalogues: &[(&'static str, &str)]) -> Self {
        let catalogues = catalogues.iter();
        Self(
            catalogues
                .map(|(tag, catalogue)| (*tag, Words::read(catalogue)))
                .collect(),
        )
    }

    fn tag(&self, language: Language) -> &'static str {
        self.0[language.0].0
    }

    fn words(&self, language: Language) -> &Words {
        &self.0[language.0].1
    }

    /// The language of `tag`. Scripts and regions are not compared.
    fn find(&self, tag: &str) -> Option<Language> {
        let requested = primary_subtag(tag);
        let is_requested = |known: &str| primary_subtag(known).eq_ignore_ascii_case(requested);
        let index = self.0.iter().position(|(known, _)| is_requested(known));
        index.map(Language)
    }

    /// English, or the default language for pages in English.
    fn second(&self, language: Language) -> Language {
        let english = self.find(ENGLISH).unwrap_or_default();
        if language == english {
            Language::default()
        } else {
            english
        }
    }
}

/// The primary language subtag: the `zh` of `zh-CN` (RFC 5646 §2.2.1).
fn primary_subtag(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use crate::http::page::language::*;
    use axum::http::Request;

    fn language_for(uri: &str, header: Option<&str>) -> Language {
        let mut request = Request::builder().uri(uri);
        if let Some(header) = header {
            request = request.header(ACCEPT_LANGUAGE, header);
        }
        Language::of(&request.body(()).unwrap().into_parts().0)
    }

    const CHINESE: Language = Language(0);
    const ENGLISH: Language = Language(1);

    #[test]
    fn ui_locales_come_first_then_the_browser_and_chinese_by_default() {
        assert_eq!(language_for("/", None), CHINESE);
        assert_eq!(language_for("/", Some("fr")), CHINESE);
        assert_eq!(language_for("/", Some("en-GB,en;q=0.9,zh;q=0.8")), ENGLISH);
        assert_eq!(language_for("/", Some("en;q=0.5, zh-CN;q=0.8")), CHINESE);
        assert_eq!(language_for("/", Some("en;q=0, zh;q=0.1")), CHINESE);
        assert_eq!(language_for("/", Some("zh; q=0.5, en ; q=0.9")), ENGLISH);
        assert_eq!(language_for("/", Some("zh;Q=0.5, en;Q=0.9")), ENGLISH);
        assert_eq!(language_for("/?ui_locales=de%20en", Some("zh")), ENGLISH);
        assert_eq!(language_for("/?ui_locales=zh-CN", Some("en")), CHINESE);
    }

    /// The placeholders of every text, by its section and key.
    fn placeholders(catalogue: &str) -> BTreeMap<String, BTreeSet<String>> {
        let sections: BTreeMap<String, BTreeMap<String, String>> =
            toml::from_str(catalogue).unwrap();
        let texts = sections.into_iter().flat_map(|(section, texts)| {
            texts.into_iter().map(move |(key, text)| {
                let names = text.split('{').skip(1);
                let names = names.map(|after| after.split_once('}').unwrap().0.to_owned());
                (format!("{section}.{key}"), names.collect())
            })
        });
        texts.collect()
    }

    #[test]
    fn every_language_has_every_text_with_the_same_placeholders() {
        let (_, chinese) = CATALOGUES[0];
        for (tag, catalogue) in CATALOGUES {
            let _ = Words::read(catalogue);
            assert_eq!(placeholders(catalogue), placeholders(chinese), "{tag}");
        }
    }

    #[test]
    fn a_page_repeats_its_text_in_english_and_an_english_page_in_chinese() {
        assert_eq!((CHINESE.tag(), CHINESE.second()), ("zh-CN", ENGLISH));
        assert_eq!((ENGLISH.tag(), ENGLISH.second()), ("en", CHINESE));
    }

    #[test]
    fn a_third_language_is_one_catalogue_and_one_line() {
        let english = include_str!("words/en.toml");
        let french = english.replace("\"Sign out\"", "\"Se déconnecter\"");
        let languages = Languages::read(&[CATALOGUES, &[("fr", &french)]].concat());
        let french = languages.find("FR-ca").unwrap();
        assert_eq!(languages.tag(french), "fr");
        assert_eq!(languages.words(french).labels.sign_out, "Se déconnecter");
        assert_eq!(languages.second(french), ENGLISH);
        assert_eq!(languages.second(ENGLISH), CHINESE);
        assert_eq!(languages.find("de"), None);
    }
}

//! The portal's home: who one is, and what its menu opens.
//!
//! A click comes back here first. Only then a ticket is issued and put into the address, so that
//! none lies about in a page that is left open.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use url::Url;

use super::{Simulated, held, page};

/// How many people are offered to choose from.
const OFFERED: usize = 25;

/// One thing the menu offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuEntry {
    /// Its title in Chinese.
    pub title_zh: String,
    /// Its title in English.
    pub title_en: String,
    /// The address it opens, to which the ticket is appended.
    pub url: Url,
    /// Whether it opens beside the portal instead of in its place.
    pub new_tab: bool,
}

impl MenuEntry {
    /// An entry that opens in the portal's place.
    pub fn new(title_zh: impl Into<String>, title_en: impl Into<String>, url: Url) -> Self {
        Self {
            title_zh: title_zh.into(),
            title_en: title_en.into(),
            url,
            new_tab: false,
        }
    }

    /// The same entry, opening in a tab of its own.
    #[must_use]
    pub fn in_new_tab(mut self) -> Self {
        self.new_tab = true;
        self
    }

    /// Where a click leads: `?ticket=xxxx` or `&ticket=xxxx` behind the address, as the portal's
    /// document has it. It is put at the end even of an address with a fragment; nothing says that
    /// the portal knows better.
    fn destination(&self, parameter: &str, ticket: &str) -> String {
        let url = self.url.as_str();
        let joint = if url.contains('?') { '&' } else { '?' };
        format!("{url}{joint}{parameter}={ticket}")
    }
}

pub(super) fn router() -> Router<Arc<Simulated>> {
    Router::new()
        .route("/", get(home))
        .route("/open/{entry}", get(open))
}

#[derive(Deserialize)]
struct Visit {
    user: Option<u64>,
    #[serde(default)]
    keyword: String,
}

async fn home(State(state): State<Arc<Simulated>>, Query(visit): Query<Visit>) -> Response {
    let portal = held(&state.portal);
    if let Some(person) = visit.user.and_then(|user| portal.person(user)) {
        page::menu(person, &held(&state.menu)).into_response()
    } else {
        let (count, people) = portal.list(&visit.keyword, 1, OFFERED);
        page::people(&visit.keyword, count, &people).into_response()
    }
}

#[derive(Deserialize)]
struct Click {
    user: u64,
}

async fn open(
    State(state): State<Arc<Simulated>>,
    Path(entry): Path<usize>,
    Query(click): Query<Click>,
) -> Response {
    let known = held(&state.portal).person(click.user).is_some();
    let Some(entry) = held(&state.menu).get(entry).filter(|_| known).cloned() else {
        return (StatusCode::NOT_FOUND, page::nothing_here()).into_response();
    };
    let ticket = state.issue(click.user);
    let destination = entry.destination(&state.ticket_parameter, &ticket);
    let headers = [
        (header::LOCATION, destination),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (StatusCode::FOUND, headers).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_appended_as_the_document_says() {
        for (url, destination) in [
            ("http://a/launch", "http://a/launch?ticket=t"),
            ("http://a/launch?x=1", "http://a/launch?x=1&ticket=t"),
            ("http://a/#/home", "http://a/#/home?ticket=t"),
        ] {
            let entry = MenuEntry::new("", "", Url::parse(url).unwrap());
            assert_eq!(entry.destination("ticket", "t"), destination);
        }
    }
}

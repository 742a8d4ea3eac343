//! The portal's home page and its menu.
//!
//! A menu entry links to the portal itself. The portal issues the ticket at the click and then
//! redirects, so that an open page contains no tickets.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use url::Url;

use super::{Simulated, lock, page};

/// How many people the home page lists.
const MAX_PEOPLE: usize = 25;

/// One entry of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuEntry {
    /// Its title in Chinese.
    pub title_zh: String,
    /// Its title in English.
    pub title_en: String,
    /// The address it opens, to which the ticket is appended.
    pub url: Url,
    /// Whether it opens in a new tab.
    pub new_tab: bool,
}

impl MenuEntry {
    /// An entry that opens in the portal's tab.
    pub fn new(title_zh: impl Into<String>, title_en: impl Into<String>, url: Url) -> Self {
        Self {
            title_zh: title_zh.into(),
            title_en: title_en.into(),
            url,
            new_tab: false,
        }
    }

    /// The same entry, opening in a new tab.
    #[must_use]
    pub fn in_new_tab(mut self) -> Self {
        self.new_tab = true;
        self
    }

    /// The URL a click redirects to: `?ticket=xxxx` or `&ticket=xxxx` is appended to the address, as
    /// the portal's documentation says. It is appended even after a fragment, because nothing says
    /// that the real portal treats fragments specially.
    fn destination(&self, parameter: &str, ticket: &str) -> String {
        let url = self.url.as_str();
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}{parameter}={ticket}")
    }
}

pub(super) fn router() -> Router<Arc<Simulated>> {
    Router::new()
        .route("/", get(home))
        .route("/open/{entry}", get(open))
}

#[derive(Deserialize)]
struct HomeQuery {
    user: Option<u64>,
    #[serde(default)]
    keyword: String,
}

async fn home(State(state): State<Arc<Simulated>>, Query(query): Query<HomeQuery>) -> Response {
    let portal = lock(&state.portal);
    if let Some(person) = query.user.and_then(|user| portal.person(user)) {
        page::menu(person, &lock(&state.menu)).into_response()
    } else {
        let (count, people) = portal.list(&query.keyword, 1, MAX_PEOPLE);
        page::people(&query.keyword, count, &people).into_response()
    }
}

#[derive(Deserialize)]
struct OpenQuery {
    user: u64,
}

async fn open(
    State(state): State<Arc<Simulated>>,
    Path(entry): Path<usize>,
    Query(query): Query<OpenQuery>,
) -> Response {
    let user_exists = lock(&state.portal).person(query.user).is_some();
    let Some(entry) = lock(&state.menu)
        .get(entry)
        .filter(|_| user_exists)
        .cloned()
    else {
        return (StatusCode::NOT_FOUND, page::nothing_here()).into_response();
    };
    let ticket = state.issue(query.user);
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
    fn a_ticket_is_appended_as_documented() {
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

//! Pages of a listing. A page ends with a cursor, from which the next one begins.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The number of items of a page, if the request names none.
const DEFAULT_LIMIT: u32 = 100;

/// The greatest number of items of a page.
const MAX_LIMIT: u32 = 1000;

/// Which page of a listing is requested.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    /// The `next` of the page before.
    pub after: Option<String>,
    /// How many items the page has at most.
    #[serde(default)]
    #[param(inline)]
    pub limit: Limit,
}

/// How many items a page has at most.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(try_from = "u32")]
#[schema(value_type = u32, minimum = 1, maximum = 1000, default = 100)]
pub(super) struct Limit(u32);

impl Limit {
    /// The number.
    pub(super) fn get(self) -> u32 {
        self.0
    }

    /// The number, to limit what is in memory.
    pub(super) fn as_usize(self) -> usize {
        self.0 as usize
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT_LIMIT)
    }
}

impl TryFrom<u32> for Limit {
    type Error = &'static str;

    fn try_from(limit: u32) -> Result<Self, &'static str> {
        (1..=MAX_LIMIT)
            .contains(&limit)
            .then_some(Self(limit))
            .ok_or("limit is a number from 1 to 1000")
    }
}

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The items. There may be fewer than `limit`, even none, before the end.
    pub items: Vec<T>,
    /// What to send as `after` for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of `rows`, of which there are `limit` unless the listing ends here.
    pub(super) fn of<R>(
        rows: Vec<R>,
        limit: Limit,
        cursor: impl Fn(&R) -> String,
        item: impl Fn(R) -> T,
    ) -> Self {
        let is_full = rows.len() >= limit.as_usize();
        let next = rows.last().filter(|_| is_full).map(cursor);
        Self {
            items: rows.into_iter().map(item).collect(),
            next,
        }
    }
}

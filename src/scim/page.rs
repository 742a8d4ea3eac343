//! List requests and list responses (RFC 7644 §3.4.2 and §3.4.3).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::error::{ScimError, ScimType};
use super::projection::Projection;
use crate::crypto::handle::Digest;

/// The most resources in one response.
pub const MAX_PAGE_SIZE: u32 = 500;

/// The most names in `attributes`, and in `excludedAttributes`: far more than there are attributes. Each is
/// compared with those of every resource.
const MAX_NAMES: usize = 100;

/// The number of resources in a response if the client does not request a `count`.
const DEFAULT_PAGE_SIZE: u32 = 100;

/// The parameters of a list request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// The filter, unparsed.
    pub filter: Option<String>,
    /// How many resources precede the first one of the response.
    pub skip: u64,
    /// The most resources to return.
    pub count: u32,
    /// Which attributes to return.
    pub projection: Projection,
}

/// The body of a search.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SearchRequest {
    attributes: Vec<String>,
    excluded_attributes: Vec<String>,
    filter: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
}

impl ListRequest {
    /// Reads a query. Unknown parameters, such as `sortBy`, are ignored.
    ///
    /// # Errors
    ///
    /// `invalidValue` when `startIndex` or `count` is not a number, or too many attributes are named.
    pub fn from_query(query: &str) -> Result<Self, ScimError> {
        let mut request = SearchRequest::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let names = || value.split(',').map(str::to_owned).collect::<Vec<_>>();
            match name.as_ref() {
                "attributes" => request.attributes = names(),
                "excludedAttributes" => request.excluded_attributes = names(),
                "filter" => request.filter = Some(value.into_owned()),
                "startIndex" => request.start_index = Some(number("startIndex", &value)?),
                "count" => request.count = Some(number("count", &value)?),
                _ => {}
            }
        }
        Self::new(request)
    }

    /// Reads the body of a `POST …/.search`.
    ///
    /// # Errors
    ///
    /// `invalidSyntax` when the body is not a `SearchRequest`; `invalidValue` when it names too many attributes.
    pub fn from_body(body: &[u8]) -> Result<Self, ScimError> {
        let request: Result<SearchRequest, _> = serde_json::from_slice(body);
        let request = request.map_err(|error| {
            ScimError::bad_request(
                ScimType::InvalidSyntax,
                format!("the body is no SearchRequest: {error}"),
            )
        })?;
        Self::new(request)
    }

    fn new(request: SearchRequest) -> Result<Self, ScimError> {
        fn texts(texts: &[String]) -> impl Iterator<Item = &str> {
            texts.iter().map(String::as_str)
        }
        let named = [
            ("attributes", &request.attributes),
            ("excludedAttributes", &request.excluded_attributes),
        ];
        if let Some((list, _)) = named.into_iter().find(|(_, names)| names.len() > MAX_NAMES) {
            return Err(ScimError::bad_request(
                ScimType::InvalidValue,
                format!("{list} has more than {MAX_NAMES} names"),
            ));
        }
        Ok(Self {
            // "A value less than 1 SHALL be interpreted as 1."
            skip: request
                .start_index
                .unwrap_or(1)
                .saturating_sub(1)
                .max(0)
                .unsigned_abs(),
            // "A negative value SHALL be interpreted as 0."
            count: request.count.map_or(DEFAULT_PAGE_SIZE, |count| {
                u32::try_from(count.clamp(0, MAX_PAGE_SIZE.into())).unwrap_or(MAX_PAGE_SIZE)
            }),
            projection: Projection::new(
                texts(&request.attributes),
                texts(&request.excluded_attributes),
            ),
            filter: request.filter,
        })
    }
}

fn number(name: &str, value: &str) -> Result<i64, ScimError> {
    value.parse().map_err(|_| {
        ScimError::bad_request(ScimType::InvalidValue, format!("{name} is no whole number"))
    })
}

/// A `ListResponse` of `total` matches, of which `resources` are on this page.
#[must_use]
pub fn list(total: u64, skip: u64, resources: Vec<Json>) -> Json {
    let mut list = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": skip.saturating_add(1),
        "itemsPerPage": resources.len(),
    });
    list["Resources"] = Json::Array(resources);
    list
}

/// The weak entity tag (RFC 9110 §8.8.3) of a value, computed from its JSON.
#[must_use]
pub fn etag(value: &impl Serialize) -> String {
    // Serializing to JSON does not fail.
    let json = serde_json::to_vec(value).unwrap_or_default();
    let digest = Digest::of(&json);
    let short = BASE64_URL_SAFE_NO_PAD.encode(&digest.as_bytes()[..16]);
    format!("W/\"{short}\"")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(query: &str) -> (u64, u32) {
        let page = ListRequest::from_query(query).unwrap();
        (page.skip, page.count)
    }

    /// RFC 7644 §3.4.2.4.
    #[test]
    fn pages_begin_at_one_and_have_bounds() {
        assert_eq!(page(""), (0, 100));
        assert_eq!(page("startIndex=1&count=10"), (0, 10));
        assert_eq!(page("startIndex=11&count=501"), (10, 500));
        assert_eq!(page("startIndex=0&count=-1"), (0, 0));
        assert_eq!(page("startIndex=-9223372036854775808&count=0"), (0, 0));
        assert_eq!(page("sortBy=userName&sortOrder=descending"), (0, 100));
        for malformed in [
            "startIndex=x",
            "count=1.5",
            "count=",
            "count=9223372036854775808",
        ] {
            let error = ListRequest::from_query(malformed).unwrap_err();
            assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{malformed}");
        }
    }

    #[test]
    fn a_search_body_equals_the_query() {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "attributes": ["displayName", "userName"],
            "excludedAttributes": ["groups"],
            "filter": "displayName sw \"陈\"",
            "startIndex": 2,
            "count": 10,
        });
        let query = "attributes=displayName,userName&excludedAttributes=groups&startIndex=2&count=10\
                     &filter=displayName+sw+%22%E9%99%88%22";
        let body = ListRequest::from_body(body.to_string().as_bytes()).unwrap();
        assert_eq!(body, ListRequest::from_query(query).unwrap());
        for malformed in ["", "[]x", "{\"count\":\"many\"}"] {
            let error = ListRequest::from_body(malformed.as_bytes()).unwrap_err();
            assert_eq!(
                error.scim_type,
                Some(ScimType::InvalidSyntax),
                "{malformed}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_query_and_no_body_makes_it_panic(query in "\\PC{0,60}|([a-zA-Z]|=|&|%|startIndex|count|[-0-9]){0,30}", body in ".{0,60}") {
            if let Ok(page) = ListRequest::from_query(&query) {
                prop_assert!(page.count <= MAX_PAGE_SIZE);
            }
            let _ = ListRequest::from_body(body.as_bytes());
        }
    }
}

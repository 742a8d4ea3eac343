//! Error responses (RFC 7644 §3.12).

use serde::Serialize;

/// A SCIM error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ScimError {
    /// The status of the response.
    pub status: u16,
    /// The `scimType` keyword.
    pub scim_type: Option<ScimType>,
    /// A description for the person who looks for the mistake.
    pub detail: String,
}

/// The keywords of RFC 7644 §3.12, table 9, that a read-only service uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ScimType {
    /// The filter cannot be parsed, or uses an unsupported operator or attribute.
    InvalidFilter,
    /// The response would be too large.
    TooMany,
    /// The body of a search cannot be parsed.
    InvalidSyntax,
    /// A parameter has an invalid value.
    InvalidValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    schemas: [&'static str; 1],
    /// A string: "The HTTP status code … expressed as a JSON string."
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scim_type: Option<ScimType>,
    detail: &'a str,
}

impl ScimError {
    /// An error without a keyword.
    #[must_use]
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            scim_type: None,
            detail: detail.into(),
        }
    }

    /// A bad request.
    #[must_use]
    pub fn bad_request(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self {
            scim_type: Some(scim_type),
            ..Self::new(400, detail)
        }
    }

    /// The body of the response.
    #[must_use]
    pub fn body(&self) -> serde_json::Value {
        let body = Body {
            schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
            status: self.status.to_string(),
            scim_type: self.scim_type,
            detail: &self.detail,
        };
        serde_json::json!(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7644 §3.12, the two examples.
    #[test]
    fn error_bodies_equal_the_examples_of_the_rfc() {
        assert_eq!(
            ScimError::new(404, "Resource 2819 not found").body(),
            serde_json::json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                "detail": "Resource 2819 not found",
                "status": "404"
            })
        );
        let bad = ScimError::bad_request(ScimType::InvalidFilter, "x").body();
        assert_eq!(bad["scimType"], "invalidFilter");
        assert_eq!(bad["status"], "400");
    }
}

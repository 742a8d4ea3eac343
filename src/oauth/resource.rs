//! Resource indicators: the microservice that a token is for (RFC 8707).

use url::Url;

use super::client::Client;
use super::error::{ErrorCode, OAuthError};
use super::params::Params;

/// The parameter that names a resource. It may be repeated (RFC 8707 §2).
pub const PARAMETER: &str = "resource";

/// The parameter of a token exchange that names a target. It may be repeated (RFC 8693 §2.1).
pub const AUDIENCE: &str = "audience";

/// The resources that a request names.
///
/// # Errors
///
/// `invalid_target` when one is not an absolute URI, or not one of the client's
/// `allowed_resources`.
pub fn requested(params: &Params, client: &Client) -> Result<Vec<String>, OAuthError> {
    for resource in params.values(PARAMETER) {
        let absolute = Url::parse(resource).is_ok_and(|url| url.fragment().is_none());
        if !absolute {
            return Err(invalid(
                "a resource is not an absolute URI without a fragment",
            ));
        }
    }
    allowed(params.values(PARAMETER), client)
}

/// The targets of a token exchange: resources, and audiences by name (RFC 8693 §2.1).
///
/// # Errors
///
/// `invalid_target`, as [`requested`].
pub fn targets(params: &Params, client: &Client) -> Result<Vec<String>, OAuthError> {
    let resources = requested(params, client)?;
    let audiences = allowed(params.values(AUDIENCE), client)?;
    Ok([resources, audiences].concat())
}

/// Whether a token of `client` may still be for `name`. The operator may have taken a resource from
/// the client since the token was issued (N45, docs/security.md). Every token is for the issuer.
#[must_use]
pub fn is_still_allowed(name: &str, client: &Client, issuer: &str) -> bool {
    let mut names = client
        .allowed_resources
        .iter()
        .chain(&client.access_token.audience);
    name == issuer || names.any(|allowed| allowed == name)
}

fn allowed<'a>(
    names: impl Iterator<Item = &'a str>,
    client: &Client,
) -> Result<Vec<String>, OAuthError> {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        if !client
            .allowed_resources
            .iter()
            .any(|allowed| allowed == name)
        {
            return Err(invalid(
                "the client may ask for no tokens for this resource",
            ));
        }
        if !all.iter().any(|listed| listed == name) {
            all.push(name.to_owned());
        }
    }
    Ok(all)
}

/// The audience of an access token. It is what the token request names (`requested`), which must
/// be part of what was granted. Without such a request it is all that was granted. If nothing was
/// granted either, it is the configured audience of the client.
///
/// # Errors
///
/// `invalid_target`, as [`requested`], or when a requested resource was not granted (RFC 8707
/// §2.2).
pub fn audience(
    requested: Vec<String>,
    client: &Client,
    granted: &[String],
) -> Result<Vec<String>, OAuthError> {
    let not_granted = |resource: &String| !granted.is_empty() && !granted.contains(resource);
    if requested.iter().any(not_granted) {
        return Err(invalid(
            "the resource was not asked for in the authorization request",
        ));
    }
    if !requested.is_empty() {
        return Ok(requested);
    }
    if granted.is_empty() {
        return Ok(client.access_token.audience.clone());
    }
    // A granted resource that the operator has since removed from `allowed_resources` is refused.
    allowed(granted.iter().map(String::as_str), client)
}

/// What of the audience an authorization request for `resources` settles: these, or the configured
/// audience of a client that cannot ask for anything else. The token request settles the rest.
#[must_use]
pub fn settled_audience<'a>(resources: &'a [String], client: &'a Client) -> &'a [String] {
    if resources.is_empty() && client.allowed_resources.is_empty() {
        &client.access_token.audience
    } else {
        resources
    }
}

fn invalid(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidTarget, description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::client::tests::public;

    fn audience_for(query: &str, granted: &[&str]) -> Result<Vec<String>, ErrorCode> {
        let client = Client {
            allowed_resources: vec!["https://a".to_owned(), "https://b/x".to_owned()],
            ..public("app")
        };
        let granted: Vec<_> = granted
            .iter()
            .map(|&resource| resource.to_owned())
            .collect();
        let params = Params::parse(query.as_bytes()).unwrap();
        requested(&params, &client)
            .and_then(|requested| audience(requested, &client, &granted))
            .map_err(|error| error.code)
    }

    #[test]
    fn the_audience_is_what_was_requested_else_granted_else_configured() {
        assert_eq!(
            audience_for("resource=https://a", &[]).unwrap(),
            ["https://a"]
        );
        assert_eq!(
            audience_for(
                "resource=https://a&resource=https://b/x&resource=https://a",
                &[]
            )
            .unwrap(),
            ["https://a", "https://b/x"]
        );
        let both = ["https://a", "https://b/x"];
        assert_eq!(
            audience_for("resource=https://b/x", &both).unwrap(),
            ["https://b/x"]
        );
        assert_eq!(audience_for("", &both).unwrap(), both);
        assert_eq!(audience_for("", &[]).unwrap(), ["https://op"]);
    }

    #[test]
    fn any_other_resource_is_refused() {
        for (query, granted) in [
            ("resource=https://c", &[][..]),
            ("resource=https://a/", &[]),
            ("resource=a", &[]),
            ("resource=https://a%23f", &[]),
            ("resource=https://b/x", &["https://a"]),
            ("resource=https://a&resource=https://b/x", &["https://a"]),
        ] {
            assert_eq!(
                audience_for(query, granted),
                Err(ErrorCode::InvalidTarget),
                "{query}"
            );
        }
    }
}

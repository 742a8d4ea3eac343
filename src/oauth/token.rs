//! The token request: what a code is worth to the client that brings it (RFC 6749 §4.1.3).

use super::client::Client;
use super::error::{ErrorCode, OAuthError};
use super::grant::Granted;
use super::params::Params;

/// A token request for the grant type `authorization_code`.
pub struct CodeRequest<'a> {
    /// The code.
    pub code: &'a str,
    redirect_uri: &'a str,
    verifier: Option<&'a str>,
}

/// Reads a token request; asked before the code is taken, so that a malformed request spends none.
///
/// # Errors
///
/// `invalid_request` when a parameter is missing or repeated, `unsupported_grant_type`.
pub fn read(form: &Params) -> Result<CodeRequest<'_>, OAuthError> {
    if let Some(name) = form.repeated() {
        return Err(OAuthError::invalid_request(format!(
            "the parameter {name} is given more than once"
        )));
    }
    let required = |name: &'static str| {
        form.get(name)
            .ok_or_else(|| OAuthError::invalid_request(format!("{name} is missing")))
    };
    match required("grant_type")? {
        "authorization_code" => Ok(CodeRequest {
            code: required("code")?,
            redirect_uri: required("redirect_uri")?,
            verifier: form.get("code_verifier"),
        }),
        _ => Err(OAuthError::new(
            ErrorCode::UnsupportedGrantType,
            "the only grant_type here is authorization_code",
        )),
    }
}

/// Decides what a taken code is worth. The code is spent whatever the answer: one that was shown
/// to us with a wrong verifier may be in the wrong hands (N28).
///
/// # Errors
///
/// `invalid_grant`.
pub fn redeem(
    request: &CodeRequest<'_>,
    client: &Client,
    taken: Option<Granted>,
) -> Result<Granted, OAuthError> {
    let granted = taken.ok_or_else(|| invalid_grant("the code is unknown, spent or expired"))?;
    if granted.grant.client_id != client.id {
        return Err(invalid_grant("the code was given to another client"));
    }
    if granted.grant.redirect_uri != request.redirect_uri {
        return Err(invalid_grant(
            "the redirect_uri is not the one of the authorization request",
        ));
    }
    match (&granted.grant.challenge, request.verifier) {
        (None, None) => Ok(granted),
        (Some(challenge), Some(verifier)) if challenge.is_met_by(verifier) => Ok(granted),
        (Some(_), Some(_)) => Err(invalid_grant(
            "the code_verifier does not match the code_challenge",
        )),
        // RFC 9700 §2.1.1: no downgrade, by either side (N25, N26).
        (Some(_), None) => Err(invalid_grant("the code_verifier is missing")),
        (None, Some(_)) => Err(invalid_grant(
            "there is a code_verifier, and there was no code_challenge",
        )),
    }
}

fn invalid_grant(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, description)
}

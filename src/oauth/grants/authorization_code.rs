//! `authorization_code`: the token request, and whether its code is valid for the client (RFC 6749
//! §4.1.3).

use crate::oauth::client::Client;
use crate::oauth::error::OAuthError;
use crate::oauth::grant::ActiveGrant;
use crate::oauth::params::Params;
use crate::oauth::resource;

/// A token request for the grant type `authorization_code`.
pub struct CodeRequest<'a> {
    /// The code.
    pub code: &'a str,
    /// The resources that tokens are requested for (RFC 8707 §2.2).
    pub resources: Vec<String>,
    redirect_uri: &'a str,
    verifier: Option<&'a str>,
}

/// Reads the request. This happens before the code is redeemed, so that a malformed request does
/// not use it up.
///
/// # Errors
///
/// `invalid_request` when a parameter is missing, `invalid_target` when the client may not request
/// a resource.
pub fn read<'a>(form: &'a Params, client: &Client) -> Result<CodeRequest<'a>, OAuthError> {
    Ok(CodeRequest {
        resources: resource::requested(form, client)?,
        code: form.require("code")?,
        redirect_uri: form.require("redirect_uri")?,
        verifier: form.get("code_verifier"),
    })
}

/// The error for an invalid code, whatever the reason.
#[must_use]
pub fn invalid_code() -> OAuthError {
    OAuthError::invalid_grant("the code is unknown, spent or expired")
}

/// Ensures that a redeemed code of this client was issued for this redirect URI and verifier. The code
/// is spent whatever the result: a code that arrives with a wrong verifier may have been stolen, and
/// its verifier must not be guessed (N28, docs/security.md).
///
/// # Errors
///
/// `invalid_grant`.
pub fn verify(request: &CodeRequest<'_>, granted: &ActiveGrant) -> Result<(), OAuthError> {
    if granted.grant.redirect_uri != request.redirect_uri {
        return Err(OAuthError::invalid_grant(
            "the redirect_uri is not the one of the authorization request",
        ));
    }
    match (&granted.grant.challenge, request.verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) if challenge.matches(verifier) => Ok(()),
        (Some(_), Some(_)) => Err(OAuthError::invalid_grant(
            "the code_verifier does not match the code_challenge",
        )),
        // RFC 9700 §2.1.1: PKCE must not be downgraded, neither by dropping the verifier (N25) nor
        // by removing the challenge from the authorization request (N26).
        (Some(_), None) => Err(OAuthError::invalid_grant("the code_verifier is missing")),
        (None, Some(_)) => Err(OAuthError::invalid_grant(
            "there is a code_verifier, and there was no code_challenge",
        )),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use openidconnect::ClientId;

    use super::*;
    use crate::oauth::client::tests::confidential;
    use crate::oauth::error::ErrorCode;
    use crate::oauth::grant::Grant;
    use crate::oauth::grants::{self, TokenRequest};
    use crate::oauth::pkce::CodeChallenge;
    use crate::oauth::requested_claims::RequestedClaims;
    use crate::oauth::scope::Scopes;
    use crate::session::tests::session;

    // RFC 7636 appendix B
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const GOOD: &str = "grant_type=authorization_code&code=c&redirect_uri=https%3A%2F%2Fapp%2Fcb";

    fn granted(challenge: Option<&str>) -> ActiveGrant {
        let session = session("1");
        ActiveGrant {
            grant: Grant {
                client_id: ClientId::new("app".to_owned()),
                subject: session.user.subject().clone(),
                sid: session.sid,
                scopes: Scopes::parse("openid"),
                redirect_uri: "https://app/cb".to_owned(),
                nonce: None,
                challenge: challenge.and_then(CodeChallenge::parse),
                auth_time: DateTime::UNIX_EPOCH,
                issues_refresh_token: false,
                resources: Vec::new(),
                claims: RequestedClaims::default(),
                acr: None,
            },
            user: session.user,
            link: None,
        }
    }

    fn redeemed(form: &str, granted: Option<ActiveGrant>) -> Result<(), ErrorCode> {
        let form = Params::parse(form.as_bytes()).unwrap();
        let client = confidential("app", "s");
        let TokenRequest::Code(request) =
            grants::read(&form, &client).map_err(|error| error.code)?
        else {
            panic!("another grant");
        };
        let granted = granted.ok_or_else(invalid_code);
        let verified = granted.and_then(|granted| verify(&request, &granted));
        verified.map_err(|error| error.code)
    }

    #[test]
    fn a_malformed_request_is_refused_before_any_code_is_touched() {
        for form in [
            "",
            "grant_type=authorization_code",
            "grant_type=authorization_code&code=c",
            "grant_type=authorization_code&code=c&redirect_uri=",
            "grant_type=authorization_code&code=c&code=d&redirect_uri=x",
        ] {
            assert_eq!(
                redeemed(form, None),
                Err(ErrorCode::InvalidRequest),
                "{form}"
            );
        }
        assert_eq!(
            redeemed("grant_type=password&username=a&password=b", None),
            Err(ErrorCode::UnsupportedGrantType)
        );
    }

    #[test]
    fn n23_a_code_is_valid_only_for_its_redirect_uri() {
        assert_eq!(redeemed(GOOD, Some(granted(None))), Ok(()));
        for form in [
            GOOD.replace("%2Fcb", "%2Fcb%2F"),
            GOOD.replace("%2Fcb", "%2FCB"),
        ] {
            assert_eq!(
                redeemed(&form, Some(granted(None))),
                Err(ErrorCode::InvalidGrant)
            );
        }
        assert_eq!(redeemed(GOOD, None), Err(ErrorCode::InvalidGrant));
    }

    #[test]
    fn n25_n26_pkce_can_be_neither_dropped_nor_added() {
        let with_verifier = |verifier: &str| format!("{GOOD}&code_verifier={verifier}");
        let with_challenge = || Some(granted(Some(CHALLENGE)));
        assert_eq!(redeemed(&with_verifier(VERIFIER), with_challenge()), Ok(()));
        for (form, granted) in [
            (with_verifier(&VERIFIER.replace('d', "e")), with_challenge()),
            (with_verifier(CHALLENGE), with_challenge()),
            (GOOD.to_owned(), with_challenge()),
            (with_verifier(VERIFIER), Some(granted(None))),
        ] {
            assert_eq!(redeemed(&form, granted), Err(ErrorCode::InvalidGrant));
        }
    }
}

//! Every rule of the authorization request, with requests that violate it.

use super::*;
use crate::oauth::client::tests::{confidential, public};
use crate::oauth::response_mode::AuthorizationResponse;
use proptest::prelude::*;

const GOOD: &str = "response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb\
    &scope=openid&state=s&nonce=n";
const CHALLENGE: &str =
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

fn authorize_query(query: &str) -> Result<Authorization, Refusal> {
    let clients: Clients = [confidential("app", "s"), public("spa")]
        .into_iter()
        .collect();
    authorize(
        &Params::parse(query.as_bytes()).unwrap(),
        &clients,
        "https://op",
    )
}

fn accepted(query: &str) -> Authorization {
    authorize_query(query).unwrap_or_else(|refusal| panic!("{query}: {refusal:?}"))
}

/// The error code that the client receives for the valid request with `more` appended.
fn redirected_error(more: &str) -> ErrorCode {
    match authorize_query(&format!("{GOOD}{more}")) {
        Err(Refusal::Redirect(_, error)) => error.code,
        other => panic!("{more}: {other:?}"),
    }
}

fn url(redirect: &VerifiedRedirect, error: &OAuthError) -> String {
    match redirect.with_error(error) {
        AuthorizationResponse::Redirect(url) => url,
        AuthorizationResponse::FormPost { action, .. } => panic!("a form to {action}"),
    }
}

/// The error code that is shown on a page.
fn page_error(query: &str) -> ErrorCode {
    match authorize_query(query) {
        Err(Refusal::Page(error)) => error.code,
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn a_valid_request_is_accepted_with_its_parameters() {
    let authorization = accepted(&format!(
        "{GOOD}{CHALLENGE}&max_age=60&prompt=login%20consent&login_hint=x&unheard=of"
    ));
    assert_eq!(authorization.client.id.as_str(), "app");
    assert_eq!(authorization.scopes.to_string(), "openid");
    assert_eq!(authorization.nonce.unwrap().secret(), "n");
    assert!(authorization.challenge.is_some());
    assert_eq!(authorization.max_age, Some(TimeDelta::seconds(60)));
    assert!(authorization.prompt.login && !authorization.prompt.none);
}

#[test]
fn n11_an_invalid_client_or_redirect_uri_is_never_redirected() {
    for query in [
        "",
        "response_type=code",
        "response_type=code&client_id=nobody&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb",
        "response_type=code&client_id=app",
        "response_type=code&client_id=app&redirect_uri=",
        "response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fevil.com%2Fcb",
    ] {
        assert_eq!(page_error(query), ErrorCode::InvalidRequest);
    }
}

#[test]
fn n12_a_repeated_parameter_is_refused_and_redirected_only_when_safe() {
    assert_eq!(
        page_error(&format!("{GOOD}&client_id=app")),
        ErrorCode::InvalidRequest
    );
    assert_eq!(
        page_error(&format!("{GOOD}&redirect_uri=https%3A%2F%2Fevil.com")),
        ErrorCode::InvalidRequest
    );
    assert_eq!(
        redirected_error("&scope=profile"),
        ErrorCode::InvalidRequest
    );
    assert_eq!(
        redirected_error("&unheard=1&unheard=2"),
        ErrorCode::InvalidRequest
    );
}

#[test]
fn a_repeated_state_is_not_echoed() {
    let Err(Refusal::Redirect(redirect, error)) = authorize_query(&format!("{GOOD}&state=t"))
    else {
        panic!("it must be refused");
    };
    assert!(!url(&redirect, &error).contains("state="));
}

#[test]
fn n14_each_unsupported_parameter_has_its_own_error_code() {
    assert_eq!(
        redirected_error("&request=eyJ"),
        ErrorCode::RequestNotSupported
    );
    assert_eq!(
        redirected_error("&request_uri=http%3A%2F%2F127.0.0.1%2F"),
        ErrorCode::RequestUriNotSupported
    );
    assert_eq!(
        redirected_error("&registration=%7B%7D"),
        ErrorCode::RegistrationNotSupported
    );
}

#[test]
fn n13_only_the_response_type_code_is_supported() {
    for other in ["token", "id_token", "code%20id_token", "CODE", "none"] {
        let query = GOOD.replace("response_type=code", &format!("response_type={other}"));
        let Err(Refusal::Redirect(_, error)) = authorize_query(&query) else {
            panic!("{other}");
        };
        assert_eq!(error.code, ErrorCode::UnsupportedResponseType, "{other}");
    }
}

#[test]
fn responses_and_errors_use_the_requested_response_mode() {
    for (mode, separator) in [("query", '?'), ("fragment", '#')] {
        let query = format!("{GOOD}&response_mode={mode}");
        accepted(&query);
        let Err(Refusal::Redirect(redirect, error)) =
            authorize_query(&format!("{query}&max_age=x"))
        else {
            panic!("it must be refused");
        };
        let start = format!("https://app.example.com/cb{separator}error=invalid_request");
        assert!(url(&redirect, &error).starts_with(&start), "{mode}");
    }
    for more in [
        "&response_mode=nonsense",
        "&response_mode=fragment&response_mode=fragment",
    ] {
        let Err(Refusal::Redirect(redirect, error)) = authorize_query(&format!("{GOOD}{more}"))
        else {
            panic!("it must be refused");
        };
        assert!(url(&redirect, &error).contains("/cb?error="), "by default");
    }
}

#[test]
fn n27_a_challenge_is_s256_or_refused() {
    for more in [
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=plain",
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=s256",
        "&code_challenge=short&code_challenge_method=S256",
        "&code_challenge_method=S256",
    ] {
        assert_eq!(redirected_error(more), ErrorCode::InvalidRequest, "{more}");
    }
}

#[test]
fn a_public_client_needs_a_challenge() {
    let public = GOOD.replace("client_id=app", "client_id=spa");
    assert!(matches!(
        authorize_query(&public),
        Err(Refusal::Redirect(..))
    ));
    assert!(authorize_query(&format!("{public}{CHALLENGE}")).is_ok());
}

#[test]
fn prompt_and_max_age_are_what_is_registered() {
    for more in [
        "&prompt=none%20login",
        "&prompt=create",
        "&max_age=-1",
        "&max_age=soon",
        "&max_age=1.5",
    ] {
        assert_eq!(redirected_error(more), ErrorCode::InvalidRequest, "{more}");
    }
    assert!(accepted(&format!("{GOOD}&prompt=none")).prompt.none);
    let endless = accepted(&format!("{GOOD}&max_age=99999999999999999999"));
    assert_eq!(endless.max_age, Some(TimeDelta::seconds(u32::MAX.into())));
}

proptest! {
    #[test]
    fn any_request_is_decided(query in "(client_id|redirect_uri|scope|state|prompt|max_age|nonce|&|=|app|none|%[0-9a-f]{2}|.){0,40}") {
        if let Ok(params) = Params::parse(query.as_bytes()) {
            let _ = authorize(&params, &Clients::default(), "https://op");
            let _ = authorize_query(&format!("{GOOD}&{query}"));
        }
    }
}

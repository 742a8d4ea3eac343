//! Every rule of the authorization request, and what breaks it.

use super::*;
use crate::oauth::client::tests::{confidential, public};
use crate::oauth::response_mode::AuthorizationResponse;
use proptest::prelude::*;

const GOOD: &str = "response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb\
    &scope=openid&state=s&nonce=n";
const CHALLENGE: &str =
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

fn ask(query: &str) -> Result<Authorization, Refusal> {
    let clients: Clients = [confidential("app", "s"), public("spa")]
        .into_iter()
        .collect();
    authorize(
        &Params::parse(query.as_bytes()).unwrap(),
        &clients,
        "https://op",
    )
}

fn good(query: &str) -> Authorization {
    ask(query).unwrap_or_else(|refusal| panic!("{query}: {refusal:?}"))
}

/// The code told to the client, after a request that has `more` in it.
fn told(more: &str) -> ErrorCode {
    match ask(&format!("{GOOD}{more}")) {
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

/// The code told on a page.
fn shown(query: &str) -> ErrorCode {
    match ask(query) {
        Err(Refusal::Page(error)) => error.code,
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn a_good_request_goes_on_with_what_it_asked() {
    let authorization = good(&format!(
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
fn n11_a_doubt_about_client_or_redirect_never_leaves_our_page() {
    for query in [
        "",
        "response_type=code",
        "response_type=code&client_id=nobody&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb",
        "response_type=code&client_id=app",
        "response_type=code&client_id=app&redirect_uri=",
        "response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fevil.com%2Fcb",
    ] {
        assert_eq!(shown(query), ErrorCode::InvalidRequest);
    }
}

#[test]
fn n12_a_repeat_is_refused_where_it_is_safe_to_say_so() {
    assert_eq!(
        shown(&format!("{GOOD}&client_id=app")),
        ErrorCode::InvalidRequest
    );
    assert_eq!(
        shown(&format!("{GOOD}&redirect_uri=https%3A%2F%2Fevil.com")),
        ErrorCode::InvalidRequest
    );
    assert_eq!(told("&scope=profile"), ErrorCode::InvalidRequest);
    assert_eq!(told("&unheard=1&unheard=2"), ErrorCode::InvalidRequest);
}

#[test]
fn a_repeated_state_is_nobodys_and_not_echoed() {
    let Err(Refusal::Redirect(redirect, error)) = ask(&format!("{GOOD}&state=t")) else {
        panic!("it must be refused");
    };
    assert!(!url(&redirect, &error).contains("state="));
}

#[test]
fn n14_what_is_not_supported_is_refused_by_its_own_code() {
    assert_eq!(told("&request=eyJ"), ErrorCode::RequestNotSupported);
    assert_eq!(
        told("&request_uri=http%3A%2F%2F127.0.0.1%2F"),
        ErrorCode::RequestUriNotSupported
    );
    assert_eq!(
        told("&registration=%7B%7D"),
        ErrorCode::RegistrationNotSupported
    );
}

#[test]
fn n13_only_code_is_answered() {
    for other in ["token", "id_token", "code%20id_token", "CODE", "none"] {
        let query = GOOD.replace("response_type=code", &format!("response_type={other}"));
        let Err(Refusal::Redirect(_, error)) = ask(&query) else {
            panic!("{other}");
        };
        assert_eq!(error.code, ErrorCode::UnsupportedResponseType, "{other}");
    }
}

#[test]
fn a_response_and_every_error_travel_as_the_client_asked() {
    for (mode, joint) in [("query", '?'), ("fragment", '#')] {
        let asked = format!("{GOOD}&response_mode={mode}");
        good(&asked);
        let Err(Refusal::Redirect(redirect, error)) = ask(&format!("{asked}&max_age=x")) else {
            panic!("it must be refused");
        };
        let start = format!("https://app.example.com/cb{joint}error=invalid_request");
        assert!(url(&redirect, &error).starts_with(&start), "{mode}");
    }
    for more in [
        "&response_mode=nonsense",
        "&response_mode=fragment&response_mode=fragment",
    ] {
        let Err(Refusal::Redirect(redirect, error)) = ask(&format!("{GOOD}{more}")) else {
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
        assert_eq!(told(more), ErrorCode::InvalidRequest, "{more}");
    }
}

#[test]
fn a_public_client_needs_a_challenge() {
    let public = GOOD.replace("client_id=app", "client_id=spa");
    assert!(matches!(ask(&public), Err(Refusal::Redirect(..))));
    assert!(ask(&format!("{public}{CHALLENGE}")).is_ok());
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
        assert_eq!(told(more), ErrorCode::InvalidRequest, "{more}");
    }
    assert!(good(&format!("{GOOD}&prompt=none")).prompt.none);
    let endless = good(&format!("{GOOD}&max_age=99999999999999999999"));
    assert_eq!(endless.max_age, Some(TimeDelta::seconds(u32::MAX.into())));
}

proptest! {
    #[test]
    fn any_request_is_decided(query in "(client_id|redirect_uri|scope|state|prompt|max_age|nonce|&|=|app|none|%[0-9a-f]{2}|.){0,40}") {
        if let Ok(params) = Params::parse(query.as_bytes()) {
            let _ = authorize(&params, &Clients::default(), "https://op");
            let _ = ask(&format!("{GOOD}&{query}"));
        }
    }
}

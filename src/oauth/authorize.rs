//! The authorization request: its rules, in the order they are asked (RFC 6749 §4.1.1, OIDC Core
//! §3.1.2).

use std::sync::Arc;

use chrono::TimeDelta;
use openidconnect::Nonce;

use super::claims_request::ClaimsRequest;
use super::client::{Client, Clients};
use super::error::{ErrorCode, OAuthError};
use super::params::Params;
use super::pkce::CodeChallenge;
use super::redirect::VerifiedRedirect;
use super::response_mode::ResponseMode;
use super::scope::{Scope, Scopes};
use super::{acr, resource};
use crate::oauth::grant_type::GrantType;

/// An authorization request that may go on, once somebody is signed in.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// Who asks.
    pub client: Arc<Client>,
    /// Where the answer goes.
    pub redirect: VerifiedRedirect,
    /// What is asked for, as far as it is known.
    pub scopes: Scopes,
    /// The PKCE challenge, if one was sent.
    pub challenge: Option<CodeChallenge>,
    /// To be echoed in the ID token.
    pub nonce: Option<Nonce>,
    /// Which interaction the client wants.
    pub prompt: Prompt,
    /// How old the sign-in may be.
    pub max_age: Option<TimeDelta>,
    /// The resources the tokens are for (RFC 8707).
    pub resources: Vec<String>,
    /// Claims that are asked for one by one.
    pub claims: ClaimsRequest,
    /// The `acr` to tell.
    pub acr: Option<&'static str>,
    /// An ID token of ours that names the person the client expects; not yet verified.
    pub unverified_hint: Option<String>,
}

impl Authorization {
    /// Whether the code shall bring a refresh token.
    #[must_use]
    pub fn is_refreshable(&self) -> bool {
        self.client.gets_refresh_token(&self.scopes)
    }
}

/// The parts of `prompt` that change what happens (OIDC Core §3.1.2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prompt {
    /// `none`: no page may be shown.
    pub none: bool,
    /// `login`, `select_account`: the person, or another one, must sign in anew.
    pub login: bool,
}

/// Why a request goes no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Told on a page: there is no place it could safely be sent to.
    Page(OAuthError),
    /// Told to the client.
    Redirect(VerifiedRedirect, OAuthError),
}

/// Decides whether an authorization request may go on.
///
/// # Errors
///
/// [`Refusal`]: on a page while the redirect URI is not settled, to the client after that.
pub fn authorize(
    asked: &Params,
    clients: &Clients,
    issuer: &str,
) -> Result<Authorization, Refusal> {
    let client = client(asked, clients).map_err(Refusal::Page)?;
    let redirect = redirect_uri(asked, client, issuer).map_err(Refusal::Page)?;
    // Errors travel as the client asked, once that can be read.
    let redirect = redirect.in_mode(response_mode(asked).unwrap_or_default());
    match settle(asked, client, &redirect) {
        Ok(authorization) => Ok(authorization),
        Err(error) => Err(Refusal::Redirect(redirect, error)),
    }
}

fn settle(
    asked: &Params,
    client: &Arc<Client>,
    redirect: &VerifiedRedirect,
) -> Result<Authorization, OAuthError> {
    no_repeats(asked)?;
    no_request_object(asked)?;
    grant_type(client)?;
    response_type(asked)?;
    response_mode(asked)?;
    let claims = claims(asked)?;
    Ok(Authorization {
        client: Arc::clone(client),
        redirect: redirect.clone(),
        scopes: scopes(asked, client),
        challenge: challenge(asked, client)?,
        nonce: asked.get("nonce").map(|nonce| Nonce::new(nonce.to_owned())),
        prompt: prompt(asked)?,
        max_age: max_age(asked)?,
        resources: resource::requested(asked, client)?,
        acr: claims.acr.or_else(|| acr(asked)),
        claims,
        unverified_hint: asked.get("id_token_hint").map(str::to_owned),
    })
}

fn client<'a>(asked: &Params, clients: &'a Clients) -> Result<&'a Arc<Client>, OAuthError> {
    if asked.repeats("client_id") {
        return Err(OAuthError::invalid_request(
            "client_id is given more than once",
        ));
    }
    let id = asked
        .get("client_id")
        .ok_or_else(|| OAuthError::invalid_request("client_id is missing"))?;
    clients
        .get(id)
        .ok_or_else(|| OAuthError::invalid_request("the client_id is not registered here"))
}

fn redirect_uri(
    asked: &Params,
    client: &Client,
    issuer: &str,
) -> Result<VerifiedRedirect, OAuthError> {
    if asked.repeats("redirect_uri") {
        return Err(OAuthError::invalid_request(
            "redirect_uri is given more than once",
        ));
    }
    // OIDC Core §3.1.2.1: REQUIRED.
    let uri = asked
        .get("redirect_uri")
        .ok_or_else(|| OAuthError::invalid_request("redirect_uri is missing"))?;
    // A state that is given twice belongs to nobody; the error that follows goes without one.
    let state = asked.get("state").filter(|_| !asked.repeats("state"));
    VerifiedRedirect::check(
        uri,
        &client.redirect_uris,
        client.is_public(),
        issuer,
        state,
    )
}

fn no_repeats(asked: &Params) -> Result<(), OAuthError> {
    match asked.repeated() {
        Some(name) => Err(OAuthError::invalid_request(format!(
            "the parameter {name} is given more than once"
        ))),
        None => Ok(()),
    }
}

/// OIDC Core §6.1, §6.2, §7.2.1: what is not supported is refused by its own code, and nothing is
/// fetched (N14).
fn no_request_object(asked: &Params) -> Result<(), OAuthError> {
    for (name, code) in [
        ("request", ErrorCode::RequestNotSupported),
        ("request_uri", ErrorCode::RequestUriNotSupported),
        ("registration", ErrorCode::RegistrationNotSupported),
    ] {
        if asked.get(name).is_some() {
            return Err(OAuthError::new(
                code,
                format!("the parameter {name} is not supported"),
            ));
        }
    }
    Ok(())
}

/// RFC 7591 §2: a client that is not registered for codes gets none.
fn grant_type(client: &Client) -> Result<(), OAuthError> {
    if client.may_use(GrantType::AuthorizationCode) {
        return Ok(());
    }
    Err(OAuthError::new(
        ErrorCode::UnauthorizedClient,
        "the client is not registered for the grant type authorization_code",
    ))
}

/// "The Authorization Server MUST ignore the `offline_access` request" where it cannot be granted
/// (OIDC Core §11). Nor is `email` granted where there is none.
fn scopes(asked: &Params, client: &Client) -> Scopes {
    let mut scopes = asked.get("scope").map(Scopes::parse).unwrap_or_default();
    if !client.claims.bring_email() {
        scopes = scopes.without(Scope::Email);
    }
    if client.may_use(GrantType::RefreshToken) {
        return scopes;
    }
    scopes.without(Scope::OfflineAccess)
}

fn response_type(asked: &Params) -> Result<(), OAuthError> {
    match asked.get("response_type") {
        Some("code") => Ok(()),
        Some(_) => Err(OAuthError::new(
            ErrorCode::UnsupportedResponseType,
            "the only response_type here is code",
        )),
        None => Err(OAuthError::invalid_request("response_type is missing")),
    }
}

fn response_mode(asked: &Params) -> Result<ResponseMode, OAuthError> {
    let mode = asked.get("response_mode");
    let mode = mode.filter(|_| !asked.repeats("response_mode"));
    mode.map_or(Some(ResponseMode::default()), ResponseMode::parse)
        .ok_or_else(|| {
            OAuthError::invalid_request("the response_mode is not query, fragment or form_post")
        })
}

fn challenge(asked: &Params, client: &Client) -> Result<Option<CodeChallenge>, OAuthError> {
    let method = asked.get("code_challenge_method");
    let Some(challenge) = asked.get("code_challenge") else {
        if method.is_some() {
            return Err(OAuthError::invalid_request(
                "code_challenge_method is given without code_challenge",
            ));
        }
        if client.require_pkce {
            return Err(OAuthError::invalid_request(
                "this client must use PKCE: code_challenge is missing",
            ));
        }
        return Ok(None);
    };
    // RFC 7636 §4.3: a missing method means plain, which is refused like any other but S256 (N27).
    if method != Some("S256") {
        return Err(OAuthError::invalid_request(
            "the only code_challenge_method here is S256",
        ));
    }
    match CodeChallenge::parse(challenge) {
        Some(challenge) => Ok(Some(challenge)),
        None => Err(OAuthError::invalid_request(
            "code_challenge is not 43 characters of base64url",
        )),
    }
}

fn prompt(asked: &Params) -> Result<Prompt, OAuthError> {
    let mut prompt = Prompt::default();
    let words: Vec<_> = asked
        .get("prompt")
        .unwrap_or_default()
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect();
    for word in &words {
        match *word {
            "none" => prompt.none = true,
            // Accounts are chosen at the portal: whoever comes from there is the user.
            "login" | "select_account" => prompt.login = true,
            // The operator consents for all.
            "consent" => {}
            _ => {
                return Err(OAuthError::invalid_request(
                    "prompt has a value nobody registered",
                ));
            }
        }
    }
    if prompt.none && words.len() > 1 {
        return Err(OAuthError::invalid_request(
            "prompt=none cannot be joined with another value",
        ));
    }
    Ok(prompt)
}

/// OIDC Core §5.5.1.1: an essential `acr` that cannot be met is a failed login.
fn claims(asked: &Params) -> Result<ClaimsRequest, OAuthError> {
    let Some(json) = asked.get("claims") else {
        return Ok(ClaimsRequest::default());
    };
    let claims = ClaimsRequest::parse(json)?;
    if claims.unmet_acr {
        return Err(OAuthError::new(
            ErrorCode::UnmetAuthenticationRequirements,
            "none of the essential acr values can be met; the discovery document has those that can",
        ));
    }
    Ok(claims)
}

/// `acr_values` asks for a voluntary claim: what cannot be met is left out (OIDC Core §5.5.1.1).
fn acr(asked: &Params) -> Option<&'static str> {
    asked.get("acr_values").and_then(acr::first_supported)
}

fn max_age(asked: &Params) -> Result<Option<TimeDelta>, OAuthError> {
    let Some(text) = asked.get("max_age") else {
        return Ok(None);
    };
    let seconds = text
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse::<u32>().unwrap_or(u32::MAX));
    match seconds {
        Some(seconds) => Ok(Some(TimeDelta::seconds(seconds.into()))),
        None => Err(OAuthError::invalid_request(
            "max_age is not a number of seconds",
        )),
    }
}

#[cfg(test)]
mod tests;

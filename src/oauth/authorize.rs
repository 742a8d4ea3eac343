//! The authorization request: its rules, in the order they are checked (RFC 6749 §4.1.1, OIDC Core
//! §3.1.2).

use std::sync::Arc;

use chrono::TimeDelta;
use openidconnect::Nonce;

use super::claims_request::ClaimsRequest;
use super::client::Client;
use super::error::{ErrorCode, OAuthError};
use super::params::Params;
use super::pkce::CodeChallenge;
use super::redirect::VerifiedRedirect;
use super::request_object::RequestObject;
use super::response_mode::ResponseMode;
use super::scope::Scopes;
use super::{acr, resource};
use crate::oauth::clients::Clients;
use crate::oauth::grant_type::GrantType;

/// The longest `nonce`, in bytes. It is stored with the code; clients send a hash or random bytes.
const MAX_NONCE_BYTES: usize = 512;

/// The longest `state`, in bytes. It is echoed; some clients keep the address of a page in it.
const MAX_STATE_BYTES: usize = 8192;

/// A valid authorization request. It can be granted once a user is signed in.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// The client that sent the request.
    pub client: Arc<Client>,
    /// Where the response goes.
    pub redirect: VerifiedRedirect,
    /// The requested scopes, without those that are unknown or that this client cannot get.
    pub scopes: Scopes,
    /// The PKCE challenge, if one was sent.
    pub challenge: Option<CodeChallenge>,
    /// The `nonce` to echo in the ID token.
    pub nonce: Option<Nonce>,
    /// The interaction that the client wants.
    pub prompt: Prompt,
    /// The maximum age of the sign-in.
    pub max_age: Option<TimeDelta>,
    /// The resources the tokens are for (RFC 8707).
    pub resources: Vec<String>,
    /// The claims that are requested by name.
    pub claims: ClaimsRequest,
    /// The `acr` to include in the ID token.
    pub acr: Option<&'static str>,
    /// The `id_token_hint`, not yet verified: an ID token that names the user the client expects.
    pub unverified_hint: Option<String>,
}

impl Authorization {
    /// Whether the code yields a refresh token.
    #[must_use]
    pub fn is_refreshable(&self) -> bool {
        self.client.gets_refresh_token(&self.scopes)
    }
}

/// The values of `prompt` that have an effect (OIDC Core §3.1.2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prompt {
    /// `none`: no page may be shown.
    pub none: bool,
    /// `login`, `select_account`: the same or another user must sign in again.
    pub login: bool,
}

/// Why an authorization request is refused, and where the error goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Shown on a page: there is no verified redirect URI to send it to.
    Page(OAuthError),
    /// Sent to the redirect URI of the client.
    Redirect(VerifiedRedirect, OAuthError),
}

/// Validates an authorization request.
///
/// # Errors
///
/// [`Refusal`]: shown on a page until the redirect URI is verified, sent to the client after that.
pub fn authorize(
    params: &Params,
    clients: &Clients,
    issuer: &str,
) -> Result<Authorization, Refusal> {
    let client = client(params, clients).map_err(Refusal::Page)?;
    let object = RequestObject::unverified(params);
    let redirect = redirect_uri(params, &object, client, issuer).map_err(Refusal::Page)?;
    // Errors use the requested response mode too. An invalid mode falls back to the default.
    let mode = object.or_of(params, "response_mode");
    let redirect = redirect.in_mode(mode.and_then(ResponseMode::parse).unwrap_or_default());
    match validate(params, client, &redirect) {
        Ok(authorization) => Ok(authorization),
        Err(error) => Err(Refusal::Redirect(redirect, error)),
    }
}

fn validate(
    params: &Params,
    client: &Arc<Client>,
    redirect: &VerifiedRedirect,
) -> Result<Authorization, OAuthError> {
    params.well_formed()?;
    bounded(params, "state", MAX_STATE_BYTES)?;
    no_request_object(params)?;
    grant_type(client)?;
    response_type(params)?;
    response_mode(params)?;
    let claims = claims(params)?;
    Ok(Authorization {
        client: Arc::clone(client),
        redirect: redirect.clone(),
        scopes: scopes(params, client),
        challenge: challenge(params, client)?,
        nonce: nonce(params)?,
        prompt: prompt(params)?,
        max_age: max_age(params)?,
        resources: resource::requested(params, client)?,
        acr: claims.acr.or_else(|| acr(params)),
        claims,
        unverified_hint: params.get("id_token_hint").map(str::to_owned),
    })
}

fn client<'a>(params: &Params, clients: &'a Clients) -> Result<&'a Arc<Client>, OAuthError> {
    if params.repeats("client_id") {
        return Err(OAuthError::invalid_request(
            "client_id is given more than once",
        ));
    }
    let id = params
        .get("client_id")
        .ok_or_else(|| OAuthError::invalid_request("client_id is missing"))?;
    clients
        .get(id)
        .ok_or_else(|| OAuthError::invalid_request("the client_id is not registered here"))
}

fn redirect_uri(
    params: &Params,
    object: &RequestObject,
    client: &Client,
    issuer: &str,
) -> Result<VerifiedRedirect, OAuthError> {
    if params.repeats("redirect_uri") {
        return Err(OAuthError::invalid_request(
            "redirect_uri is given more than once",
        ));
    }
    // OIDC Core §3.1.2.1: REQUIRED.
    let uri = object
        .or_of(params, "redirect_uri")
        .ok_or_else(|| OAuthError::invalid_request("redirect_uri is missing"))?;
    // A `state` that is given twice, or is not UTF-8, cannot be returned as it came: the error response goes
    // without one, as it does if the `state` is too long.
    let is_ambiguous = params.repeats("state") || params.is_garbled("state");
    let state = object.or_of(params, "state").filter(|_| !is_ambiguous);
    let state = state.filter(|state| state.len() <= MAX_STATE_BYTES);
    VerifiedRedirect::check(
        uri,
        &client.redirect_uris,
        client.is_public(),
        issuer,
        state,
    )
}

/// The value of a parameter that is stored or echoed. A browser with a session could fill the disk with
/// long values (N60, docs/security.md).
fn bounded<'a>(
    params: &'a Params,
    name: &str,
    max_bytes: usize,
) -> Result<Option<&'a str>, OAuthError> {
    match params.get(name) {
        Some(value) if value.len() > max_bytes => Err(OAuthError::invalid_request(format!(
            "{name} is longer than {max_bytes} bytes"
        ))),
        value => Ok(value),
    }
}

fn nonce(params: &Params) -> Result<Option<Nonce>, OAuthError> {
    let nonce = bounded(params, "nonce", MAX_NONCE_BYTES)?;
    // It is stored with the code, and PostgreSQL has no text with this character.
    if nonce.is_some_and(|nonce| nonce.contains('\0')) {
        return Err(OAuthError::invalid_request(
            "the nonce has a null character",
        ));
    }
    Ok(nonce.map(|nonce| Nonce::new(nonce.to_owned())))
}

/// Each unsupported parameter is refused with its own error code (OIDC Core §6.1, §6.2, §7.2.1).
/// Nothing is fetched: a `request_uri` could make this server call an internal address (N14,
/// docs/security.md).
fn no_request_object(params: &Params) -> Result<(), OAuthError> {
    for (name, code) in [
        ("request", ErrorCode::RequestNotSupported),
        ("request_uri", ErrorCode::RequestUriNotSupported),
        ("registration", ErrorCode::RegistrationNotSupported),
    ] {
        if params.get(name).is_some() {
            return Err(OAuthError::new(
                code,
                format!("the parameter {name} is not supported"),
            ));
        }
    }
    Ok(())
}

/// A client that is not registered for the grant type `authorization_code` gets no code (RFC 7591
/// §2).
fn grant_type(client: &Client) -> Result<(), OAuthError> {
    if client.may_use(GrantType::AuthorizationCode) {
        return Ok(());
    }
    Err(OAuthError::new(
        ErrorCode::UnauthorizedClient,
        "the client is not registered for the grant type authorization_code",
    ))
}

/// The requested scopes that the client can have. The others are ignored, here and in every later
/// request of the login.
fn scopes(params: &Params, client: &Client) -> Scopes {
    let requested = params.get("scope").map(Scopes::parse).unwrap_or_default();
    client.obtainable(requested)
}

fn response_type(params: &Params) -> Result<(), OAuthError> {
    match params.get("response_type") {
        Some("code") => Ok(()),
        Some(_) => Err(OAuthError::new(
            ErrorCode::UnsupportedResponseType,
            "the only response_type here is code",
        )),
        None => Err(OAuthError::invalid_request("response_type is missing")),
    }
}

fn response_mode(params: &Params) -> Result<ResponseMode, OAuthError> {
    let mode = params.get("response_mode");
    let mode = mode.filter(|_| !params.repeats("response_mode"));
    mode.map_or(Some(ResponseMode::default()), ResponseMode::parse)
        .ok_or_else(|| {
            OAuthError::invalid_request("the response_mode is not query, fragment or form_post")
        })
}

fn challenge(params: &Params, client: &Client) -> Result<Option<CodeChallenge>, OAuthError> {
    let method = params.get("code_challenge_method");
    let Some(challenge) = params.get("code_challenge") else {
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
    // RFC 7636 §4.3: a missing method means `plain`. Every method except S256 is refused here, not
    // later at the token endpoint (N27).
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

fn prompt(params: &Params) -> Result<Prompt, OAuthError> {
    let mut prompt = Prompt::default();
    let words: Vec<_> = params
        .get("prompt")
        .unwrap_or_default()
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect();
    for word in &words {
        match *word {
            "none" => prompt.none = true,
            // The account is chosen at the portal: the person who signs in there is the user.
            "login" | "select_account" => prompt.login = true,
            // The operator has consented for all users.
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

/// An essential `acr` that cannot be met is a failed login (OIDC Core §5.5.1.1).
fn claims(params: &Params) -> Result<ClaimsRequest, OAuthError> {
    let Some(json) = params.get("claims") else {
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

/// `acr_values` requests a voluntary claim: values that cannot be met are ignored (OIDC Core
/// §5.5.1.1).
fn acr(params: &Params) -> Option<&'static str> {
    params.get("acr_values").and_then(acr::first_supported)
}

fn max_age(params: &Params) -> Result<Option<TimeDelta>, OAuthError> {
    let Some(text) = params.get("max_age") else {
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

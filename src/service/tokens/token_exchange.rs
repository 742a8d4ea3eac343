//! Token exchange (RFC 8693): for a ticket of the portal, or for an access token.

use std::sync::Arc;

use chrono::TimeDelta;
use panda_oidc_sdk::{LoginError, Ticket};

use super::issue::{GrantedTokens, TokenIssue, client_token_claims, new_family};
use crate::app::App;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::GrantId;
use crate::login::sign_in::TicketHolder;
use crate::login::ticket;
use crate::oauth::claims::AccessTokenClaims;
use crate::oauth::claims_request::RequestedClaims;
use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::grant::Grant;
use crate::oauth::grant_type::{ACCESS_TOKEN, SubjectTokenType};
use crate::oauth::grants::token_exchange::{ExchangeRequest, narrow_access_token, ticket_scopes};
use crate::service::access::{AccessDenied, denial};
use crate::service::access_tokens;
use crate::service::client_sign_in::sign_in_for_client;
use crate::service::error::Error;
use crate::service::ticket_verification::SignInError;
use crate::session::{Session, User};
use crate::store::CodeRedemption;

/// Exchanges the subject token for an access token.
///
/// # Errors
///
/// `invalid_request` when the subject token is not valid (RFC 8693 §2.2.2), `invalid_target`,
/// `invalid_scope`; `temporarily_unavailable` while the portal or the store does not respond.
pub(super) async fn exchange(
    app: &Arc<App>,
    client: &Client,
    request: ExchangeRequest<'_>,
) -> Result<TokenIssue, Error> {
    let issue = match request.subject_token_type {
        SubjectTokenType::Ticket => with_ticket(app, client, request).await?,
        SubjectTokenType::AccessToken => with_access_token(app, client, request).await?,
    };
    Ok(TokenIssue {
        issued_token_type: Some(ACCESS_TOKEN),
        // RFC 8693 §2.2.1 returns one token, so no ID token. A client that needs the claims of the
        // user can call userinfo.
        login: None,
        ..issue
    })
}

/// The new token expires no later than the subject token, and is revoked with the same grant.
async fn with_access_token(
    app: &App,
    client: &Client,
    request: ExchangeRequest<'_>,
) -> Result<TokenIssue, Error> {
    // 1. Look up the token. A `client_credentials` token has no user, so it cannot be exchanged; the
    //    client can request another one itself.
    let found = access_tokens::find(app, request.subject_token).await?;
    let subject_token = found.and_then(|found| Some((found.claims, found.granted?)));
    // 2. Check that the client may exchange it for a token for that service.
    let claims = subject_token.as_ref().map(|(claims, _)| claims);
    let narrowed = narrow_access_token(request, client, claims)?;
    let (subject_claims, granted) = subject_token.ok_or_else(unacceptable)?;
    let id = subject_claims.grant().ok_or_else(unacceptable)?;
    require_access_for_all(app, client, &narrowed.audience, &granted.user).await?;
    // 3. Issue the token.
    let own = client_token_claims(app, client, narrowed.audience);
    let claims = AccessTokenClaims::of_grant(&granted, id, &narrowed.scopes, own);
    Ok(TokenIssue::of(AccessTokenClaims {
        exp: claims.exp.min(subject_claims.exp),
        ..claims
    }))
}

/// Exchanges a ticket that an application received. From now on the client owns the ticket, as a
/// browser would: no browser and no other client can use it.
async fn with_ticket(
    app: &Arc<App>,
    client: &Client,
    request: ExchangeRequest<'_>,
) -> Result<TokenIssue, Error> {
    let ticket = ticket::parse_plain(request.subject_token).map_err(|_| unacceptable())?;
    // 1. Sign the ticket's user in.
    let session = sign_in(app, client, ticket).await?;
    // 2. Check that the user has access to the client, and to each service the token is for.
    require_access_for_all(app, client, &request.targets, &session.user).await?;
    // 3. Create a grant, as an authorization request would, and redeem it at once.
    let scopes = ticket_scopes(&request, client);
    let audience = match request.targets.as_slice() {
        [] => client.access_token.audience.clone(),
        targets => targets.to_vec(),
    };
    let refreshable = client.gets_refresh_token(&scopes);
    let grant = Grant {
        client_id: client.id.clone(),
        subject: session.user.subject().clone(),
        sid: session.sid,
        scopes: scopes.clone(),
        redirect_uri: String::new(),
        nonce: None,
        challenge: None,
        auth_time: session.auth_time,
        issues_refresh_token: refreshable,
        resources: request.targets,
        claims: RequestedClaims::default(),
        acr: None,
    };
    let now = app.host.clock.now();
    let id = GrantId::of(&Handle::random(&mut rand::rng()));
    let code_expires_at = now + TimeDelta::minutes(1);
    let retain_until = now + client.access_token.lifetime;
    app.store
        .issue(&id, grant, code_expires_at, retain_until)
        .await?;
    let (first, family) = new_family(client, now);
    let CodeRedemption::Granted(granted) = app.store.redeem(&id, Some(family), now).await? else {
        return Err(unacceptable().into());
    };
    // 4. Issue the tokens.
    let login = GrantedTokens {
        id,
        granted: *granted,
        scopes,
        audience,
        refresh_token: Some(first).filter(|_| refreshable),
    };
    Ok(login.issue(app, client))
}

/// Requires that the user has access to the client, and to each service the token is for.
///
/// # Errors
///
/// `invalid_request` for a subject token that is "unacceptable based on policy" (RFC 8693 §2.2.2);
/// `invalid_target` when the service denies access.
async fn require_access_for_all(
    app: &App,
    client: &Client,
    targets: &[String],
    user: &User,
) -> Result<(), Error> {
    if let Some(denied) = denial(app, client, user).await? {
        return Err(refused(
            ErrorCode::InvalidRequest,
            "the client is not open to the person the subject_token is about",
            &denied,
        ));
    }
    for service in app.clients.restricting_access_to(targets) {
        if let Some(denied) = denial(app, service, user).await? {
            return Err(refused(
                ErrorCode::InvalidTarget,
                "the service is not open to the person the subject_token is about",
                &denied,
            ));
        }
    }
    Ok(())
}

fn refused(code: ErrorCode, description: &'static str, denied: &AccessDenied) -> Error {
    tracing::info!("An exchange is refused: {denied}");
    OAuthError::new(code, description).into()
}

async fn sign_in(app: &Arc<App>, client: &Client, ticket: Ticket) -> Result<Session, Error> {
    let holder = TicketHolder::Client(client.id.clone());
    let signed_in = sign_in_for_client(app, holder, ticket).await;
    let session = signed_in.map_err(|error| match error {
        SignInError::Store(error) => Error::Store(error),
        SignInError::Login(LoginError::Unreachable(_) | LoginError::Unintelligible(_)) => {
            let description = "nobody can be identified at the moment; try again";
            let error_response = OAuthError::new(ErrorCode::TemporarilyUnavailable, description);
            Error::NotSignedIn(error_response, error)
        }
        other => Error::NotSignedIn(unacceptable(), other),
    })?;
    let (client_id, subject) = (client.id.as_str(), session.user.subject());
    tracing::info!(%subject, sid = %session.sid, client_id, "{client_id} exchanged a ticket of {subject}");
    Ok(session)
}

/// The error for a subject token that is not valid. It is the same for every reason, so that the
/// client cannot tell them apart.
fn unacceptable() -> OAuthError {
    OAuthError::invalid_request(
        "the subject_token is unknown, expired, or belongs to somebody else",
    )
}

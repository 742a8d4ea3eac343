//! Token exchange (RFC 8693): for a ticket of the portal, or for an access token.

use std::net::IpAddr;
use std::sync::Arc;

use panda_oidc_sdk::Ticket;

use super::audience::CheckedAudience;
use super::issue::{GrantedTokens, TokenIssue, client_token_claims, new_family};
use crate::app::App;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::GrantId;
use crate::login::sign_in::TicketHolder;
use crate::login::ticket;
use crate::oauth::claims::AccessTokenClaims;
use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::grant::Grant;
use crate::oauth::grant_type::{ACCESS_TOKEN, SubjectTokenType};
use crate::oauth::grants::token_exchange::{
    ExchangeRequest, invalid_subject_token, narrow_access_token, ticket_scopes,
};
use crate::oauth::requested_claims::RequestedClaims;
use crate::oauth::resource;
use crate::service::access::access_denial;
use crate::service::access_tokens::{self, TokenGrant};
use crate::service::caller::Caller;
use crate::service::client_sign_in::sign_in_for_client;
use crate::service::error::Error;
use crate::service::ticket_verification::SignInError;
use crate::session::{Session, User};

/// Exchanges the subject token for an access token. `address` is that of the client.
///
/// # Errors
///
/// `invalid_request` when the subject token is not valid (RFC 8693 §2.2.2), `invalid_target`,
/// `invalid_scope`; `temporarily_unavailable` while the portal or the store does not respond.
pub(super) async fn exchange(
    app: &Arc<App>,
    client: &Client,
    request: ExchangeRequest<'_>,
    address: IpAddr,
) -> Result<TokenIssue, Error> {
    let issue = match request.subject_token_type {
        SubjectTokenType::Ticket => with_ticket(app, client, request, address).await?,
        SubjectTokenType::AccessToken => with_access_token(app, client, request).await?,
    };
    Ok(TokenIssue {
        issued_token_type: Some(ACCESS_TOKEN),
        // RFC 8693 §2.2.1 returns one token, so no ID token. A client that needs the claims of the
        // user can call userinfo.
        id_token: None,
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
    let subject = found.ok_or_else(invalid_subject_token)?;
    let TokenGrant { id, granted, .. } = subject.grant.ok_or_else(invalid_subject_token)?;
    // 2. Check that the client may exchange it for a token for that service.
    let narrowed = narrow_access_token(request, client, (&subject.claims, &subject.client))?;
    if subject.client.id != client.id {
        require_access_to_client(app, client, &granted.user).await?;
    }
    let audience = CheckedAudience::of_user(app, narrowed.audience, &granted.user).await?;
    // 3. Issue the token.
    let own = client_token_claims(app, client, audience);
    let claims = AccessTokenClaims::of_grant(&granted, id, &narrowed.scopes, own);
    Ok(TokenIssue::of(AccessTokenClaims {
        exp: claims.exp.min(subject.claims.exp),
        ..claims
    }))
}

/// Exchanges a ticket that an application received. From now on the client owns the ticket, as a
/// browser would: no browser and no other client can use it.
async fn with_ticket(
    app: &Arc<App>,
    client: &Client,
    request: ExchangeRequest<'_>,
    address: IpAddr,
) -> Result<TokenIssue, Error> {
    let ticket = ticket::parse_plain(request.subject_token).map_err(|_| invalid_subject_token())?;
    // 1. Sign the ticket's user in.
    let session = sign_in(app, client, ticket, address).await?;
    // 2. Check that the user has access to the client, and to each service the token is for.
    require_access_to_client(app, client, &session.user).await?;
    let audience = resource::audience(request.targets.clone(), client, &[])?;
    let audience = CheckedAudience::of_user(app, audience, &session.user).await?;
    // 3. Store the grant.
    let scopes = ticket_scopes(&request, client);
    let issues_refresh_token = client.gets_refresh_token(&scopes);
    let grant = Grant {
        client_id: client.id.clone(),
        subject: session.user.subject().clone(),
        sid: session.sid,
        scopes: scopes.clone(),
        // There was no authorization request.
        redirect_uri: String::new(),
        nonce: None,
        challenge: None,
        auth_time: session.auth_time,
        issues_refresh_token,
        resources: request.targets,
        claims: RequestedClaims::default(),
        acr: None,
    };
    let now = app.host.clock.now();
    // A grant is otherwise identified by its code. This one has none.
    let id = GrantId::of(&Handle::random(&mut rand::rng()));
    let (first, family) = new_family(client, now);
    let retain_until = now + client.access_token.lifetime;
    let granted = app
        .store
        .issue_redeemed(&id, grant, family, retain_until, now)
        .await?
        .ok_or_else(invalid_subject_token)?;
    // 4. Issue the tokens.
    let tokens = GrantedTokens {
        id,
        granted,
        scopes,
        audience,
        refresh_token: Some(first).filter(|_| issues_refresh_token),
    };
    Ok(tokens.issue(app, client))
}

/// Requires that the user has access to the client.
///
/// # Errors
///
/// `invalid_request` for a subject token that is "unacceptable based on policy" (RFC 8693 §2.2.2).
async fn require_access_to_client(app: &App, client: &Client, user: &User) -> Result<(), Error> {
    match access_denial(app, client, user).await? {
        None => Ok(()),
        Some(denied) => {
            tracing::info!("An exchange is refused: {denied}");
            let description = "the client is not open to the person the subject_token is about";
            Err(OAuthError::invalid_request(description).into())
        }
    }
}

async fn sign_in(
    app: &Arc<App>,
    client: &Client,
    ticket: Ticket,
    address: IpAddr,
) -> Result<Session, Error> {
    let caller = Caller {
        address: Some(address),
        client_id: Some(client.id.to_string()),
    };
    // A client that proves itself serves many people from one address.
    let address = Some(address).filter(|_| client.is_public());
    let holder = TicketHolder::Client(client.id.clone());
    let signed_in = sign_in_for_client(app, holder, ticket, address, &caller).await;
    let session = signed_in.map_err(|error| match error {
        SignInError::Store(error) => Error::Store(error),
        failure if failure.is_temporary() => {
            let description = "nobody can be identified at the moment; try again";
            let error_response = OAuthError::new(ErrorCode::TemporarilyUnavailable, description);
            Error::NotSignedIn(error_response, failure)
        }
        refused => Error::NotSignedIn(invalid_subject_token(), refused),
    })?;
    let (client_id, subject) = (client.id.as_str(), session.user.subject());
    tracing::info!(%subject, sid = %session.sid, client_id, "{client_id} exchanged a ticket of {subject}");
    Ok(session)
}

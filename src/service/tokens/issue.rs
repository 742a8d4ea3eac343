//! Makes and signs tokens; shared by all grant types.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use rand::RngExt as _;

use super::audience::CheckedAudience;
use crate::app::App;
use crate::crypto::identifiers::GrantId;
use crate::crypto::refresh_token::RefreshToken;
use crate::keys::{SignError, at_hash};
use crate::oauth::claims::{self, AccessTokenClaims};
use crate::oauth::client::Client;
use crate::oauth::grant::ActiveGrant;
use crate::oauth::scope::{Scope, Scopes};
use crate::oauth::token_response::TokenResponse;
use crate::store::NewFamily;

/// The tokens to sign for a token response.
pub(super) struct TokenIssue {
    pub access_token: AccessTokenClaims,
    /// The source of the ID token; `None` if the grant type yields none.
    pub id_token: Option<IdTokenSource>,
    pub refresh_token: Option<RefreshToken>,
    pub issued_token_type: Option<&'static str>,
}

/// What an ID token is made from. It is issued if the scopes include `openid`.
pub(super) struct IdTokenSource {
    granted: ActiveGrant,
    scopes: Scopes,
}

/// A user's grant, and the part of it that this request uses.
pub(super) struct GrantedTokens {
    /// The grant's identifier.
    pub id: GrantId,
    /// The grant.
    pub granted: ActiveGrant,
    /// The scopes of the tokens: all scopes of the grant, or some of them.
    pub scopes: Scopes,
    /// The audience of the access token.
    pub audience: CheckedAudience,
    /// The refresh token to return with them.
    pub refresh_token: Option<RefreshToken>,
}

impl GrantedTokens {
    /// The tokens to sign for the grant.
    pub(super) fn issue(self, app: &App, client: &Client) -> TokenIssue {
        let own = client_token_claims(app, client, self.audience);
        let access_token = AccessTokenClaims::of_grant(&self.granted, self.id, &self.scopes, own);
        TokenIssue {
            id_token: Some(IdTokenSource {
                granted: self.granted,
                scopes: self.scopes,
            }),
            refresh_token: self.refresh_token,
            ..TokenIssue::of(access_token)
        }
    }
}

impl TokenIssue {
    /// An access token only.
    pub(super) fn of(access_token: AccessTokenClaims) -> Self {
        Self {
            access_token,
            id_token: None,
            refresh_token: None,
            issued_token_type: None,
        }
    }
}

/// The first refresh token of a grant, and the row that the store keeps for its family.
pub(super) fn new_family(client: &Client, now: DateTime<Utc>) -> (RefreshToken, NewFamily) {
    let first = RefreshToken::random(&mut rand::rng());
    let family = NewFamily {
        family: first.family(),
        token: first.digest(),
        expires_at: now + client.refresh_token.idle_lifetime,
        retain_until: now + client.refresh_token.lifetime,
    };
    (first, family)
}

/// The claims of an access token for the client itself, with a fresh `jti`.
pub(super) fn client_token_claims(
    app: &App,
    client: &Client,
    audience: CheckedAudience,
) -> AccessTokenClaims {
    let jti = BASE64_URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 16]>());
    let now = app.host.clock.now();
    let audience = audience.into_names();
    AccessTokenClaims::of_client(client, audience, jti, app.issuer.as_str(), now)
}

/// Signs the tokens.
///
/// # Errors
///
/// When a key cannot sign.
pub(super) fn sign(
    app: &App,
    client: &Client,
    issue: TokenIssue,
) -> Result<TokenResponse, SignError> {
    let claims = issue.access_token;
    let (alg, typ) = (client.access_token.alg, client.access_token.typ);
    let access_token = app.keys.sign(alg, typ, &claims)?;
    let source = issue
        .id_token
        .filter(|source| source.scopes.contains(Scope::Openid));
    let session_state = source
        .as_ref()
        .map(|source| source.granted.grant.sid.to_string());
    let id_token = source
        .map(|source| sign_id_token(app, client, source, &access_token))
        .transpose()?;
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: claims.exp - claims.iat,
        id_token,
        refresh_token: issue.refresh_token.map(|token| token.expose()),
        scope: claims.scope,
        session_state,
        issued_token_type: issue.issued_token_type,
    })
}

/// Signs the ID token that is issued with `access_token`.
fn sign_id_token(
    app: &App,
    client: &Client,
    source: IdTokenSource,
    access_token: &str,
) -> Result<String, SignError> {
    let IdTokenSource { granted, scopes } = source;
    let profile = app.profile(granted.user, granted.link);
    let alg = client.id_token_alg;
    let at_hash = at_hash(alg, access_token);
    let claims = claims::id_token(
        (&granted.grant, &profile),
        &scopes,
        client,
        app.issuer.as_str(),
        &at_hash,
        app.host.clock.now(),
    );
    app.rule_log.log(claims.failures());
    app.keys.sign(alg, "JWT", &claims)
}

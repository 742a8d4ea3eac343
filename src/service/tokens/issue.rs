//! Makes and signs tokens; shared by all grant types.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use rand::RngExt as _;

use crate::app::App;
use crate::crypto::identifiers::GrantId;
use crate::crypto::refresh_token::RefreshToken;
use crate::keys::at_hash;
use crate::oauth::claims::{self, AccessTokenClaims};
use crate::oauth::client::Client;
use crate::oauth::grant::ActiveGrant;
use crate::oauth::scope::{Scope, Scopes};
use crate::oauth::token_response::TokenResponse;
use crate::service::error::Error;
use crate::store::NewFamily;

/// The tokens to sign for a token response.
pub(super) struct TokenIssue {
    pub access_token: AccessTokenClaims,
    /// The grant and scopes for the ID token.
    pub login: Option<(ActiveGrant, Scopes)>,
    pub refresh_token: Option<RefreshToken>,
    pub issued_token_type: Option<&'static str>,
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
    pub audience: Vec<String>,
    /// The refresh token to return with them.
    pub refresh_token: Option<RefreshToken>,
}

impl GrantedTokens {
    /// The tokens to sign for this login.
    pub(super) fn issue(self, app: &App, client: &Client) -> TokenIssue {
        let own = client_token_claims(app, client, self.audience);
        let access_token = AccessTokenClaims::of_grant(&self.granted, self.id, &self.scopes, own);
        TokenIssue {
            login: Some((self.granted, self.scopes)),
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
            login: None,
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
    audience: Vec<String>,
) -> AccessTokenClaims {
    let jti = BASE64_URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 16]>());
    let now = app.host.clock.now();
    AccessTokenClaims::of_client(client, audience, jti, app.issuer.as_str(), now)
}

/// Signs the tokens.
///
/// # Errors
///
/// [`Error::Signing`].
pub(super) fn sign(app: &App, client: &Client, issue: TokenIssue) -> Result<TokenResponse, Error> {
    let TokenIssue {
        access_token: claims,
        login,
        refresh_token,
        issued_token_type,
    } = issue;
    let now = app.host.clock.now();
    let issuer = app.issuer.as_str();
    let (alg, typ) = (client.access_token.alg, client.access_token.typ);
    let access_token = app.keys.sign(alg, typ, &claims)?;
    let login = login.filter(|(_, scopes)| scopes.contains(Scope::Openid));
    let login = login.map(|(ActiveGrant { grant, user, link }, scopes)| {
        ((grant, app.profile(user, link)), scopes)
    });
    let id_token = login.as_ref().map(|((grant, profile), scopes)| {
        let at_hash = at_hash(client.id_token_alg, &access_token);
        let claims = claims::id_token((grant, profile), scopes, client, issuer, &at_hash, now);
        app.rule_log.log(claims.failures());
        app.keys.sign(client.id_token_alg, "JWT", &claims)
    });
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: claims.exp - claims.iat,
        id_token: id_token.transpose()?,
        refresh_token: refresh_token.map(|token| token.expose()),
        scope: claims.scope,
        session_state: login.map(|((grant, _), _)| grant.sid.to_string()),
        issued_token_type,
    })
}

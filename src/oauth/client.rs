//! A registered client: its metadata, already checked (RFC 7591 §2).

use chrono::TimeDelta;
use openidconnect::ClientId;
use url::Url;

use super::claim_mapping::ClaimRules;
use super::client_auth::method::Authentication;
use super::error::{ErrorCode, OAuthError};
use super::launch_settings::LaunchSettings;
use super::redirect::RegisteredUri;
use super::scope::{Scope, Scopes};
use crate::keys::SigningAlg;
use crate::oauth::grant_type::{GrantType, SubjectTokenType};
use crate::people::{AccessRules, Contact};

/// A registered client.
#[derive(Debug, Clone)]
pub struct Client {
    /// `client_id`.
    pub id: ClientId,
    /// `client_name`, or the identifier if there is none. Users see this name.
    pub name: String,
    /// How the client authenticates at the token endpoint.
    pub authentication: Authentication,
    /// Whether it may send the parameters of a token request, its secret among them, in the URL
    /// (`token_parameters_in_url`).
    pub token_parameters_in_url: bool,
    /// `redirect_uris`.
    pub redirect_uris: Vec<RegisteredUri>,
    /// `initiate_login_uri`: the URL at which the client starts a login (OIDC Core §4).
    pub initiate_login_uri: Option<Url>,
    /// `client_uri`: the client's home page; deep links stay below it.
    pub client_uri: Option<Url>,
    /// What it receives with a launch.
    pub launch: LaunchSettings,
    /// The URLs for logout.
    pub logout: LogoutUris,
    /// `require_pkce`; always true for public clients.
    pub require_pkce: bool,
    /// `id_token_signed_response_alg`.
    pub id_token_alg: SigningAlg,
    /// `id_token_claims`.
    pub id_token_claims: ClaimsInIdToken,
    /// `userinfo_signed_response_alg`. Without it, userinfo is plain JSON.
    pub userinfo_alg: Option<SigningAlg>,
    /// The format and lifetime of its access tokens.
    pub access_token: AccessTokenSettings,
    /// The resources this client serves, as the `aud` of access tokens names them (`resources`).
    pub resources: Vec<String>,
    /// The resources it may request tokens for (`allowed_resources`, RFC 8707).
    pub allowed_resources: Vec<String>,
    /// `grant_types`.
    pub grant_types: Vec<GrantType>,
    /// The types of token it may exchange (`subject_token_types`, RFC 8693).
    pub subject_token_types: Vec<SubjectTokenType>,
    /// When it gets refresh tokens, and how long they live.
    pub refresh_token: RefreshPolicy,
    /// Which users may use it (`allow`, `deny`, `unlinked`); all of them if `None`.
    pub access: Option<AccessRules>,
    /// The contact shown to users without access (`contact`).
    pub contact: Option<Contact>,
    /// Which claims about users it gets.
    pub claims: ClaimRules,
}

/// Which claims about the user are in a client's ID tokens. Claims that are requested by name are there
/// in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClaimsInIdToken {
    /// The same as in userinfo. Many apps read nothing else.
    #[default]
    Full,
    /// Those of the scope `openid`.
    Minimal,
}

/// A client's URLs for logout.
#[derive(Debug, Clone, Default)]
pub struct LogoutUris {
    /// `post_logout_redirect_uris` (RP-Initiated Logout 1.0 §3.1).
    pub post_redirects: Vec<RegisteredUri>,
    /// `backchannel_logout_uri` (Back-Channel Logout 1.0 §2.2).
    pub backchannel: Option<Url>,
    /// `frontchannel_logout_uri` (Front-Channel Logout 1.0 §2).
    pub frontchannel: Option<Url>,
}

/// When a client that is registered for `refresh_token` gets refresh tokens, and how long they
/// live.
#[derive(Debug, Clone)]
pub struct RefreshPolicy {
    /// With every login, not only when `offline_access` is granted (`refresh_token`).
    pub always: bool,
    /// The lifetime of a refresh token family, from its first token on (`refresh_token_lifetime`).
    pub lifetime: TimeDelta,
    /// How long a token is valid if it is not used (`refresh_token_idle_lifetime`).
    pub idle_lifetime: TimeDelta,
    /// How long a token that was used may be used again (`refresh_token_grace`).
    pub grace: TimeDelta,
}

/// The format and lifetime of a client's access tokens.
#[derive(Debug, Clone)]
pub struct AccessTokenSettings {
    /// `access_token_signed_response_alg`.
    pub alg: SigningAlg,
    /// `access_token_typ`: the `typ` of the header.
    pub typ: &'static str,
    /// `access_token_lifetime`.
    pub lifetime: TimeDelta,
    /// `access_token_audience`; the issuer if none is configured.
    pub audience: Vec<String>,
}

impl Client {
    /// Whether the client is public: it cannot keep a secret (RFC 6749 §2.1).
    #[must_use]
    pub fn is_public(&self) -> bool {
        matches!(self.authentication, Authentication::None)
    }

    /// Whether a grant of `scopes` yields a refresh token.
    #[must_use]
    pub fn gets_refresh_token(&self, scopes: &Scopes) -> bool {
        self.may_use(GrantType::RefreshToken)
            && (self.refresh_token.always || scopes.contains(Scope::OfflineAccess))
    }

    /// Those of `requested` that the client can have at all. "The Authorization Server MUST ignore
    /// the `offline_access` request" of a client that gets no refresh tokens (OIDC Core §11), and
    /// `email` is ignored if the client gets no addresses.
    #[must_use]
    pub fn obtainable(&self, requested: Scopes) -> Scopes {
        let unobtainable = [
            (Scope::Email, !self.claims.grants_email()),
            (Scope::OfflineAccess, !self.may_use(GrantType::RefreshToken)),
        ];
        let ignored = unobtainable.into_iter().filter(|(_, ignore)| *ignore);
        ignored.fold(requested, |kept, (scope, _)| kept.without(scope))
    }

    /// The scopes that a later request for `requested` gets of the scopes `held`, which a login of
    /// this client was granted. What was ignored at the login is ignored again: clients repeat the
    /// scope of their authorization request.
    ///
    /// # Errors
    ///
    /// `invalid_scope` for a scope that the client could have had and was not granted: the scope
    /// "MUST NOT include any scope not originally granted" (RFC 6749 §6; scope escalation, N37,
    /// docs/security.md).
    pub fn narrow(&self, requested: &str, held: &Scopes) -> Result<Scopes, OAuthError> {
        let requested = Scopes::parse(requested);
        let is_granted = self.obtainable(requested.clone()).is_subset_of(held);
        if is_granted {
            return Ok(requested.within(held));
        }
        Err(OAuthError::new(
            ErrorCode::InvalidScope,
            "more is asked for than was granted",
        ))
    }

    /// Whether it is registered for `grant_type`.
    #[must_use]
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::crypto::identifiers::SecretHash;

    pub(crate) fn public(id: &str) -> Client {
        Client {
            id: ClientId::new(id.to_owned()),
            name: id.to_owned(),
            authentication: Authentication::None,
            token_parameters_in_url: false,
            redirect_uris: vec![RegisteredUri::new("https://app.example.com/cb").unwrap()],
            initiate_login_uri: None,
            client_uri: None,
            launch: LaunchSettings::default(),
            logout: LogoutUris::default(),
            require_pkce: true,
            id_token_alg: SigningAlg::ES256,
            id_token_claims: ClaimsInIdToken::Full,
            userinfo_alg: None,
            access_token: AccessTokenSettings {
                alg: SigningAlg::ES256,
                typ: "at+jwt",
                lifetime: TimeDelta::minutes(10),
                audience: vec!["https://op".to_owned()],
            },
            resources: Vec::new(),
            allowed_resources: Vec::new(),
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            subject_token_types: Vec::new(),
            refresh_token: RefreshPolicy {
                always: false,
                lifetime: TimeDelta::days(90),
                idle_lifetime: TimeDelta::days(30),
                grace: TimeDelta::seconds(10),
            },
            access: None,
            contact: None,
            claims: ClaimRules::default(),
        }
    }

    pub(crate) fn confidential(id: &str, secret: &str) -> Client {
        let digest = SecretHash::of(secret.as_bytes());
        Client {
            authentication: Authentication::Secret {
                digest,
                basic: true,
                post: true,
            },
            require_pkce: false,
            ..public(id)
        }
    }
}

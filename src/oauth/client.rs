//! A registered client: its metadata, already checked (RFC 7591 §2).

use chrono::TimeDelta;
use openidconnect::ClientId;
use url::Url;

use super::claim_mapping::ClaimRules;
use super::client_auth::method::Authentication;
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
            redirect_uris: vec![RegisteredUri::new("https://app.example.com/cb").unwrap()],
            initiate_login_uri: None,
            client_uri: None,
            launch: LaunchSettings::default(),
            logout: LogoutUris::default(),
            require_pkce: true,
            id_token_alg: SigningAlg::ES256,
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

//! Registered clients: their metadata, already checked (RFC 7591 §2).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;
use openidconnect::ClientId;
use subtle::ConstantTimeEq as _;
use url::Url;

use super::claim_mapping::ClaimRules;
use super::redirect::RegisteredUri;
use super::scope::{Scope, Scopes};
use crate::crypto::identifiers::SecretHash;
use crate::keys::SigningAlg;
use crate::keys::jws::JwsAlg;
use crate::keys::public_keys::PublicKeys;
use crate::keys::shared_key::SharedKey;
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

/// How a client authenticates at the token endpoint (OIDC Core §9).
#[derive(Debug, Clone)]
pub enum Authentication {
    /// Not at all: a public client (`none`).
    None,
    /// With a secret.
    Secret {
        /// The hash of the secret.
        digest: SecretHash,
        /// `client_secret_basic` is accepted.
        basic: bool,
        /// `client_secret_post` is accepted.
        post: bool,
    },
    /// With an assertion that is signed with its secret (`client_secret_jwt`).
    SecretJwt {
        /// The secret.
        key: SharedKey,
        /// `token_endpoint_auth_signing_alg`. If unset, any algorithm that the secret is long
        /// enough for.
        alg: Option<JwsAlg>,
    },
    /// With an assertion that is signed with its private key (`private_key_jwt`).
    PrivateKeyJwt {
        /// Its public keys.
        keys: ClientKeys,
        /// `token_endpoint_auth_signing_alg`. If unset, any algorithm that fits one of its keys.
        alg: Option<JwsAlg>,
    },
}

/// Where a client's public keys are.
#[derive(Debug, Clone)]
pub enum ClientKeys {
    /// In its registration: `jwks`.
    Inline(PublicKeys),
    /// At a URL: `jwks_uri`.
    Remote(Url),
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

/// Whether `digest` is the hash of `secret`. The comparison takes constant time, so that response
/// times reveal nothing about the secret (N46, docs/security.md).
pub(super) fn secret_matches(digest: &SecretHash, secret: &str) -> bool {
    digest
        .as_bytes()
        .ct_eq(SecretHash::of(secret.as_bytes()).as_bytes())
        .into()
}

/// All registered clients.
#[derive(Debug, Default)]
pub struct Clients(HashMap<String, Arc<Client>>);

impl Clients {
    /// The client with the identifier `id`.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Client>> {
        self.0.get(id)
    }

    /// All clients, sorted by identifier.
    #[must_use]
    pub fn all(&self) -> Vec<&Arc<Client>> {
        let mut all: Vec<_> = self.0.values().collect();
        all.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        all
    }

    /// The clients that restrict access and serve one of `resources`. A resource is a client's
    /// identifier or one of its `resources`.
    pub fn restricting_access_to<'a>(
        &'a self,
        resources: &'a [String],
    ) -> impl Iterator<Item = &'a Client> {
        let serves = |client: &Client| {
            let names =
                |name: &String| name == client.id.as_str() || client.resources.contains(name);
            resources.iter().any(names)
        };
        let clients = self.0.values().map(AsRef::as_ref);
        clients.filter(move |client| client.access.is_some() && serves(client))
    }

    /// Whether the scope `email` yields a claim for any client.
    #[must_use]
    pub fn any_gets_email(&self) -> bool {
        self.0.values().any(|client| client.claims.grants_email())
    }

    /// The `jwks_uri` of every client that has one.
    #[must_use]
    pub fn jwks_uris(&self) -> Vec<Url> {
        let uris = self.0.values().filter_map(|client| {
            let Authentication::PrivateKeyJwt { keys, .. } = &client.authentication else {
                return None;
            };
            match keys {
                ClientKeys::Remote(uri) => Some(uri.clone()),
                ClientKeys::Inline(_) => None,
            }
        });
        uris.collect()
    }

    /// The origins of all redirect URIs. Scripts of these origins may read the responses to
    /// clients.
    ///
    /// A public client may receive its code at any port of a loopback address (RFC 8252 §7.3). That
    /// is for native apps, which have no origin. A web page in development uses the port it
    /// registers.
    #[must_use]
    pub fn origins(&self) -> BTreeSet<String> {
        let uris = self.0.values().flat_map(|client| &client.redirect_uris);
        uris.filter_map(RegisteredUri::origin).collect()
    }
}

/// No client has this identifier. The message repeats the identifier only if it is clearly a
/// misspelling of a registered one. Any other text may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoSuchClient(String);

impl Clients {
    /// The error for the unknown identifier `id`. It suggests the most similar registered
    /// identifier.
    #[must_use]
    pub fn nearest(&self, id: &str) -> NoSuchClient {
        let similarity = |known: &&str| strsim::jaro_winkler(id, known);
        let nearest = self
            .0
            .keys()
            .map(String::as_str)
            .max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
        NoSuchClient(match nearest {
            Some(known) if similarity(&known) > 0.85 => {
                format!("no client is called {id:?}; did the menu entry mean {known:?}?")
            }
            _ => "the menu entry names no registered client; check its address".to_owned(),
        })
    }
}

impl FromIterator<Client> for Clients {
    fn from_iter<T: IntoIterator<Item = Client>>(clients: T) -> Self {
        Self(
            clients
                .into_iter()
                .map(|client| (client.id.to_string(), Arc::new(client)))
                .collect(),
        )
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn public(id: &str) -> Client {
        Client {
            id: ClientId::new(id.to_owned()),
            name: id.to_owned(),
            authentication: Authentication::None,
            redirect_uris: vec![RegisteredUri::new("https://app.example.com/cb").unwrap()],
            initiate_login_uri: None,
            client_uri: None,
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

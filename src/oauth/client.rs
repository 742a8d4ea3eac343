//! Clients as the protocol sees them: registered metadata, checked (RFC 7591 §2).

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
use crate::keys::verifiers::{PublicKeys, SharedKey};
use crate::oauth::grant_type::{GrantType, SubjectTokenType};
use crate::people::{AccessRules, Contact};

/// A registered client.
#[derive(Debug, Clone)]
pub struct Client {
    /// `client_id`.
    pub id: ClientId,
    /// `client_name`, or the identifier where there is none: what people are shown.
    pub name: String,
    /// How the client proves itself at the token endpoint.
    pub authentication: Authentication,
    /// `redirect_uris`.
    pub redirect_uris: Vec<RegisteredUri>,
    /// `initiate_login_uri`: where a login of the client begins (OIDC Core §4).
    pub initiate_login_uri: Option<Url>,
    /// `client_uri`: the client's home page; deep links stay below it.
    pub client_uri: Option<Url>,
    /// What happens at a logout.
    pub logout: LogoutUris,
    /// `require_pkce`; always true of public clients.
    pub require_pkce: bool,
    /// `id_token_signed_response_alg`.
    pub id_token_alg: SigningAlg,
    /// `userinfo_signed_response_alg`; userinfo is plain JSON where there is none.
    pub userinfo_alg: Option<SigningAlg>,
    /// What its access tokens look like.
    pub access_token: AccessTokens,
    /// The resources this client serves, as the `aud` of access tokens names them (`resources`).
    pub resources: Vec<String>,
    /// The resources it may ask tokens for (`allowed_resources`, RFC 8707).
    pub allowed_resources: Vec<String>,
    /// `grant_types`.
    pub grant_types: Vec<GrantType>,
    /// What it may exchange (`subject_token_types`, RFC 8693).
    pub subject_token_types: Vec<SubjectTokenType>,
    /// When it gets refresh tokens, and for how long.
    pub refresh_token: RefreshPolicy,
    /// Who may use it (`allow`, `deny`, `unlinked`); everybody where there is none.
    pub access: Option<AccessRules>,
    /// Whom to ask who may not (`contact`).
    pub contact: Option<Contact>,
    /// What it is told of people.
    pub claims: ClaimRules,
}

/// A client's addresses for logouts.
#[derive(Debug, Clone, Default)]
pub struct LogoutUris {
    /// `post_logout_redirect_uris` (RP-Initiated Logout 1.0 §3.1).
    pub post_redirects: Vec<RegisteredUri>,
    /// `backchannel_logout_uri` (Back-Channel Logout 1.0 §2.2).
    pub backchannel: Option<Url>,
    /// `frontchannel_logout_uri` (Front-Channel Logout 1.0 §2).
    pub frontchannel: Option<Url>,
}

/// When a client that is registered for `refresh_token` gets refresh tokens, and for how long.
#[derive(Debug, Clone)]
pub struct RefreshPolicy {
    /// With every login, not only where `offline_access` is granted (`refresh_token`).
    pub always: bool,
    /// How long the last of a family can be good, from the first on (`refresh_token_lifetime`).
    pub lifetime: TimeDelta,
    /// How long one is good unless it is used (`refresh_token_idle_lifetime`).
    pub idle_lifetime: TimeDelta,
    /// How long one that was used may be used again (`refresh_token_grace`).
    pub grace: TimeDelta,
}

/// What a client's access tokens look like.
#[derive(Debug, Clone)]
pub struct AccessTokens {
    /// `access_token_signed_response_alg`.
    pub alg: SigningAlg,
    /// `access_token_typ`: the `typ` of the header.
    pub typ: &'static str,
    /// `access_token_lifetime`.
    pub lifetime: TimeDelta,
    /// `access_token_audience`; the issuer where none is configured.
    pub audience: Vec<String>,
}

/// How a client proves itself at the token endpoint (OIDC Core §9).
#[derive(Debug, Clone)]
pub enum Authentication {
    /// Not at all: a public client (`none`).
    None,
    /// By a secret.
    Secret {
        /// The secret's digest.
        digest: SecretHash,
        /// `client_secret_basic` is accepted.
        basic: bool,
        /// `client_secret_post` is accepted.
        post: bool,
    },
    /// By an assertion signed with its secret (`client_secret_jwt`).
    SecretJwt {
        /// The secret.
        key: SharedKey,
        /// `token_endpoint_auth_signing_alg`; any that the secret is long enough for unless set.
        alg: Option<JwsAlg>,
    },
    /// By an assertion signed with a key of its own (`private_key_jwt`).
    PrivateKeyJwt {
        /// Its public keys.
        keys: ClientKeys,
        /// `token_endpoint_auth_signing_alg`; any that its keys are for unless set.
        alg: Option<JwsAlg>,
    },
}

/// Where a client's public keys are.
#[derive(Debug, Clone)]
pub enum ClientKeys {
    /// Registered themselves: `jwks`.
    Here(PublicKeys),
    /// At an address: `jwks_uri`.
    At(Url),
}

impl Client {
    /// Whether the client can keep a secret (RFC 6749 §2.1).
    #[must_use]
    pub fn is_public(&self) -> bool {
        matches!(self.authentication, Authentication::None)
    }

    /// Whether a grant of `scopes` brings it a refresh token.
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

/// Whether `secret` is the one `digest` was made of, in constant time (N46).
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
    /// The client called `id`.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Client>> {
        self.0.get(id)
    }

    /// All clients, by identifier.
    #[must_use]
    pub fn all(&self) -> Vec<&Arc<Client>> {
        let mut all: Vec<_> = self.0.values().collect();
        all.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        all
    }

    /// The clients that serve one of `resources`, by name or by resource, and are not open to everybody.
    pub fn guarding<'a>(&'a self, resources: &'a [String]) -> impl Iterator<Item = &'a Client> {
        let serves = |client: &Client| {
            let names =
                |name: &String| name == client.id.as_str() || client.resources.contains(name);
            resources.iter().any(names)
        };
        let clients = self.0.values().map(AsRef::as_ref);
        clients.filter(move |client| client.access.is_some() && serves(client))
    }

    /// Whether the scope `email` brings anything to any of them.
    #[must_use]
    pub fn bring_email(&self) -> bool {
        self.0.values().any(|client| client.claims.bring_email())
    }

    /// Where clients publish their public keys: every `jwks_uri`.
    #[must_use]
    pub fn jwks_uris(&self) -> Vec<Url> {
        let uris = self.0.values().filter_map(|client| {
            let keys = match &client.authentication {
                Authentication::PrivateKeyJwt { keys, .. } => keys,
                _ => return None,
            };
            match keys {
                ClientKeys::At(uri) => Some(uri.clone()),
                ClientKeys::Here(_) => None,
            }
        });
        uris.collect()
    }

    /// The origins of the pages that clients may be sent back to: those whose scripts may read what
    /// is answered to clients.
    ///
    /// A public client may have its code sent to any port of a loopback address (RFC 8252 §7.3).
    /// That is for programs, which have no origin; a page in development has the port it registers.
    #[must_use]
    pub fn origins(&self) -> BTreeSet<String> {
        let uris = self.0.values().flat_map(|client| &client.redirect_uris);
        uris.filter_map(RegisteredUri::origin).collect()
    }
}

/// There is no client of a name. What was asked for is repeated only where it is plainly a slip of
/// a name there is: anything else that stands in its place may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoSuchClient(String);

impl Clients {
    /// Says which client may have been meant by `id`, which is none.
    #[must_use]
    pub fn nearest(&self, id: &str) -> NoSuchClient {
        let likeness = |known: &&str| strsim::jaro_winkler(id, known);
        let nearest = self
            .0
            .keys()
            .map(String::as_str)
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        NoSuchClient(match nearest {
            Some(known) if likeness(&known) > 0.85 => {
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
            access_token: AccessTokens {
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

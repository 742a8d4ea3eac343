//! All registered clients, by identifier.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use url::Url;

use super::client::Client;
use super::client_auth::method::{Authentication, ClientKeys};
use super::redirect::RegisteredUri;

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

/// No client has this identifier. The message repeats the identifier only if it is clearly a
/// misspelling of a registered one. Any other text may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoSuchClient(String);

//! All registered clients, by identifier.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use url::Url;

use super::client::Client;
use super::client_auth::method::{Authentication, ClientKeys};
use super::redirect::RegisteredUri;

/// The longest text that is compared with identifiers to find what was meant, in bytes: as long as the
/// longest identifier, with every character encoded.
const MAX_COMPARED_BYTES: usize = 3 * 128;

/// All registered clients.
#[derive(Debug, Default)]
pub struct Clients {
    by_id: HashMap<String, Arc<Client>>,
    /// The clients that restrict access, under each resource that they serve.
    restricting: HashMap<String, Vec<Arc<Client>>>,
}

impl Clients {
    /// The client with the identifier `id`.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Client>> {
        self.by_id.get(id)
    }

    /// All clients, sorted by identifier.
    #[must_use]
    pub fn all(&self) -> Vec<&Arc<Client>> {
        let mut all: Vec<_> = self.by_id.values().collect();
        all.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        all
    }

    /// The clients that restrict access and serve one of `resources`. A resource is a client's
    /// identifier or one of its `resources`.
    pub fn restricting_access_to<'a>(
        &'a self,
        resources: &'a [String],
    ) -> impl Iterator<Item = &'a Client> {
        let serving = resources
            .iter()
            .filter_map(|name| self.restricting.get(name));
        serving.flatten().map(AsRef::as_ref)
    }

    /// Whether the scope `email` yields a claim for any client.
    #[must_use]
    pub fn any_gets_email(&self) -> bool {
        self.by_id
            .values()
            .any(|client| client.claims.grants_email())
    }

    /// The `jwks_uri` of every client that has one.
    #[must_use]
    pub fn jwks_uris(&self) -> Vec<Url> {
        let uris = self.by_id.values().filter_map(|client| {
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
        let uris = self.by_id.values().flat_map(|client| &client.redirect_uris);
        uris.filter_map(RegisteredUri::origin).collect()
    }

    /// The error for the unknown identifier `id`. It suggests the most similar registered
    /// identifier.
    #[must_use]
    pub fn nearest(&self, id: &str) -> NoSuchClient {
        let known = self.by_id.keys().map(String::as_str);
        let known = known.filter(|_| id.len() <= MAX_COMPARED_BYTES);
        let rated = known.map(|known| (strsim::jaro_winkler(id, known), known));
        let nearest = rated.max_by(|(a, _), (b, _)| a.total_cmp(b));
        NoSuchClient(match nearest {
            Some((similarity, known)) if similarity > 0.85 => {
                format!("no client is called {id:?}; did the menu entry mean {known:?}?")
            }
            _ => "the menu entry names no registered client; check its address".to_owned(),
        })
    }
}

impl FromIterator<Client> for Clients {
    fn from_iter<T: IntoIterator<Item = Client>>(clients: T) -> Self {
        let by_id: HashMap<_, _> = clients
            .into_iter()
            .map(|client| (client.id.to_string(), Arc::new(client)))
            .collect();
        let mut restricting: HashMap<String, Vec<Arc<Client>>> = HashMap::new();
        for client in by_id.values().filter(|client| client.access.is_some()) {
            let names = client.resources.iter().map(String::as_str);
            let names: BTreeSet<_> = names.chain([client.id.as_str()]).collect();
            for name in names {
                let serving = restricting.entry(name.to_owned()).or_default();
                serving.push(Arc::clone(client));
            }
        }
        Self { by_id, restricting }
    }
}

/// No client has this identifier. The message repeats the identifier only if it is clearly a
/// misspelling of a registered one. Any other text may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoSuchClient(String);

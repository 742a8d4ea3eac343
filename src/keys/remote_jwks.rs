//! The public keys that clients publish at their `jwks_uri`: fetched, cached, and fetched again
//! when no key verifies a signature.
//!
//! Only a `jwks_uri` that the operator registered is ever fetched, which prevents SSRF (N15,
//! docs/security.md). Each is fetched at most every ten seconds, so that tokens with unknown keys
//! cannot flood the client's server (N60). Of concurrent requests that need the same keys, one
//! fetches them and the others wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc_sdk::{Clock, Host, TlsProblem};
use reqwest::header::ACCEPT;
use reqwest::{Response, StatusCode};
use tokio::sync::watch;
use url::Url;

use crate::keys::public_keys::{InvalidJwks, PublicKeys};

/// How long cached keys are used before they are fetched again.
const FRESH_TTL: TimeDelta = TimeDelta::minutes(10);
/// How long cached keys are used while the client's server does not respond.
const STALE_TTL: TimeDelta = TimeDelta::hours(24);
/// The shortest time between two requests to the same URL.
const MIN_FETCH_INTERVAL: TimeDelta = TimeDelta::seconds(10);
/// The timeout for the whole response.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest response body that is read, in bytes.
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// The cached keys of all registered `jwks_uri`s.
pub struct RemoteJwks {
    host: Host,
    endpoints: HashMap<Url, Arc<JwksEndpoint>>,
}

/// Why the keys could not be fetched.
#[derive(Debug, thiserror::Error)]
#[error("the keys at the jwks_uri {uri} cannot be had")]
pub struct JwksUnavailable {
    uri: Url,
    #[source]
    cause: FetchError,
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(
        "no whole answer came within five seconds; check that this machine reaches the address"
    )]
    Unreachable(#[source] reqwest::Error),
    #[error("no TLS connection: {0}")]
    Tls(TlsProblem),
    #[error(
        "it answers {0}; register the address of the document itself, redirects are not followed"
    )]
    Status(StatusCode),
    #[error("it answers with more than 64 KiB; it has to be the client's JWK Set alone")]
    TooLarge,
    #[error("what it answers is of no use; it has to be the client's JWK Set with a public key")]
    Unfit(#[source] InvalidJwks),
    #[error("it is not one that is registered")]
    Unregistered,
    #[error("the request for it was given up; it is asked again in a moment")]
    GivenUp,
}

impl FetchError {
    /// Whether the client's server returned a JWK Set without a usable key, which withdraws the
    /// cached keys. Any other error may be an outage, or an error page.
    fn withdraws_keys(&self) -> bool {
        matches!(self, Self::Unfit(unfit) if *unfit != InvalidJwks::NoSet)
    }
}

type FetchResult = Result<Arc<PublicKeys>, Arc<JwksUnavailable>>;

struct JwksEndpoint {
    uri: Url,
    cache: Mutex<JwksCache>,
}

/// The cached state of one `jwks_uri`. The lock is held only to read or update it, never while
/// waiting.
#[derive(Default)]
struct JwksCache {
    keys: Option<(DateTime<Utc>, Arc<PublicKeys>)>,
    last_fetch: Option<(DateTime<Utc>, Option<Arc<JwksUnavailable>>)>,
    in_flight: Option<watch::Receiver<Option<FetchResult>>>,
}

enum Next {
    Use(FetchResult),
    Wait(watch::Receiver<Option<FetchResult>>),
    Fetch(watch::Sender<Option<FetchResult>>),
}

impl RemoteJwks {
    /// A cache for `uris`. Nothing is fetched yet.
    #[must_use]
    pub fn new(uris: impl IntoIterator<Item = Url>, host: Host) -> Self {
        let none = Self {
            endpoints: HashMap::new(),
            host: host.clone(),
        };
        none.reloaded(uris, host)
    }

    /// A cache for `uris`, with the keys of those that this one has.
    #[must_use]
    pub fn reloaded(&self, uris: impl IntoIterator<Item = Url>, host: Host) -> Self {
        let endpoints = uris.into_iter().map(|uri| {
            let endpoint = self.endpoints.get(&uri).map_or_else(
                || {
                    let uri = uri.clone();
                    let cache = Mutex::default();
                    Arc::new(JwksEndpoint { uri, cache })
                },
                Arc::clone,
            );
            (uri, endpoint)
        });
        Self {
            endpoints: endpoints.collect(),
            host,
        }
    }

    /// The keys at `uri`, at most ten minutes old; at most 24 hours old while the client's server
    /// is down.
    ///
    /// # Errors
    ///
    /// [`JwksUnavailable`], for the operator's log.
    pub async fn at(&self, uri: &Url) -> FetchResult {
        self.newer_than(None, uri).await
    }

    /// The keys at `uri` after a signature did not verify with `old`: the client may have rotated
    /// its keys. Returns `old` again if the keys were fetched less than ten seconds ago.
    ///
    /// # Errors
    ///
    /// As [`RemoteJwks::at`].
    pub async fn newer(&self, old: &Arc<PublicKeys>, uri: &Url) -> FetchResult {
        self.newer_than(Some(old), uri).await
    }

    async fn newer_than(&self, old: Option<&Arc<PublicKeys>>, uri: &Url) -> FetchResult {
        let Some(endpoint) = self.endpoints.get(uri) else {
            return Err(no_keys(uri, FetchError::Unregistered));
        };
        let next = endpoint.lock().next(old, self.host.clock.now());
        let result = match next {
            Next::Use(result) => result,
            Next::Wait(receiver) => wait(receiver, uri).await,
            Next::Fetch(sender) => {
                let receiver = sender.subscribe();
                // A separate task: other requests may wait for it even if this one is cancelled.
                tokio::spawn(fetch_and_store(
                    Arc::clone(endpoint),
                    self.host.clone(),
                    sender,
                ));
                wait(receiver, uri).await
            }
        };
        match (result, old) {
            (Err(error), None) => endpoint.lock().stale(self.host.clock.now()).ok_or(error),
            (result, _) => result,
        }
    }
}

impl JwksEndpoint {
    fn lock(&self) -> MutexGuard<'_, JwksCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JwksCache {
    /// The cached keys to use while the client's server does not respond.
    fn stale(&self, now: DateTime<Utc>) -> Option<Arc<PublicKeys>> {
        let keys = self.keys.as_ref();
        let (_, keys) = keys.filter(|(at, _)| (now - *at).abs() < STALE_TTL)?;
        Some(Arc::clone(keys))
    }

    fn next(&mut self, old: Option<&Arc<PublicKeys>>, now: DateTime<Utc>) -> Next {
        let age = |then: DateTime<Utc>| (now - then).abs();
        let keys = self.keys.as_ref().filter(|(at, _)| age(*at) < FRESH_TTL);
        let keys = keys.map(|(_, keys)| keys);
        match (keys, old) {
            (Some(keys), None) => return Next::Use(Ok(Arc::clone(keys))),
            (Some(keys), Some(old)) if !Arc::ptr_eq(keys, old) => {
                return Next::Use(Ok(Arc::clone(keys)));
            }
            _ => {}
        }
        if let Some(in_flight) = &self.in_flight
            && in_flight.has_changed().is_ok()
        {
            return Next::Wait(in_flight.clone());
        }
        let recent = self
            .last_fetch
            .as_ref()
            .filter(|(at, _)| age(*at) < MIN_FETCH_INTERVAL);
        match (recent, old) {
            (Some((_, Some(error))), None) => return Next::Use(Err(Arc::clone(error))),
            (Some(_), Some(old)) => return Next::Use(Ok(Arc::clone(old))),
            _ => {}
        }
        let (sender, receiver) = watch::channel(None);
        self.in_flight = Some(receiver);
        self.last_fetch = Some((now, None));
        Next::Fetch(sender)
    }
}

async fn wait(mut receiver: watch::Receiver<Option<FetchResult>>, uri: &Url) -> FetchResult {
    match receiver.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(result)) => result.clone(),
        _ => Err(no_keys(uri, FetchError::GivenUp)),
    }
}

/// Fetches the keys, caches the result, and sends it to every request that waits.
async fn fetch_and_store(
    endpoint: Arc<JwksEndpoint>,
    host: Host,
    sender: watch::Sender<Option<FetchResult>>,
) {
    let fetched = fetch(&host.http, &endpoint.uri).await;
    let result = match fetched {
        Ok(keys) => Ok(Arc::new(keys)),
        Err(cause) => Err(no_keys(&endpoint.uri, cause)),
    };
    store(&endpoint, &result, host.clock.as_ref());
    sender.send_replace(Some(result));
}

fn store(endpoint: &JwksEndpoint, result: &FetchResult, clock: &dyn Clock) {
    let now = clock.now();
    let mut cache = endpoint.lock();
    cache.in_flight = None;
    cache.last_fetch = Some((now, result.as_ref().err().cloned()));
    match result {
        Ok(keys) => cache.keys = Some((now, Arc::clone(keys))),
        Err(error) if error.cause.withdraws_keys() => cache.keys = None,
        Err(error) if cache.stale(now).is_some() => tracing::warn!(
            "The keys at the jwks_uri {} cannot be had: {}. The last ones are used for up to 24 hours",
            endpoint.uri,
            error.cause
        ),
        Err(_) => {}
    }
}

fn no_keys(uri: &Url, cause: FetchError) -> Arc<JwksUnavailable> {
    Arc::new(JwksUnavailable {
        uri: uri.clone(),
        cause,
    })
}

async fn fetch(http: &reqwest::Client, uri: &Url) -> Result<PublicKeys, FetchError> {
    let unreachable = |error: reqwest::Error| match TlsProblem::of(&error) {
        Some(problem) => FetchError::Tls(problem),
        None => FetchError::Unreachable(error.without_url()),
    };
    let request = http
        .get(uri.clone())
        .header(ACCEPT, "application/jwk-set+json, application/json")
        .timeout(FETCH_TIMEOUT);
    let mut response = request.send().await.map_err(unreachable)?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    let mut document = Vec::new();
    while let Some(chunk) = Response::chunk(&mut response).await.map_err(unreachable)? {
        if document.len() + chunk.len() > MAX_DOCUMENT_BYTES {
            return Err(FetchError::TooLarge);
        }
        document.extend_from_slice(&chunk);
    }
    PublicKeys::lenient(&document).map_err(FetchError::Unfit)
}

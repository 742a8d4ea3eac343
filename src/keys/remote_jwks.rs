//! The public keys that clients publish at their `jwks_uri`: fetched, kept for a while, asked for
//! again when they do not fit.
//!
//! Only addresses the operator registered are ever asked (N15), and each at most every ten seconds
//! whatever strangers send (N60). Of any number of requests that need the same keys one fetches
//! them, and the others wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc_sdk::{Clock, Host};
use reqwest::header::ACCEPT;
use reqwest::{Response, StatusCode};
use tokio::sync::watch;
use url::Url;

use crate::keys::verifiers::{PublicKeys, UnfitKeys};

/// How long keys are used before they are asked for again.
const FRESH_TTL: TimeDelta = TimeDelta::minutes(10);
/// How long they are used while nobody answers for them.
const STALE_TTL: TimeDelta = TimeDelta::hours(24);
/// The shortest time between two questions.
const MIN_FETCH_INTERVAL: TimeDelta = TimeDelta::seconds(10);
/// How long an address may take for its whole answer.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer that is read, in bytes.
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// The keys at all registered addresses.
pub struct RemoteJwks {
    host: Host,
    places: HashMap<Url, Arc<JwksEndpoint>>,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
#[error("the keys at the jwks_uri {uri} cannot be had")]
pub struct NoKeys {
    uri: Url,
    #[source]
    why: Why,
}

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error(
        "no whole answer came within five seconds; check that this machine reaches the address and \
         trusts its certificate"
    )]
    Unreachable(#[source] reqwest::Error),
    #[error(
        "it answers {0}; register the address of the document itself, redirects are not followed"
    )]
    Status(StatusCode),
    #[error("it answers with more than 64 KiB; it has to be the client's JWK Set alone")]
    TooLarge,
    #[error("what it answers is of no use; it has to be the client's JWK Set with a public key")]
    Unfit(#[source] UnfitKeys),
    #[error("it is not one that is registered")]
    Unregistered,
    #[error("the request for it was given up; it is asked again in a moment")]
    GivenUp,
}

impl Why {
    /// Whether the client's server has answered, with a set in which no key is any good: those that
    /// were there are withdrawn. Anything else may be an outage, or a page that tells of one.
    fn is_the_clients_word(&self) -> bool {
        matches!(self, Self::Unfit(unfit) if *unfit != UnfitKeys::NoSet)
    }
}

type Answer = Result<Arc<PublicKeys>, Arc<NoKeys>>;

struct JwksEndpoint {
    uri: Url,
    known: Mutex<JwksCache>,
}

/// What is known of a place. The lock is held for a look and a note, never while waiting.
#[derive(Default)]
struct JwksCache {
    keys: Option<(DateTime<Utc>, Arc<PublicKeys>)>,
    asked: Option<(DateTime<Utc>, Option<Arc<NoKeys>>)>,
    under_way: Option<watch::Receiver<Option<Answer>>>,
}

enum Next {
    Take(Answer),
    Wait(watch::Receiver<Option<Answer>>),
    Ask(watch::Sender<Option<Answer>>),
}

impl RemoteJwks {
    /// For the addresses `uris`; none is asked yet.
    #[must_use]
    pub fn new(uris: impl IntoIterator<Item = Url>, host: Host) -> Self {
        let places = uris.into_iter().map(|uri| {
            let place = JwksEndpoint {
                uri: uri.clone(),
                known: Mutex::default(),
            };
            (uri, Arc::new(place))
        });
        Self {
            places: places.collect(),
            host,
        }
    }

    /// The keys at `uri`, at most ten minutes old; at most a day while the client's server is down.
    ///
    /// # Errors
    ///
    /// [`NoKeys`], for the operator's log.
    pub async fn at(&self, uri: &Url) -> Answer {
        self.other_than(None, uri).await
    }

    /// The keys at `uri` now that `old` did not fit: the client may have new ones. `old` again
    /// when it was asked only moments ago.
    ///
    /// # Errors
    ///
    /// As [`FetchedKeys::at`].
    pub async fn newer(&self, old: &Arc<PublicKeys>, uri: &Url) -> Answer {
        self.other_than(Some(old), uri).await
    }

    async fn other_than(&self, old: Option<&Arc<PublicKeys>>, uri: &Url) -> Answer {
        let Some(place) = self.places.get(uri) else {
            return Err(no_keys(uri, Why::Unregistered));
        };
        let next = place.lock().next(old, self.host.clock.now());
        let answer = match next {
            Next::Take(answer) => answer,
            Next::Wait(answered) => wait(answered, uri).await,
            Next::Ask(tell) => {
                let answered = tell.subscribe();
                // A task of its own: others may wait for it when this request is given up.
                tokio::spawn(ask(Arc::clone(place), self.host.clone(), tell));
                wait(answered, uri).await
            }
        };
        match (answer, old) {
            (Err(error), None) => place.lock().left(self.host.clock.now()).ok_or(error),
            (answer, _) => answer,
        }
    }
}

impl JwksEndpoint {
    fn lock(&self) -> MutexGuard<'_, JwksCache> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JwksCache {
    /// What is left to go by while the place does not answer.
    fn left(&self, now: DateTime<Utc>) -> Option<Arc<PublicKeys>> {
        let keys = self.keys.as_ref();
        let (_, keys) = keys.filter(|(at, _)| (now - *at).abs() < STALE_TTL)?;
        Some(Arc::clone(keys))
    }

    fn next(&mut self, old: Option<&Arc<PublicKeys>>, now: DateTime<Utc>) -> Next {
        let age = |then: DateTime<Utc>| (now - then).abs();
        let keys = self.keys.as_ref().filter(|(at, _)| age(*at) < FRESH_TTL);
        let keys = keys.map(|(_, keys)| keys);
        match (keys, old) {
            (Some(keys), None) => return Next::Take(Ok(Arc::clone(keys))),
            (Some(keys), Some(old)) if !Arc::ptr_eq(keys, old) => {
                return Next::Take(Ok(Arc::clone(keys)));
            }
            _ => {}
        }
        if let Some(under_way) = &self.under_way
            && under_way.has_changed().is_ok()
        {
            return Next::Wait(under_way.clone());
        }
        let lately = self
            .asked
            .as_ref()
            .filter(|(at, _)| age(*at) < MIN_FETCH_INTERVAL);
        match (lately, old) {
            (Some((_, Some(error))), None) => return Next::Take(Err(Arc::clone(error))),
            (Some(_), Some(old)) => return Next::Take(Ok(Arc::clone(old))),
            _ => {}
        }
        let (tell, under_way) = watch::channel(None);
        self.under_way = Some(under_way);
        self.asked = Some((now, None));
        Next::Ask(tell)
    }
}

async fn wait(mut answered: watch::Receiver<Option<Answer>>, uri: &Url) -> Answer {
    match answered.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(answer)) => answer.clone(),
        _ => Err(no_keys(uri, Why::GivenUp)),
    }
}

/// Fetches, notes the answer and tells everybody who waits.
async fn ask(place: Arc<JwksEndpoint>, host: Host, tell: watch::Sender<Option<Answer>>) {
    let fetched = fetch(&host.http, &place.uri).await;
    let answer = match fetched {
        Ok(keys) => Ok(Arc::new(keys)),
        Err(why) => Err(no_keys(&place.uri, why)),
    };
    note(&place, &answer, host.clock.as_ref());
    tell.send_replace(Some(answer));
}

fn note(place: &JwksEndpoint, answer: &Answer, clock: &dyn Clock) {
    let now = clock.now();
    let mut known = place.lock();
    known.under_way = None;
    known.asked = Some((now, answer.as_ref().err().cloned()));
    match answer {
        Ok(keys) => known.keys = Some((now, Arc::clone(keys))),
        Err(error) if error.why.is_the_clients_word() => known.keys = None,
        Err(error) if known.left(now).is_some() => tracing::warn!(
            "The keys at the jwks_uri {} cannot be had: {}. The last ones are used for up to 24 hours",
            place.uri,
            error.why
        ),
        Err(_) => {}
    }
}

fn no_keys(uri: &Url, why: Why) -> Arc<NoKeys> {
    Arc::new(NoKeys {
        uri: uri.clone(),
        why,
    })
}

async fn fetch(http: &reqwest::Client, uri: &Url) -> Result<PublicKeys, Why> {
    let unreachable = |error: reqwest::Error| Why::Unreachable(error.without_url());
    let request = http
        .get(uri.clone())
        .header(ACCEPT, "application/jwk-set+json, application/json")
        .timeout(FETCH_TIMEOUT);
    let mut response = request.send().await.map_err(unreachable)?;
    if response.status() != StatusCode::OK {
        return Err(Why::Status(response.status()));
    }
    let mut document = Vec::new();
    while let Some(part) = Response::chunk(&mut response).await.map_err(unreachable)? {
        if document.len() + part.len() > MAX_DOCUMENT_BYTES {
            return Err(Why::TooLarge);
        }
        document.extend_from_slice(&part);
    }
    PublicKeys::lenient(&document).map_err(Why::Unfit)
}

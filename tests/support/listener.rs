//! An app's `backchannel_logout_uri`, as a test has it answer.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};
use tokio::task::AbortHandle;

use super::app::RelyingParty;

/// How long a test waits for a call that is to come, on a busy machine.
const HEAR_TIMEOUT: Duration = Duration::from_secs(30);

/// What the endpoint was sent, and what the provider said of the old session's token while that
/// was under way.
#[derive(Debug)]
pub struct Told {
    /// The path it was sent to.
    pub path: String,
    /// `Content-Type`.
    pub content_type: String,
    /// The form.
    pub form: HashMap<String, String>,
    /// The status of userinfo for the token that is watched.
    pub old_token: Option<u16>,
}

impl Told {
    /// The logout token.
    pub fn token(&self) -> &str {
        &self.form["logout_token"]
    }
}

#[derive(Default)]
struct Heard {
    told: Mutex<Vec<Told>>,
    /// The application, and its access token of the session that will end.
    watched: Mutex<Option<(RelyingParty, String)>>,
    /// What is answered, in this order; 200 after that.
    answers: Mutex<VecDeque<u16>>,
    /// Nobody is answered while somebody holds it.
    gate: Arc<RwLock<()>>,
    /// Who waits for an answer, and how many have done so at once at most.
    waiting: AtomicUsize,
    most: AtomicUsize,
}

/// Somebody who waits, until this is dropped: with the answer, or when they hang up.
struct Waiting(Arc<Heard>);

impl Waiting {
    fn with(heard: &Arc<Heard>) -> Self {
        let waiting = heard.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        heard.most.fetch_max(waiting, Ordering::SeqCst);
        Self(Arc::clone(heard))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Listens until it is dropped.
pub struct Listener {
    /// The address to register.
    pub url: String,
    heard: Arc<Heard>,
    task: AbortHandle,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    /// Opens it at a free port.
    pub async fn open() -> Self {
        Self::open_at(0).await
    }

    /// Opens it at `port`.
    pub async fn open_at(port: u16) -> Self {
        let heard = Arc::new(Heard::default());
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let url = format!("http://{}/logout", listener.local_addr().unwrap());
        let routes = Router::new().fallback(any(hear));
        let serving = axum::serve(listener, routes.with_state(Arc::clone(&heard)));
        let task = tokio::spawn(async move { serving.await.unwrap() }).abort_handle();
        Self { url, heard, task }
    }

    /// The line that registers it.
    pub fn line(&self) -> String {
        format!("backchannel_logout_uri = '{}'\n", self.url)
    }

    /// Answers so, in this order, and then with 200 again. A redirect leads to another path of its
    /// own.
    pub fn answer(&self, statuses: &[u16]) {
        self.heard.answers.lock().unwrap().extend(statuses);
    }

    /// Answers nobody until what this gives is dropped.
    pub async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.heard.gate).write_owned().await
    }

    /// How many calls were under way at once, at most.
    pub fn most_at_once(&self) -> usize {
        self.heard.most.load(Ordering::SeqCst)
    }

    /// Asks userinfo about the access token of `tokens` while it is called.
    pub fn watch(&self, client: &RelyingParty, tokens: &Value) {
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        *self.heard.watched.lock().unwrap() = Some((client.clone(), token));
    }

    /// What it was told since this was asked last.
    pub fn told(&self) -> Vec<Told> {
        std::mem::take(&mut *self.heard.told.lock().unwrap())
    }

    /// Waits for the next call.
    pub async fn hears(&self) -> Told {
        let patience = Instant::now() + HEAR_TIMEOUT;
        loop {
            let mut told = self.told();
            assert!(told.len() < 2, "more than one call: {told:?}");
            if let Some(told) = told.pop() {
                return told;
            }
            assert!(Instant::now() < patience, "nobody calls");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn hear(
    State(heard): State<Arc<Heard>>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    form: Result<Form<HashMap<String, String>>, FormRejection>,
) -> Response {
    let _waiting = Waiting::with(&heard);
    let watched = heard.watched.lock().unwrap().clone();
    let old_token = match watched {
        Some((client, token)) => Some(client.userinfo(&token).await.status.as_u16()),
        None => None,
    };
    let content_type = headers.get("content-type");
    let content_type = content_type.and_then(|value| value.to_str().ok());
    heard.told.lock().unwrap().push(Told {
        path: uri.path().to_owned(),
        content_type: content_type.unwrap_or_default().to_owned(),
        form: form.map(|Form(form)| form).unwrap_or_default(),
        old_token,
    });
    let _open = heard.gate.read().await;
    let status = heard.answers.lock().unwrap().pop_front().unwrap_or(200);
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(LOCATION, "/elsewhere")]).into_response()
}

//! A client's `backchannel_logout_uri`, whose responses the test controls.

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

/// How long a test waits for an expected call, on a busy machine.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(30);

/// A logout notification that the endpoint received, and the status of the ended session's access
/// token at that moment.
#[derive(Debug)]
pub struct ReceivedNotice {
    /// The path of the request.
    pub path: String,
    /// Its `Content-Type`.
    pub content_type: String,
    /// Its form.
    pub form: HashMap<String, String>,
    /// The status of userinfo for the watched access token, see [`Listener::watch`].
    pub old_token: Option<u16>,
}

impl ReceivedNotice {
    /// The logout token.
    pub fn token(&self) -> &str {
        &self.form["logout_token"]
    }
}

#[derive(Default)]
struct EndpointState {
    notices: Mutex<Vec<ReceivedNotice>>,
    /// The client, and its access token of the session that will end.
    watched: Mutex<Option<(RelyingParty, String)>>,
    /// The statuses of the next responses, in order; 200 after them.
    statuses: Mutex<VecDeque<u16>>,
    /// No request is answered while a write guard of this lock exists.
    gate: Arc<RwLock<()>>,
    /// The number of requests that wait for a response.
    pending: AtomicUsize,
    /// The highest value that `pending` has had.
    max_pending: AtomicUsize,
}

/// Counts a request as pending until this is dropped: with the response, or when the caller hangs
/// up.
struct PendingRequest(Arc<EndpointState>);

impl PendingRequest {
    fn with(state: &Arc<EndpointState>) -> Self {
        let pending = state.pending.fetch_add(1, Ordering::SeqCst) + 1;
        state.max_pending.fetch_max(pending, Ordering::SeqCst);
        Self(Arc::clone(state))
    }
}

impl Drop for PendingRequest {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The endpoint. It listens until this is dropped.
pub struct Listener {
    /// The address to register.
    pub url: String,
    state: Arc<EndpointState>,
    task: AbortHandle,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    /// Opens it on a free port.
    pub async fn open() -> Self {
        Self::open_at(0).await
    }

    /// Opens it on `port`.
    pub async fn open_at(port: u16) -> Self {
        let state = Arc::new(EndpointState::default());
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let url = format!("http://{}/logout", listener.local_addr().unwrap());
        let routes = Router::new().fallback(any(handle));
        let serving = axum::serve(listener, routes.with_state(Arc::clone(&state)));
        let task = tokio::spawn(async move { serving.await.unwrap() }).abort_handle();
        Self { url, state, task }
    }

    /// The line of the client's configuration that registers it.
    pub fn registration_line(&self) -> String {
        format!("backchannel_logout_uri = '{}'\n", self.url)
    }

    /// Answers the next requests with `statuses`, in order, and then with 200 again. A redirect
    /// leads to another path of this endpoint.
    pub fn answer(&self, statuses: &[u16]) {
        self.state.statuses.lock().unwrap().extend(statuses);
    }

    /// Answers no request until the returned guard is dropped.
    pub async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.state.gate).write_owned().await
    }

    /// The highest number of concurrent calls so far.
    pub fn most_at_once(&self) -> usize {
        self.state.max_pending.load(Ordering::SeqCst)
    }

    /// Calls userinfo with the access token of `tokens` during every call of this endpoint.
    pub fn watch(&self, client: &RelyingParty, tokens: &Value) {
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        *self.state.watched.lock().unwrap() = Some((client.clone(), token));
    }

    /// The notifications received since the last call of this function.
    pub fn notices(&self) -> Vec<ReceivedNotice> {
        std::mem::take(&mut *self.state.notices.lock().unwrap())
    }

    /// Waits for the next notification.
    pub async fn next_notice(&self) -> ReceivedNotice {
        let deadline = Instant::now() + NOTICE_TIMEOUT;
        loop {
            let mut notices = self.notices();
            assert!(notices.len() < 2, "more than one call: {notices:?}");
            if let Some(notice) = notices.pop() {
                return notice;
            }
            assert!(Instant::now() < deadline, "nobody calls");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn handle(
    State(state): State<Arc<EndpointState>>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    form: Result<Form<HashMap<String, String>>, FormRejection>,
) -> Response {
    let _pending = PendingRequest::with(&state);
    let watched = state.watched.lock().unwrap().clone();
    let old_token = match watched {
        Some((client, token)) => Some(client.userinfo(&token).await.status.as_u16()),
        None => None,
    };
    let content_type = headers.get("content-type");
    let content_type = content_type.and_then(|value| value.to_str().ok());
    state.notices.lock().unwrap().push(ReceivedNotice {
        path: uri.path().to_owned(),
        content_type: content_type.unwrap_or_default().to_owned(),
        form: form.map(|Form(form)| form).unwrap_or_default(),
        old_token,
    });
    let _open = state.gate.read().await;
    let status = state.statuses.lock().unwrap().pop_front().unwrap_or(200);
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(LOCATION, "/elsewhere")]).into_response()
}

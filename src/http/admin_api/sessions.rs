//! `/admin/v1/sessions`: the sessions of people.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use panda_oidc_sdk::Subject;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{JsonBody, Parameters};
use super::page::{Limit, Page};
use super::problem::{BodyFailures, Failures, Kind, Problem};
use crate::app::App;
use crate::service::session_ending::{EndedSessions, end_sessions};
use crate::session::{ListedSession, SessionFilter, SessionId};

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionInfo {
    /// The public identifier of the session, as in ID tokens.
    sid: String,
    /// The identifier of the person.
    person: String,
    /// The name of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// When the person signed in last.
    auth_time: DateTime<Utc>,
    /// When the session expires.
    expires_at: DateTime<Utc>,
    /// The clients in which the session signed the person in.
    clients: Vec<String>,
}

impl From<ListedSession> for SessionInfo {
    fn from(listed: ListedSession) -> Self {
        let session = listed.session;
        Self {
            sid: session.sid.to_string(),
            person: session.user.subject().to_string(),
            name: session.user.identity.name,
            auth_time: session.auth_time,
            expires_at: session.expires_at,
            clients: listed.clients.iter().map(|id| id.to_string()).collect(),
        }
    }
}

/// Which sessions are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionQuery {
    /// Only those of the person with this identifier.
    person: Option<String>,
    /// Only those in which this client signed the person in. Not together with `person`.
    client: Option<String>,
    /// Only the one with this `sid`. Not together with `person` or `client`.
    sid: Option<String>,
    /// Also those that have expired and are still kept.
    #[serde(default)]
    expired: bool,
    /// The `next` of the page before.
    #[param(pattern = r"^[!-~]{1,255}\.[A-Za-z0-9_-]{1,64}$")]
    after: Option<String>,
    /// How many items the page has at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
}

/// The sessions, ordered by person and `sid`.
#[utoipa::path(
    get,
    path = "/admin/v1/sessions",
    operation_id = "list_sessions",
    tag = "sessions",
    params(SessionQuery),
    security(("token" = ["sessions:read"])),
    responses((status = 200, body = Page<SessionInfo>), Failures)
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<SessionQuery>,
) -> Result<Json<Page<SessionInfo>>, Problem> {
    let after = query.after.as_deref().map(parse_cursor).transpose()?;
    let after = after.as_ref().map(|(subject, sid)| (subject, sid));
    let selector = match (query.person, query.client, query.sid) {
        (None, None, None) => Selector::All {},
        (Some(person), None, None) => Selector::Person { person },
        (None, Some(client), None) => Selector::Client { client },
        (None, None, Some(sid)) => Selector::Sid { sid },
        _ => {
            let detail = "person, client and sid exclude each other";
            return Err(Problem::new(Kind::BadRequest, detail));
        }
    };
    let Some(filter) = selector.filter() else {
        return Ok(Json(Page::of(
            Vec::new(),
            query.limit,
            cursor,
            SessionInfo::from,
        )));
    };
    let rows = app
        .store
        .sessions(&filter, after, query.limit.get())
        .await?;
    let mut page = Page::of(rows, query.limit, cursor, |row| row);
    let now = app.host.clock.now();
    page.items
        .retain(|listed| query.expired || listed.session.is_live(now));
    Ok(Json(Page {
        items: page.items.into_iter().map(SessionInfo::from).collect(),
        next: page.next,
    }))
}

fn cursor(listed: &ListedSession) -> String {
    format!("{}.{}", listed.session.user.subject(), listed.session.sid)
}

fn parse_cursor(cursor: &str) -> Result<(Subject, SessionId), Problem> {
    let parsed = cursor.rsplit_once('.').and_then(|(subject, sid)| {
        let subject = Subject::new(subject).ok()?;
        Some((subject, SessionId::from(sid.to_owned())))
    });
    parsed.ok_or_else(|| Problem::new(Kind::BadRequest, "after is not the next of a page"))
}

/// The sessions to end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Selector {
    /// Those of the person with this identifier.
    Person {
        /// The identifier.
        person: String,
    },
    /// Those in which this client signed the person in.
    Client {
        /// The identifier.
        client: String,
    },
    /// The one with this `sid`.
    Sid {
        /// The `sid`.
        sid: String,
    },
    /// All of them. Braces, so that a further member is refused: serde passes it over in a unit variant.
    All {},
}

impl Selector {
    /// The filter for the store; `None` when nobody can have such sessions.
    fn filter(self) -> Option<SessionFilter> {
        Some(match self {
            Self::Person { person } => SessionFilter::Of(Subject::new(person).ok()?),
            Self::Client { client } => SessionFilter::With(ClientId::new(client)),
            Self::Sid { sid } => SessionFilter::Sid(SessionId::from(sid)),
            Self::All {} => SessionFilter::All,
        })
    }
}

/// What has ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ended {
    /// How many sessions.
    sessions: usize,
    /// How many people they were of.
    people: usize,
    /// The clients that are notified.
    clients: Vec<String>,
}

/// Ends sessions: the people sign in anew, and the clients are notified. Refresh tokens end with their session,
/// also offline ones.
#[utoipa::path(
    post,
    path = "/admin/v1/sessions/end",
    operation_id = "end_sessions",
    tag = "sessions",
    request_body = Selector,
    security(("token" = ["sessions:write"])),
    responses((status = 200, body = Ended), Failures, BodyFailures)
)]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    JsonBody(selector): JsonBody<Selector>,
) -> Result<Json<Ended>, Problem> {
    let mut total = EndedSessions::default();
    if let Some(filter) = selector.filter() {
        end_sessions(&app, filter, &mut total, |_| ()).await?;
    }
    Ok(Json(Ended {
        sessions: total.sessions,
        people: total.people.len(),
        clients: total.clients.into_iter().collect(),
    }))
}

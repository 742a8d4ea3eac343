//! `/admin/v1/users`: the known people.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use panda_oidc_sdk::Subject;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::extract::{InPath, Parameters, subject, unknown_person};
use super::page::{Limit, Page};
use super::problem::{Failures, Kind, Problem, Unknown};
use crate::app::App;
use crate::directory::{HistoryEntry, Person, Presence};
use crate::service::forgetting;

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserInfo {
    /// The identifier.
    id: String,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The telephone number, as the portal writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// Whether the portal lists the person: `listed`, `absent` (missing for the first time), `left`, or
    /// `unlisted` (only known from a sign-in).
    state: &'static str,
    /// Since when the person is absent, or has left.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<DateTime<Utc>>,
    /// When name or number changed last.
    updated_at: DateTime<Utc>,
}

impl From<Person> for UserInfo {
    fn from(person: Person) -> Self {
        let since = match person.presence {
            Presence::Absent(since) | Presence::Left(since) => Some(since),
            Presence::Listed | Presence::Unlisted => None,
        };
        Self {
            id: person.user.subject().to_string(),
            name: person.user.identity.name,
            phone: person.user.identity.phone,
            state: person.presence.as_str(),
            since,
            updated_at: person.user.updated_at,
        }
    }
}

/// A person with their history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserDetails {
    #[serde(flatten)]
    user: UserInfo,
    /// What happened when the person left, oldest first.
    history: Vec<HistoryItem>,
}

/// An entry of a history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HistoryItem {
    /// When it happened.
    at: DateTime<Utc>,
    /// What happened. Its member `event` names it; the others depend on it.
    #[schema(value_type = Object)]
    what: Value,
}

impl From<HistoryEntry> for HistoryItem {
    fn from(entry: HistoryEntry) -> Self {
        Self {
            at: entry.at,
            what: serde_json::to_value(&entry.event).unwrap_or_default(),
        }
    }
}

/// Which page of people is requested.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct UserQuery {
    /// The `next` of the page before: the identifier of its last person.
    #[param(pattern = "^[!-~]{1,255}$")]
    after: Option<String>,
    /// How many items the page has at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
}

impl UserQuery {
    /// The person after whom the page begins, and its length.
    pub(super) fn checked(self) -> Result<(Option<Subject>, Limit), Problem> {
        let after = self.after.map(Subject::new).transpose();
        let after =
            after.map_err(|_| Problem::new(Kind::BadRequest, "after is not the next of a page"))?;
        Ok((after, self.limit))
    }
}

/// The known people, ordered by identifier as text.
#[utoipa::path(
    get,
    path = "/admin/v1/users",
    operation_id = "list_users",
    tag = "users",
    params(UserQuery),
    security(("token" = ["users:read"])),
    responses((status = 200, body = Page<UserInfo>), Failures)
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<UserQuery>,
) -> Result<Json<Page<UserInfo>>, Problem> {
    let (after, limit) = query.checked()?;
    let people = app.store.people(after.as_ref(), limit.get()).await?;
    Ok(Json(Page::of(
        people,
        limit,
        |person| person.user.subject().to_string(),
        UserInfo::from,
    )))
}

/// One person, with what happened when they left.
#[utoipa::path(
    get,
    path = "/admin/v1/users/{person}",
    operation_id = "get_user",
    tag = "users",
    params(("person" = String, Path, min_length = 1, description = "The identifier of the person")),
    security(("token" = ["users:read"])),
    responses((status = 200, body = UserDetails), Failures, Unknown)
)]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    InPath(person): InPath<String>,
) -> Result<Json<UserDetails>, Problem> {
    let subject = subject(person)?;
    let person = app.store.person(&subject).await?;
    let user = UserInfo::from(person.ok_or_else(unknown_person)?);
    let history = app.store.history(&subject).await?;
    Ok(Json(UserDetails {
        user,
        history: history.into_iter().map(HistoryItem::from).collect(),
    }))
}

/// What was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Forgotten {
    /// How many sessions ended.
    ended_sessions: usize,
    /// Whether the portal still lists the person. Then the next reading of its list brings the name back.
    listed: bool,
}

/// Removes the personal data of a person: name, phone, accounts, history and sessions. A person who left still
/// cannot sign in.
#[utoipa::path(
    post,
    path = "/admin/v1/users/{person}/forget",
    operation_id = "forget_user",
    tag = "users",
    params(("person" = String, Path, min_length = 1, description = "The identifier of the person")),
    security(("token" = ["users:write"])),
    responses((status = 200, body = Forgotten), Failures, Unknown)
)]
pub(super) async fn forget(
    State(app): State<Arc<App>>,
    InPath(person): InPath<String>,
) -> Result<Json<Forgotten>, Problem> {
    let forgotten = forgetting::forget(&app, &subject(person)?).await?;
    let forgotten = forgotten.ok_or_else(unknown_person)?;
    Ok(Json(Forgotten {
        ended_sessions: forgotten.ended_sessions,
        listed: forgotten.is_listed,
    }))
}

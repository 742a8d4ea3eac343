//! `/Users` (RFC 7644 §3.4).

use axum::extract::{Path, State};
use axum::response::Response;
use panda_oidc_sdk::Subject;
use serde_json::Value;

use super::cursor::UserCursor;
use super::error::ScimFailure;
use super::query::ScimQuery;
use super::respond::respond;
use super::state::ScimState;
use crate::app::groups::log_failures;
use crate::scim::{self, Filter, ListRequest, ScimError, User, UserAttribute};

/// Attributes whose value identifies one person.
const UNIQUE_ATTRIBUTES: [UserAttribute; 2] = [UserAttribute::Id, UserAttribute::UserName];

/// `GET /Users`, and `POST /Users/.search` (§3.4.3).
///
/// # Errors
///
/// [`ScimFailure`] says what is wrong with the query.
pub(super) async fn list(
    State(state): State<ScimState>,
    ScimQuery { page, headers }: ScimQuery,
) -> Result<Response, ScimFailure> {
    Ok(respond(&headers, users(&state, &page).await?, None))
}

/// `GET /Users/{id}`.
///
/// # Errors
///
/// 404 when no person has this ID.
pub(super) async fn one(
    State(state): State<ScimState>,
    Path(id): Path<String>,
    ScimQuery { page, headers }: ScimQuery,
) -> Result<Response, ScimFailure> {
    let unknown = || ScimError::new(404, "there is nobody with this id");
    let subject = Subject::new(id).map_err(|_| unknown())?;
    let entry = state
        .app
        .store
        .user_row(&subject)
        .await?
        .ok_or_else(unknown)?;
    let groups = state.app.groups.current();
    let user = User::new(&entry, &groups);
    log_failures(user.id(), user.membership());
    let user = user.resource(&state.base);
    let version = user["meta"]["version"].as_str().map(str::to_owned);
    Ok(respond(&headers, page.projection.of(user), version))
}

async fn users(state: &ScimState, page: &ListRequest) -> Result<Value, ScimFailure> {
    let filter = page.filter.as_deref().map(Filter::parse).transpose()?;
    let (total, users) = match filter {
        None => list_all(state, page).await?,
        Some(filter) => match filter.only(&UNIQUE_ATTRIBUTES) {
            Some(id) => list_one(state, id, &filter, page).await?,
            None => list_matching(state, &filter, page).await?,
        },
    };
    Ok(scim::list(total, page.skip, users))
}

/// The requested page of all people.
async fn list_all(state: &ScimState, page: &ListRequest) -> Result<(u64, Vec<Value>), ScimFailure> {
    let total = state.app.store.user_count().await?;
    let mut users = Vec::new();
    if page.count > 0 && page.skip < total {
        let mut cursor = UserCursor::of(state);
        cursor.skip(page.skip).await?;
        let entries = cursor.next(page.count).await?;
        let groups = state.app.groups.current();
        let page_users = entries
            .iter()
            .map(|entry| resource(state, page, &User::new(entry, &groups)));
        users.extend(page_users);
    }
    Ok((total, users))
}

/// Whether `user` matches `filter`. A user whom a failed rule of a group excludes is not returned, so the
/// failure is logged here.
fn matches(filter: &Filter<UserAttribute>, user: &User<'_>) -> bool {
    let holds = filter.holds(user);
    if !holds && let Some(membership) = user.evaluated_membership() {
        log_failures(user.id(), membership);
    }
    holds
}

/// The person with this `id`, if they match the filter.
async fn list_one(
    state: &ScimState,
    id: &str,
    filter: &Filter<UserAttribute>,
    page: &ListRequest,
) -> Result<(u64, Vec<Value>), ScimFailure> {
    let entry = match Subject::new(id) {
        Ok(subject) => state.app.store.user_row(&subject).await?,
        Err(_) => None,
    };
    let groups = state.app.groups.current();
    let user = entry
        .as_ref()
        .map(|entry| User::new(entry, &groups))
        .filter(|user| matches(filter, user));
    let page_users = user
        .iter()
        .filter(|_| page.skip == 0 && page.count > 0)
        .map(|user| resource(state, page, user));
    Ok((user.iter().count() as u64, page_users.collect()))
}

/// The requested page of the people who match the filter. Scans all people, because `totalResults`
/// counts every match.
async fn list_matching(
    state: &ScimState,
    filter: &Filter<UserAttribute>,
    page: &ListRequest,
) -> Result<(u64, Vec<Value>), ScimFailure> {
    let _pass = state.scan_permits.acquire().await;
    let groups = state.app.groups.current();
    let (mut total, mut users) = (0, Vec::new());
    let mut cursor = UserCursor::of(state);
    loop {
        let batch = cursor.next(u32::MAX).await?;
        if batch.is_empty() {
            break;
        }
        let batch = batch
            .iter()
            .map(|entry| User::new(entry, &groups))
            .filter(|user| matches(filter, user));
        for user in batch {
            if total >= page.skip && users.len() < page.count as usize {
                users.push(resource(state, page, &user));
            }
            total += 1;
        }
    }
    Ok((total, users))
}

fn resource(state: &ScimState, page: &ListRequest, user: &User<'_>) -> Value {
    log_failures(user.id(), user.membership());
    page.projection.of(user.resource(&state.base))
}

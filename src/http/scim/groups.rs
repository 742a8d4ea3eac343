//! `/Groups` (RFC 7644 §3.4).
//!
//! Finding the members of a group takes a scan of all people: a rule or a link can put any person into
//! it.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;

use super::cursor::UserCursor;
use super::error::ScimFailure;
use super::query::ScimQuery;
use super::respond::respond;
use super::state::ScimState;
use crate::app::groups::log_failures;
use crate::scim::{
    self, Filter, Group, GroupAttribute, ListRequest, Member, ScimError, ScimType, User,
};

/// The most members of all groups in one response.
const MAX_MEMBERS: usize = 100_000;

/// `GET /Groups`, and `POST /Groups/.search` (§3.4.3).
///
/// # Errors
///
/// [`ScimFailure`] says what is wrong with the query.
pub(super) async fn list(
    State(state): State<ScimState>,
    ScimQuery { page, headers }: ScimQuery,
) -> Result<Response, ScimFailure> {
    Ok(respond(&headers, groups(&state, &page).await?, None))
}

/// `GET /Groups/{id}`.
///
/// # Errors
///
/// 404 when there is no such group.
pub(super) async fn one(
    State(state): State<ScimState>,
    Path(id): Path<String>,
    ScimQuery { page, headers }: ScimQuery,
) -> Result<Response, ScimFailure> {
    if !state.app.groups.current().is_known(&id) {
        return Err(ScimError::new(404, "there is no group with this id").into());
    }
    let mut group = vec![without_members(id)];
    if page.projection.includes("members") {
        find_members(&state, &mut group).await?;
    }
    let group = group.remove(0).resource(&state.base);
    let version = group["meta"]["version"].as_str().map(str::to_owned);
    Ok(respond(&headers, page.projection.of(group), version))
}

async fn groups(state: &ScimState, page: &ListRequest) -> Result<Value, ScimFailure> {
    let filter = page.filter.as_deref().map(Filter::parse).transpose()?;
    let mut groups: Vec<_> = state
        .app
        .groups
        .current()
        .names()
        .into_iter()
        .map(without_members)
        .collect();
    if let Some(filter) = &filter {
        if filter.mentions(GroupAttribute::Member) {
            find_members(state, &mut groups).await?;
        }
        groups.retain(|group| filter.holds(group));
    }
    let total = groups.len() as u64;
    let skip = usize::try_from(page.skip).unwrap_or(usize::MAX);
    let mut page_groups: Vec<_> = groups
        .into_iter()
        .skip(skip)
        .take(page.count as usize)
        .collect();
    if page.projection.includes("members")
        && page_groups.iter().any(|group| group.members.is_none())
    {
        find_members(state, &mut page_groups).await?;
    }
    let page_groups = page_groups.iter().map(|group| group.resource(&state.base));
    let page_groups = page_groups.map(|group| page.projection.of(group)).collect();
    Ok(scim::list(total, page.skip, page_groups))
}

fn without_members(name: String) -> Group {
    Group {
        name,
        members: None,
    }
}

/// Scans all people and fills in the members of `groups`.
async fn find_members(state: &ScimState, groups: &mut [Group]) -> Result<(), ScimFailure> {
    let _pass = state.scan_permits.acquire().await;
    let mut members: HashMap<String, Vec<Member>> = groups
        .iter()
        .map(|group| (group.name.clone(), Vec::new()))
        .collect();
    let all_groups = state.app.groups.current();
    let (mut cursor, mut count) = (UserCursor::of(state), 0);
    loop {
        let batch = cursor.next(u32::MAX).await?;
        if batch.is_empty() {
            break;
        }
        for user in batch.iter().map(|entry| User::new(entry, &all_groups)) {
            log_failures(user.id(), user.membership());
            for group in &user.membership().groups {
                let Some(members) = members.get_mut(group) else {
                    continue;
                };
                members.push(Member {
                    id: user.id().to_owned(),
                    name: user.name().map(str::to_owned),
                });
                count += 1;
            }
        }
        if count > MAX_MEMBERS {
            return Err(ScimError::bad_request(
                ScimType::TooMany,
                format!(
                    "these groups have more than {MAX_MEMBERS} members; ask for fewer groups, or with \
                     excludedAttributes=members, and then for /Users?filter=groups.value eq \"…\""
                ),
            )
            .into());
        }
    }
    for group in groups {
        group.members = members.remove(&group.name);
    }
    Ok(())
}

//! `/admin/v1/groups`: the groups, and who is in them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{InPath, Parameters};
use super::page::{Page, PageQuery};
use super::problem::{Failures, Kind, Problem, Unknown};
use super::users::UserQuery;
use crate::app::App;
use crate::app::groups::log_failures;

/// How many people one request looks at. A rule or a link can put anybody into a group, so its members are found
/// among all people.
const MAX_SCANNED: u32 = 2000;

/// A group.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupInfo {
    /// The name.
    name: String,
}

/// A member of a group.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Member {
    /// The identifier of the person.
    id: String,
    /// The name of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The roles of the person, of this group and others.
    roles: Vec<String>,
}

/// The groups of the configuration and of the groups file, ordered by name.
#[utoipa::path(
    get,
    path = "/admin/v1/groups",
    operation_id = "list_groups",
    tag = "groups",
    params(PageQuery),
    security(("token" = ["groups:read"])),
    responses((status = 200, body = Page<GroupInfo>), Failures)
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<PageQuery>,
) -> Json<Page<GroupInfo>> {
    let after = query.after.unwrap_or_default();
    let names = app.groups.current().names().into_iter();
    let names = names.filter(|name| *name > after);
    let names = names.take(query.limit.as_usize()).collect();
    Json(Page::of(names, query.limit, String::clone, |name| {
        GroupInfo { name }
    }))
}

/// The members of a group, ordered by identifier as text. A request looks at some thousand people, so a page may
/// be empty before the end. The accounts of people in single clients do not count, as in SCIM.
#[utoipa::path(
    get,
    path = "/admin/v1/groups/{group}/members",
    operation_id = "list_group_members",
    tag = "groups",
    params(("group" = String, Path, min_length = 1, description = "The name of the group"), UserQuery),
    security(("token" = ["groups:read", "users:read"])),
    responses((status = 200, body = Page<Member>), Failures, Unknown)
)]
pub(super) async fn members(
    State(app): State<Arc<App>>,
    InPath(group): InPath<String>,
    Parameters(query): Parameters<UserQuery>,
) -> Result<Json<Page<Member>>, Problem> {
    let groups = app.groups.current();
    if !groups.is_known(&group) {
        return Err(Problem::new(Kind::NotFound, "no group has this name"));
    }
    let (after, limit) = query.checked()?;
    let rows = app.store.user_rows(after.as_ref(), MAX_SCANNED).await?;
    let is_last = rows.len() < MAX_SCANNED as usize;
    let last = rows.last().map(|row| row.person.user.subject().to_string());
    let (mut items, mut next) = (Vec::new(), last.filter(|_| !is_last));
    let mut rows = rows.into_iter().peekable();
    while let Some(row) = rows.next() {
        let user = row.person.user;
        let membership = groups.membership_of(&user, row.link.as_ref());
        log_failures(user.subject().as_str(), &membership);
        if !membership.groups.contains(&group) {
            continue;
        }
        items.push(Member {
            id: user.subject().to_string(),
            name: user.identity.name.clone(),
            roles: membership.roles,
        });
        if items.len() == limit.as_usize() && rows.peek().is_some() {
            next = Some(user.subject().to_string());
            break;
        }
    }
    Ok(Json(Page { items, next }))
}

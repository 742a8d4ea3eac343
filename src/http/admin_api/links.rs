//! `/admin/v1/links`: the accounts that people have in clients.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use panda_oidc_sdk::Subject;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{InPath, JsonBody, Parameters};
use super::page::{Limit, Page};
use super::problem::{BodyFailures, Conflicts, Failures, Kind, Problem, Refusals, Unknown};
use crate::app::App;
use crate::links::{EditInput, LinkChange, LinkKey, parse_edit};
use crate::people::{Attribute, Link, parse_user_id};
use crate::service::accounts::{SetOutcome, set_account};

/// The client in a path that stands for all clients.
const ALL_CLIENTS: &str = "*";

/// The account of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkInfo {
    /// The identifier of the person.
    person: String,
    /// The identifier of the client; absent for an account in all clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    /// The username.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Whether an operator vouches for the address.
    email_verified: bool,
    /// Free attributes, each a text or a list of texts.
    #[schema(value_type = Object)]
    attributes: BTreeMap<String, Attribute>,
}

impl LinkInfo {
    fn of((key, link): (LinkKey, Link)) -> Self {
        Self {
            person: key.subject.to_string(),
            client: key.client,
            username: link.username,
            email: link.email,
            email_verified: link.email_verified,
            attributes: link.attributes,
        }
    }
}

/// Which page of accounts is requested.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkQuery {
    /// The `next` of the page before.
    #[param(pattern = "^[!-~]{1,255} .{0,255}$")]
    after: Option<String>,
    /// How many items the page has at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
}

/// The accounts, ordered by person and client.
#[utoipa::path(
    get,
    path = "/admin/v1/links",
    operation_id = "list_links",
    tag = "links",
    params(LinkQuery),
    security(("token" = ["links:read"])),
    responses((status = 200, body = Page<LinkInfo>), Failures)
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<LinkQuery>,
) -> Result<Json<Page<LinkInfo>>, Problem> {
    let after = query.after.as_deref().map(parse_cursor).transpose()?;
    let limit = query.limit;
    let rows = app.store.links_after(after.as_ref(), limit.get()).await?;
    Ok(Json(Page::of(rows, limit, cursor, LinkInfo::of)))
}

/// No identifier of a person has a blank, so the first one ends it.
fn cursor((key, _): &(LinkKey, Link)) -> String {
    format!("{} {}", key.subject, key.client_column())
}

fn parse_cursor(cursor: &str) -> Result<LinkKey, Problem> {
    let parsed = cursor.split_once(' ').and_then(|(subject, client)| {
        let subject = Subject::new(subject).ok()?;
        Some(LinkKey::of(subject, client.to_owned()))
    });
    parsed.ok_or_else(|| Problem::new(Kind::BadRequest, "after is not the next of a page"))
}

/// New values of an account. A value that is absent stays as it is; an empty one is removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkEdit {
    /// The username.
    username: Option<String>,
    /// The e-mail address.
    email: Option<String>,
    /// Whether you vouch for the address.
    email_verified: Option<bool>,
    /// Free attributes, each `name=text`, or `name[]=one|another` for a list.
    #[serde(default)]
    attributes: Vec<String>,
}

/// What became of a change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkChanged {
    /// Whether the person is known. An account may be made before its person is.
    person_is_known: bool,
}

/// Sets values of an account, which is made if there is none.
#[utoipa::path(
    patch,
    path = "/admin/v1/links/{person}/{client}",
    operation_id = "set_link",
    tag = "links",
    params(
        ("person" = String, Path, min_length = 1, description = "The identifier of the person"),
        ("client" = String, Path, min_length = 1, description = "The identifier of the client; `*` for all clients")
    ),
    request_body = LinkEdit,
    security(("token" = ["links:write"])),
    responses((status = 200, body = LinkChanged), Failures, BodyFailures, Unknown, Conflicts, Refusals)
)]
pub(super) async fn set(
    State(app): State<Arc<App>>,
    InPath((person, client)): InPath<(String, String)>,
    JsonBody(edit): JsonBody<LinkEdit>,
) -> Result<Json<LinkChanged>, Problem> {
    let client = Some(client).filter(|client| client != ALL_CLIENTS);
    if let Some(client) = &client
        && app.clients.get(client).is_none()
    {
        return Err(Problem::new(
            Kind::NotFound,
            "no client has this identifier",
        ));
    }
    let subject = parse_user_id(&person).ok();
    let subject = subject.filter(|subject| subject.as_str() == person);
    let subject = subject.ok_or_else(|| {
        Problem::new(
            Kind::Refused,
            "the person's identifier is not written as the portal does",
        )
    })?;
    let edit = parse_edit(&EditInput {
        username: edit.username,
        email: edit.email,
        email_verified: edit.email_verified,
        attributes: edit.attributes,
    });
    let edit =
        edit.map_err(|error| Problem::new(Kind::Refused, error.what).with_remedy(error.remedy))?;
    let link_key = LinkKey { subject, client };
    let change = LinkChange { link_key, edit };
    let now = app.host.clock.now();
    match set_account(app.store.as_ref(), change, now).await? {
        SetOutcome::Done { person_is_known } => Ok(Json(LinkChanged { person_is_known })),
        SetOutcome::Taken(conflicts) => Err(Problem::new(Kind::Conflict, conflicts)),
    }
}

/// Removes an account. Its client need not be registered any more.
#[utoipa::path(
    delete,
    path = "/admin/v1/links/{person}/{client}",
    operation_id = "remove_link",
    tag = "links",
    params(
        ("person" = String, Path, min_length = 1, description = "The identifier of the person"),
        ("client" = String, Path, min_length = 1, description = "The identifier of the client; `*` for all clients")
    ),
    security(("token" = ["links:write"])),
    responses((status = 204, description = "The account is removed"), Failures, Unknown)
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    InPath((person, client)): InPath<(String, String)>,
) -> Result<StatusCode, Problem> {
    let unknown = || Problem::new(Kind::NotFound, "the person has no such account");
    let subject = Subject::new(person).map_err(|_| unknown())?;
    let client = Some(client).filter(|client| client != ALL_CLIENTS);
    let removed = app.store.unlink(&LinkKey { subject, client }).await?;
    removed
        .then_some(StatusCode::NO_CONTENT)
        .ok_or_else(unknown)
}

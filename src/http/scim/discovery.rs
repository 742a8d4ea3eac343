//! The discovery endpoints (RFC 7644 §4).

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::error::ScimFailure;
use super::respond::respond;
use super::state::ScimState;
use crate::scim::{self, ListRequest, RESOURCE_TYPES, SCHEMAS, ScimError};

/// `GET /ServiceProviderConfig`.
pub(super) async fn service_provider(
    State(state): State<ScimState>,
    headers: HeaderMap,
) -> Response {
    respond(&headers, scim::service_provider(&state.base), None)
}

/// `GET /ResourceTypes`.
///
/// # Errors
///
/// 403 for a filter.
pub(super) async fn resource_types(
    State(state): State<ScimState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ScimFailure> {
    refuse_filter(query.as_deref())?;
    let types = RESOURCE_TYPES.iter();
    let types = types.filter_map(|name| scim::resource_type(name, &state.base));
    let types: Vec<_> = types.collect();
    let list = scim::list(types.len() as u64, 0, types);
    Ok(respond(&headers, list, None))
}

/// `GET /ResourceTypes/{name}`.
///
/// # Errors
///
/// 404 when there is no such resource type.
pub(super) async fn resource_type(
    State(state): State<ScimState>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ScimFailure> {
    let found = scim::resource_type(&name, &state.base);
    let found = found.ok_or_else(|| ScimError::new(404, "there is no such resource type"))?;
    Ok(respond(&headers, found, None))
}

/// `GET /Schemas`.
///
/// # Errors
///
/// 403 for a filter.
pub(super) async fn schemas(
    State(state): State<ScimState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ScimFailure> {
    refuse_filter(query.as_deref())?;
    let schemas = SCHEMAS.iter();
    let schemas = schemas.filter_map(|urn| scim::schema(urn, &state.base));
    let schemas: Vec<_> = schemas.collect();
    let list = scim::list(schemas.len() as u64, 0, schemas);
    Ok(respond(&headers, list, None))
}

/// `GET /Schemas/{urn}`.
///
/// # Errors
///
/// 404 when there is no such schema.
pub(super) async fn schema(
    State(state): State<ScimState>,
    Path(urn): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ScimFailure> {
    let found = scim::schema(&urn, &state.base);
    let found = found.ok_or_else(|| ScimError::new(404, "there is no such schema"))?;
    Ok(respond(&headers, found, None))
}

/// Refuses a filter (RFC 7644 §4): "If a "filter" is provided, the service provider SHOULD
/// respond with HTTP status code 403."
fn refuse_filter(query: Option<&str>) -> Result<(), ScimFailure> {
    let page = ListRequest::from_query(query.unwrap_or_default())?;
    match page.filter {
        None => Ok(()),
        Some(_) => Err(ScimError::new(403, "these lists are not filtered").into()),
    }
}

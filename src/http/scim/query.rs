//! The parameters of a request for resources: in the query, or in the body of a search (RFC 7644 §3.4.3).

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};

use super::error::ScimFailure;
use crate::scim::ListRequest;

/// The parameters of a request, and the headers that make it conditional.
pub(super) struct ScimQuery {
    /// Filter, page and projection.
    pub page: ListRequest,
    /// The request's headers; empty for a search, which is never conditional.
    pub headers: HeaderMap,
}

impl<S: Send + Sync> FromRequest<S> for ScimQuery {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (page, headers) = if request.method() == Method::POST {
            let body = Bytes::from_request(request, state).await;
            let body = body.map_err(IntoResponse::into_response)?;
            (ListRequest::from_body(&body), HeaderMap::new())
        } else {
            let page = ListRequest::from_query(request.uri().query().unwrap_or_default());
            (page, request.headers().clone())
        };
        match page {
            Ok(page) => Ok(Self { page, headers }),
            Err(error) => Err(ScimFailure::from(error).into_response()),
        }
    }
}

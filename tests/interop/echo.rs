//! An application behind a proxy: it responds with the request that reached it.

use std::future::IntoFuture as _;

use axum::http::{HeaderMap, Uri};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Starts the application and returns its address. It stops with the runtime of the test.
pub async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(echo_request);
    tokio::spawn(axum::serve(listener, router).into_future());
    url
}

async fn echo_request(uri: Uri, headers: HeaderMap) -> Json<Value> {
    let headers: serde_json::Map<_, _> = headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), Value::String(value))
        })
        .collect();
    Json(json!({ "path": uri.path(), "headers": headers }))
}

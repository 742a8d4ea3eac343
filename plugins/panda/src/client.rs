//! The portal's two calls over HTTP: their URLs, their timeout and their size limits.
//!
//! No call is retried. Every successful call extends the life of the ticket, and a call whose answer
//! was lost may have succeeded. [`crate::answer`] interprets the bodies.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use mime::Mime;
use panda_oidc_sdk::{Ticket, TlsProblem};
use reqwest::Url;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};

use crate::answer::Body;
use crate::error::NoResponse;
use crate::settings::Settings;

/// The body limit for `GetUserByTicket`, in bytes. A user takes a few hundred.
const MAX_USER_BYTES: usize = 256 * 1024;
/// The body limit for `GetUsers`, in bytes: a few hundred for each user, on a very large page.
const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;

/// An HTTP client for one portal.
pub(crate) struct Client {
    http: reqwest::Client,
    user_by_ticket: Url,
    users: Url,
    timeout: Duration,
}

impl Client {
    pub(crate) fn new(http: reqwest::Client, settings: &Settings) -> Self {
        Self {
            http,
            user_by_ticket: call_url(&settings.base_url, "GetUserByTicket"),
            users: call_url(&settings.base_url, "GetUsers"),
            timeout: settings.timeout,
        }
    }

    /// `GetUserByTicket`: the user `ticket` was issued for. The call extends the ticket's life.
    pub(crate) async fn user_by_ticket(&self, ticket: &Ticket) -> Result<Body, NoResponse> {
        let mut url = self.user_by_ticket.clone();
        // The ticket is encoded: `a&userId=1` must stay one value, and `+` must not become a space.
        url.query_pairs_mut().append_pair("ticket", ticket.expose());
        self.call(url, MAX_USER_BYTES).await
    }

    /// `GetUsers`: one page of the users. Pages are counted from 1.
    pub(crate) async fn users(&self, number: u32, size: u32) -> Result<Body, NoResponse> {
        let mut url = self.users.clone();
        url.query_pairs_mut()
            .append_pair("pageSize", &size.to_string())
            .append_pair("pageIndex", &number.to_string());
        self.call(url, MAX_PAGE_BYTES).await
    }

    /// Whether the portal answers a call of our own, which no stranger's ticket is part of: either of the
    /// two calls, each without a ticket. Nothing but a missing answer means that it does not.
    pub(crate) async fn is_answering(&self) -> bool {
        let mut without_ticket = self.user_by_ticket.clone();
        without_ticket.query_pairs_mut().append_pair("ticket", "");
        let is_answer = |call: Result<Body, NoResponse>| !call.is_err_and(|error| error.is_down());
        let ticket = async { is_answer(self.call(without_ticket, MAX_USER_BYTES).await) };
        let list = async { is_answer(self.users(1, 1).await) };
        match select(pin!(ticket), pin!(list)).await {
            Either::Left((false, list)) => list.await,
            Either::Right((false, ticket)) => ticket.await,
            Either::Left((true, _)) | Either::Right((true, _)) => true,
        }
    }

    async fn call(&self, url: Url, limit: usize) -> Result<Body, NoResponse> {
        let request = self
            .http
            .get(url)
            .header(ACCEPT, "application/json")
            .timeout(self.timeout); // from the connect to the last byte of the body
        let mut response = request.send().await.map_err(|error| self.silence(error))?;
        if let Some(silence) = NoResponse::of(response.status()) {
            return Err(silence);
        }
        let charset = charset(response.headers());
        let mut bytes = Vec::new();
        while bytes.len() <= limit
            && let Some(chunk) = response.chunk().await.map_err(|e| self.silence(e))?
        {
            bytes.extend_from_slice(&chunk);
        }
        Ok(Body {
            bytes,
            charset,
            limit,
        })
    }

    fn silence(&self, error: reqwest::Error) -> NoResponse {
        if let Some(problem) = TlsProblem::of(&error) {
            return NoResponse::Tls(problem);
        }
        let source = error.without_url(); // the URL contains the ticket
        if source.is_connect() {
            return NoResponse::Connect(source);
        }
        if source.is_timeout() {
            return NoResponse::TimedOut {
                after: self.timeout,
                source,
            };
        }
        NoResponse::Broken(source)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("user_by_ticket", &self.user_by_ticket.as_str())
            .field("users", &self.users.as_str())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn call_url(base: &Url, call: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["PandaOMS", "OMS", call]);
    }
    url
}

/// The `charset` of the `Content-Type`, if there is one.
pub(crate) fn charset(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let mime: Mime = value.parse().ok()?;
    Some(mime.get_param(mime::CHARSET)?.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that ends every handshake with these bytes.
    async fn silence_after(answer: &'static [u8]) -> NoResponse {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            connection
                .read_buf(&mut Vec::with_capacity(4096))
                .await
                .unwrap();
            connection.write_all(answer).await.unwrap();
        });
        let table = figment::Figment::from(("base_url", url));
        let settings = Settings::read(&table).unwrap();
        let host = panda_oidc_sdk::Host::new(std::sync::Arc::new(panda_oidc_sdk::SystemClock));
        let client = Client::new(host.unwrap().http, &settings);
        let result = client.users(1, 1).await;
        server.await.unwrap();
        result.err().unwrap()
    }

    #[tokio::test]
    async fn a_server_without_a_common_tls_version_or_cipher_is_told_what_it_needs() {
        // Alerts (RFC 8446 §6): handshake_failure, insufficient_security, protocol_version; and a close.
        for answer in [
            &b"\x15\x03\x03\x00\x02\x02\x28"[..],
            b"\x15\x03\x03\x00\x02\x02\x47",
            b"\x15\x03\x01\x00\x02\x02\x46",
            b"",
        ] {
            let silence = silence_after(answer).await;
            let text = silence.to_string();
            assert!(matches!(silence, NoResponse::Tls(_)), "{silence:?}");
            assert!(text.contains("needs TLS 1.2 with ECDHE and GCM"), "{text}");
        }
    }

    #[test]
    fn the_call_url_is_appended_to_any_base_url() {
        for (base, call) in [
            ("http://10.0.0.5", "http://10.0.0.5/PandaOMS/OMS/GetUsers"),
            ("http://10.0.0.5/", "http://10.0.0.5/PandaOMS/OMS/GetUsers"),
            (
                "https://p.example.com:8443/water",
                "https://p.example.com:8443/water/PandaOMS/OMS/GetUsers",
            ),
            (
                "https://p.example.com/water/",
                "https://p.example.com/water/PandaOMS/OMS/GetUsers",
            ),
        ] {
            let base = Url::parse(base).unwrap();
            assert_eq!(call_url(&base, "GetUsers").as_str(), call);
        }
    }
}

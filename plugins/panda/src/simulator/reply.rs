//! The answers of the two calls, with or without a fault.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use encoding_rs::GB18030;
use futures_util::stream;
use serde_json::json;
use tokio::time::sleep;

use super::{BehindEnd, Fault, Person, page};

/// The `Content-Type` in the portal's documentation.
const DOCUMENTED_CONTENT_TYPE: &str = "application/json; charset=utf-8";
/// The delay between two bytes of [`Fault::Drip`].
const DRIP_INTERVAL: Duration = Duration::from_millis(50);

pub(super) fn to_ticket(person: Option<&Person>, fault: &Fault) -> Response {
    match person {
        Some(person) => with_fault(success(&user(person, fault), fault), fault),
        None => with_fault(failure("票据无效或已过期", fault), fault),
    }
}

pub(super) fn to_page(count: usize, people: &[&Person], fault: &Fault) -> Response {
    with_fault(
        success(&list(&count.to_string(), people, fault), fault),
        fault,
    )
}

/// A page whose count is the JSON `count`; it is left out when that is empty.
pub(super) fn to_page_with_count(count: &str, people: &[&Person]) -> Response {
    let mut list = list(count, people, &Fault::Healthy);
    if count.is_empty() {
        list = list.replace(r#""count":,"#, "");
    }
    with_fault(success(&list, &Fault::Healthy), &Fault::Healthy)
}

/// A page behind the last one, which is `last`.
pub(super) fn behind_the_end(count: usize, last: &[&Person], answer: BehindEnd) -> Response {
    let healthy = &Fault::Healthy;
    match answer {
        BehindEnd::NullData => with_fault(success("{}", &Fault::DataNull), healthy),
        BehindEnd::NullList => {
            let list = format!(r#"{{"count":{count},"data":null}}"#);
            with_fault(success(&list, healthy), healthy)
        }
        BehindEnd::Refusal => to_bad_page(healthy),
        BehindEnd::Status(status) => to_bad_page(&Fault::Status(status)),
        BehindEnd::LoginPage => to_bad_page(&Fault::LoginPage),
        BehindEnd::LastPage => to_page(count, last, healthy),
        BehindEnd::CountZero => to_page(0, &[], healthy),
    }
}

fn list(count: &str, people: &[&Person], fault: &Fault) -> String {
    let people: Vec<String> = people.iter().map(|person| user(person, fault)).collect();
    format!(r#"{{"count":{count},"data":[{}]}}"#, people.join(","))
}

pub(super) fn to_bad_page(fault: &Fault) -> Response {
    with_fault(failure("pageIndex 和 pageSize 应为正整数", fault), fault)
}

/// The JSON of a user. It is formatted by hand, because a fault can be JSON that no library writes.
fn user(person: &Person, fault: &Fault) -> String {
    let id = match fault {
        Fault::Id(json) => Some(json.clone()),
        Fault::NoId => None,
        _ => Some(person.id.to_string()),
    };
    let (name, phone) = match fault {
        Fault::Name(json) => (Some(json.clone()), Some(json!(person.phone).to_string())),
        Fault::NoName => (None, None),
        _ => (
            Some(json!(person.name).to_string()),
            Some(json!(person.phone).to_string()),
        ),
    };
    let members = [("id", id), ("userName", name), ("phone", phone)];
    let members: Vec<String> = members
        .into_iter()
        .filter_map(|(key, value)| Some(format!(r#""{key}":{}"#, value?)))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn success(data: &str, fault: &Fault) -> String {
    let code = code(0, fault);
    match fault {
        Fault::DataNull => format!(r#"{{"code":{code},"msg":"OK","data":null}}"#),
        Fault::DataMissing => format!(r#"{{"code":{code},"msg":"OK"}}"#),
        Fault::DataArray => format!(r#"{{"code":{code},"msg":"OK","data":[{data}]}}"#),
        _ => format!(r#"{{"code":{code},"msg":"OK","data":{data}}}"#),
    }
}

fn failure(msg: &str, fault: &Fault) -> String {
    let code = code(1, fault);
    format!(r#"{{"code":{code},"msg":{},"data":null}}"#, json!(msg))
}

fn code(code: u8, fault: &Fault) -> String {
    match fault {
        Fault::CodeAsString => format!(r#""{code}""#),
        _ => code.to_string(),
    }
}

fn with_fault(json: String, fault: &Fault) -> Response {
    match fault {
        Fault::Status(code) => {
            let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, page::failed(status.as_u16())).into_response()
        }
        Fault::RedirectTo(address) => {
            (StatusCode::FOUND, [(header::LOCATION, address.clone())]).into_response()
        }
        Fault::LoginPage => page::login().into_response(),
        Fault::Truncated => {
            let half = json.chars().count() / 2;
            body(
                DOCUMENTED_CONTENT_TYPE,
                json.chars().take(half).collect::<String>(),
            )
        }
        Fault::Gb18030 { declared: true } => {
            body("application/json; charset=GB18030", gb18030(&json))
        }
        Fault::Gb18030 { declared: false } => body("application/json", gb18030(&json)),
        Fault::ByteOrderMark => body(DOCUMENTED_CONTENT_TYPE, format!("\u{feff}{json}")),
        Fault::ContentType(other) => body(other, json),
        Fault::Drip => body(DOCUMENTED_CONTENT_TYPE, drip(json)),
        Fault::CutShort => body(DOCUMENTED_CONTENT_TYPE, cut_short(json)),
        Fault::Oversized => body(DOCUMENTED_CONTENT_TYPE, endless(json)),
        _ => body(DOCUMENTED_CONTENT_TYPE, json),
    }
}

fn body(content_type: &str, body: impl Into<Body>) -> Response {
    let headers = [(header::CONTENT_TYPE, content_type.to_owned())];
    (headers, body.into()).into_response()
}

fn gb18030(json: &str) -> Vec<u8> {
    GB18030.encode(json).0.into_owned()
}

fn drip(json: String) -> Body {
    let bytes = json.into_bytes().into_iter();
    Body::from_stream(stream::unfold(bytes, async |mut bytes| {
        let byte = bytes.next()?;
        sleep(DRIP_INTERVAL).await;
        Some((Ok::<_, Infallible>(Bytes::from(vec![byte])), bytes))
    }))
}

fn cut_short(json: String) -> Body {
    let half = Bytes::from(json).split_to(10);
    Body::from_stream(stream::iter([
        Ok(half),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ]))
}

/// The answer followed by endless blanks. It would still be valid JSON if it ended.
fn endless(json: String) -> Body {
    let blanks = Bytes::from(vec![b' '; 64 * 1024]);
    Body::from_stream(stream::unfold(Bytes::from(json), move |chunk| {
        let next = blanks.clone();
        async move { Some((Ok::<_, Infallible>(chunk), next)) }
    }))
}

//! The headers of a request, one per line: cookies before ours, cookies after it, `Forwarded`,
//! `X-Forwarded-For`, `Referer`, `Accept-Language`, `Authorization`. The first byte chooses the endpoint.
//! In the cookies, `$N` and `$V` stand for name and value of the cookie of the pending request.
#![no_main]

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, COOKIE, FORWARDED, REFERER,
};
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use libfuzzer_sys::fuzz_target;
use panda_oidc_fuzz::site::{AUTHORIZE, LAUNCHES, PROXY, Pending, Site};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The endpoints. `/resume/…` is that of the pending request.
const ENDPOINTS: [(Method, &str); 16] = [
    (Method::GET, AUTHORIZE),
    (Method::GET, "/resume/"),
    (Method::GET, "/resume/x"),
    (Method::GET, "/launch"),
    (Method::GET, "/launch/grafana"),
    (Method::HEAD, "/launch/grafana"),
    (Method::GET, "/"),
    (Method::GET, "/switch"),
    (Method::POST, "/switch"),
    (Method::GET, "/logout"),
    (Method::POST, "/logout"),
    (Method::POST, "/token"),
    (Method::POST, "/introspect"),
    (Method::POST, "/revoke"),
    (Method::GET, "/userinfo"),
    (Method::GET, "/.well-known/openid-configuration"),
];

/// A client whose launches are used up, and who appends its address to `X-Forwarded-For`.
const LIMITED: &str = "198.51.100.7";

struct World {
    site: Site,
    pending: Pending,
    /// The status of a request that is found.
    found: StatusCode,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let site = Site::open();
    let pending = site.begin();
    let cookie = format!("{}={}", pending.cookie, pending.value);
    let resume = |headers: &[(HeaderName, &[u8])]| {
        let request = request(&Method::GET, &pending.path, headers);
        site.response(PROXY, request.expect("a request")).status()
    };
    let found = resume(&[(COOKIE, cookie.as_bytes())]);
    assert_ne!(found, resume(&[]), "the status tells what is found");
    for address in [LIMITED, "unknown"] {
        let headers = [(X_FORWARDED_FOR, address.as_bytes())];
        for _ in 0..LAUNCHES {
            let launch = request(&Method::GET, "/launch", &headers).expect("a request");
            assert_ne!(
                site.response(PROXY, launch).status(),
                StatusCode::TOO_MANY_REQUESTS
            );
        }
    }
    World {
        site,
        pending,
        found,
    }
});

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, lines)) = bytes.split_first() else {
        return;
    };
    let mut lines = lines.split(|byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let world = &*WORLD;
    let (before, after) = (world.filled_in(line()), world.filled_in(line()));
    let names = [
        FORWARDED,
        X_FORWARDED_FOR,
        REFERER,
        ACCEPT_LANGUAGE,
        AUTHORIZATION,
    ];
    let sent = names.map(|name| (name, line()));
    let [_, (_, x_forwarded_for), referer, language, _] = sent.clone();

    let ours = format!("{}={}", world.pending.cookie, world.pending.value).into_bytes();
    let cookies = [&before[..], &ours, &after].join(&b"; "[..]);
    let one_header = vec![(COOKIE, &cookies[..])];
    let three_headers = [&before[..], &ours, &after];
    let three_headers: Vec<_> = three_headers.map(|value| (COOKIE, value)).into();
    let (method, path) = &ENDPOINTS[usize::from(choice & 15)];
    let path = if *path == "/resume/" {
        world.pending.path.as_str()
    } else {
        *path
    };
    let mut headers = if choice & 16 == 0 {
        one_header.clone()
    } else {
        three_headers.clone()
    };
    headers.extend(sent);
    let Some(any) = request(method, path, &headers) else {
        return; // no server accepts these bytes in a header
    };
    let status = world.site.response(PROXY, any).status();
    assert!(!status.is_server_error(), "{status} from {path}");

    if !world.conflicts(&before) && !world.conflicts(&after) {
        for mut headers in [one_header, three_headers] {
            headers.extend([referer.clone(), language.clone()]);
            let resume = request(&Method::GET, &world.pending.path, &headers).expect("as above");
            let status = world.site.response(PROXY, resume).status();
            assert_eq!(status, world.found, "a neighbour hides the request");
        }
    }
    world.is_limited(x_forwarded_for);
});

/// A request with these headers; `None` when one of them holds a byte that HTTP does not allow.
fn request(method: &Method, path: &str, headers: &[(HeaderName, &[u8])]) -> Option<Request<Body>> {
    let mut request = Request::builder().method(method).uri(path);
    if *method == Method::POST {
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    for (name, value) in headers {
        if !value.is_empty() {
            request = request.header(name, HeaderValue::from_bytes(value).ok()?);
        }
    }
    request.body(Body::empty()).ok()
}

impl World {
    /// `cookies` with the name and the value of our cookie.
    fn filled_in(&self, cookies: &[u8]) -> Vec<u8> {
        let mut filled = Vec::with_capacity(cookies.len());
        let mut rest = cookies;
        while let Some((byte, after)) = rest.split_first() {
            let filler = match rest {
                [b'$', b'N', ..] => Some(&self.pending.cookie),
                [b'$', b'V', ..] => Some(&self.pending.value),
                _ => None,
            };
            rest = match filler {
                Some(text) => {
                    filled.extend_from_slice(text.as_bytes());
                    &rest[2..]
                }
                None => {
                    filled.push(*byte);
                    after
                }
            };
        }
        filled
    }

    /// Whether `cookies` hold a cookie of our name with another value.
    fn conflicts(&self, cookies: &[u8]) -> bool {
        cookies.split(|byte| *byte == b';').any(|pair| {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let mut part = || parts.next().unwrap_or_default().trim_ascii();
            part() == self.pending.cookie.as_bytes() && part() != self.pending.value.as_bytes()
        })
    }

    /// What a client sends as `X-Forwarded-For` does not exempt it: neither if its proxy appends the
    /// client's address, nor if the last entry is no address.
    fn is_limited(&self, sent: &[u8]) {
        let appended = [sent, LIMITED.as_bytes()].join(&b", "[..]);
        let one_header = vec![(X_FORWARDED_FOR, &appended[..])];
        let two_headers = vec![
            (X_FORWARDED_FOR, sent),
            (X_FORWARDED_FOR, LIMITED.as_bytes()),
        ];
        let mut all = vec![one_header, two_headers];
        let hops = sent.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        let last = hops.filter(|hop| !hop.is_empty()).next_back();
        let in_address = |byte: &u8| byte.is_ascii_hexdigit() || b":.[]".contains(byte);
        if last.is_some_and(|hop| !hop.iter().all(in_address)) {
            all.push(vec![(X_FORWARDED_FOR, sent)]);
        }
        for headers in all {
            let launch = request(&Method::GET, "/launch", &headers).expect("as above");
            let status = self.site.response(PROXY, launch).status();
            assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "exempt from limits");
        }
    }
}

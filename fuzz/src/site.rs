//! A whole provider in this process, without a listener: the real router over a store in memory. Its
//! portal does not answer, its clock stands still.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::SET_COOKIE;
use axum::http::{Request, Response};
use chrono::DateTime;
use panda_oidc::app::App;
use panda_oidc::store::WriteTimeout;
use panda_oidc::{config, http};
use panda_oidc_sdk::{Host, ManualClock};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// The network of the trusted proxies. It is exempt from limits.
pub const PROXY: &str = "10.0.0.1";

/// An authorization request of the client.
pub const AUTHORIZE: &str = "/authorize?response_type=code&client_id=grafana\
    &redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=openid&state=s";

/// How many launches an address outside the network of the proxies may request.
pub const LAUNCHES: usize = 2;

/// The provider.
pub struct Site {
    runtime: Runtime,
    router: Router,
    _folder: tempfile::TempDir,
}

/// A pending authorization request, as the browser holds it.
pub struct Pending {
    /// The path at which it goes on.
    pub path: String,
    /// The name of its cookie.
    pub cookie: String,
    /// The value of its cookie.
    pub value: String,
}

impl Site {
    /// Opens the provider.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let toml = format!(
            "issuer = 'http://127.0.0.1:9400'\n\
             [server]\ntrusted_proxies = ['10.0.0.0/8']\n\
             [limits]\nexempt = ['10.0.0.0/8']\nlaunches_per_minute = {LAUNCHES}\n\
             [provider]\nkind = 'panda'\nbase_url = 'http://127.0.0.1:9'\n\
             [store]\nkind = 'memory'\n\
             [keys]\nmaster_key_file = '{}/master.key'\n\
             [[clients]]\nclient_id = 'grafana'\nclient_secret = 'grafana-secret-0123456789'\n\
             redirect_uris = ['https://app.example.com/cb']\n\
             initiate_login_uri = 'https://app.example.com/login'\n",
            folder.path().display()
        );
        let config = config::parse(&toml).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
        let host = Host::new(Arc::new(ManualClock::at(now))).expect("an HTTP client");
        let opening = App::open(config, host, WriteTimeout::Request);
        let app = runtime.block_on(opening).expect("it opens").shared();
        Self {
            runtime,
            router: http::router(app),
            _folder: folder,
        }
    }

    /// The response to `request`, which comes from the address `peer`.
    pub fn response(&self, peer: &str, mut request: Request<Body>) -> Response<Body> {
        let peer: IpAddr = peer.parse().expect("an address");
        let peer = ConnectInfo(SocketAddr::new(peer, 4711));
        request.extensions_mut().insert(peer);
        let response = self.router.clone().oneshot(request);
        let Ok(response) = self.runtime.block_on(response);
        response
    }

    /// Begins an authorization request, which then waits for the portal.
    pub fn begin(&self) -> Pending {
        let request = Request::get(AUTHORIZE).body(Body::empty()).expect("a URL");
        let response = self.response(PROXY, request);
        let cookies = response.headers().get_all(SET_COOKIE).into_iter();
        let mut cookies = cookies.filter_map(|cookie| cookie.to_str().ok());
        let cookie = cookies.find(|cookie| cookie.contains("-parked-"));
        let pair = cookie.and_then(|cookie| cookie.split(';').next());
        let (cookie, value) = pair
            .and_then(|pair| pair.split_once('='))
            .expect("a cookie");
        let (_, name) = cookie.split_once("-parked-").expect("its name");
        Pending {
            path: format!("/resume/{name}"),
            cookie: cookie.to_owned(),
            value: value.to_owned(),
        }
    }
}

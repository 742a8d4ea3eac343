//! Logout: the confirmation page, and the frames in which apps end their sessions (OpenID Connect
//! Front-Channel Logout 1.0).
//!
//! The confirmation page protects against logout CSRF (N48, docs/security.md).

use std::collections::HashMap;
use std::future::{IntoFuture as _, pending};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{Html, IntoResponse as _};
use axum::routing::get;
use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};
use tokio::net::TcpListener;
use url::Url;

use crate::chromium::{Chromium, Setup};
use crate::demo::Demo;
use crate::portal_login::sign_in;
use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, claims};
use crate::support::program::Program;

#[tokio::test]
async fn n48_a_logout_link_asks_first_and_a_confirmation_ends_the_session() {
    let demo = Demo::start().await;
    let browser = Chromium::open().await;
    browser.open_address(&demo.portal).await;
    sign_in(&browser, "陈涛").await;
    let logout = demo.issuer.join("/logout").unwrap();

    browser.open_address(&logout).await;
    browser.find("h1", "退出登录？").await;
    browser.find("h1 + p", "“陈涛”").await;
    browser.screenshot("logout-question").await;
    browser.click("a", "不退出").await;
    browser.find("h1", "陈涛，您已登录").await;

    browser.open_address(&logout).await;
    browser.click("button", "退出登录").await;
    browser.find("h1", "已退出登录").await;
    browser.screenshot("logout-signed-out").await;
    browser.open_address(&demo.app_login).await;
    browser.find("h1", "请从熊猫智慧水务门户进入").await;
}

/// An app with a `frontchannel_logout_uri`. It records the requests to it.
#[derive(Default)]
struct App {
    /// Whether the logout page never responds.
    hangs: bool,
    /// The query and the `Cookie` header of each request.
    framed: Mutex<Vec<(HashMap<String, String>, String)>>,
}

/// Portal, provider, app, and a browser in which 陈涛 is signed in to the app.
struct Stage {
    _portal: SimulatorHandle,
    program: Program,
    app: Arc<App>,
    url: String,
    id_token: String,
    browser: Chromium,
}

impl Stage {
    async fn start(hangs: bool, setup: Setup) -> Self {
        let app = Arc::new(App {
            hangs,
            ..App::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new()
            .route(
                "/cb",
                get(|| async { ([(SET_COOKIE, "app-session=1")], "in") }),
            )
            .route("/bye", get(frontchannel_logout))
            .route(
                "/out",
                get(|| async { Html("<!doctype html><h1>再见</h1>") }),
            )
            .with_state(Arc::clone(&app));
        tokio::spawn(axum::serve(listener, routes).into_future());

        let portal = Simulator::start(SimulatorSettings::default())
            .await
            .unwrap();
        let client = format!(
            "[[clients]]\nclient_id = 'framed'\nclient_secret = 'framed-secret-0123456789'\n\
             redirect_uris = ['{url}/cb']\npost_logout_redirect_uris = ['{url}/out']\n\
             frontchannel_logout_uri = '{url}/bye'\n"
        );
        let program = Program::start(portal.url().as_str(), &client).await;
        let browser = Chromium::open_as(setup).await;
        let client = RelyingParty {
            client_id: "framed".to_owned(),
            client_secret: Some("framed-secret-0123456789".to_owned()),
            redirect_uri: format!("{url}/cb"),
            ..program.client()
        };
        let mut login = client.authorize_url(&[]);
        let ticket = portal.issue_ticket(CHEN_TAO);
        login.query_pairs_mut().append_pair("ticket", &ticket);
        browser.open_address(login).await;
        browser.find("body", "in").await;
        let address = browser.address().await;
        let mut pairs = address.query_pairs();
        let code = pairs.find(|(name, _)| name == "code").expect("a code").1;
        let tokens = client.redeem(&code).await.json();
        let id_token = tokens["id_token"].as_str().unwrap().to_owned();
        Self {
            _portal: portal,
            program,
            app,
            url,
            id_token,
            browser,
        }
    }

    /// Opens the logout URL that the app would redirect to.
    async fn start_logout(&self) {
        let parameters = [
            ("id_token_hint", &*self.id_token),
            ("post_logout_redirect_uri", &*format!("{}/out", self.url)),
            ("state", "s"),
        ];
        let url = Url::parse_with_params(&self.program.at("/logout"), parameters).unwrap();
        self.browser.open_address(url).await;
    }

    async fn assert_logged_out(&self) {
        self.browser.find("h1", "再见").await;
        let address = self.browser.address().await;
        assert_eq!(address.as_str(), format!("{}/out?state=s", self.url));
    }
}

async fn frontchannel_logout(
    State(app): State<Arc<App>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> impl axum::response::IntoResponse {
    let cookies = headers.get("cookie").map(|value| value.to_str().unwrap());
    let request = (query, cookies.unwrap_or_default().to_owned());
    app.framed.lock().unwrap().push(request);
    if app.hangs {
        pending::<()>().await;
    }
    ([(SET_COOKIE, "app-session=; Max-Age=0")], "bye").into_response()
}

#[tokio::test]
async fn an_app_ends_its_session_in_a_frame_and_the_browser_continues() {
    let stage = Stage::start(false, Setup::default()).await;
    stage.start_logout().await;
    stage.assert_logged_out().await;
    let framed = std::mem::take(&mut *stage.app.framed.lock().unwrap());
    assert_eq!(framed.len(), 1, "{framed:?}");
    let (query, cookies) = &framed[0];
    assert_eq!(query["iss"], stage.program.issuer);
    assert_eq!(claims(&stage.id_token)["sid"], query["sid"]);
    assert!(cookies.contains("app-session=1"), "{cookies}");
    let remaining: String = stage.browser.evaluate("document.cookie").await;
    assert!(!remaining.contains("app-session"), "{remaining}");
}

#[tokio::test]
async fn a_frame_that_never_loads_delays_the_browser_by_three_seconds_at_most() {
    let stage = Stage::start(true, Setup::default()).await;
    stage.start_logout().await;
    stage.assert_logged_out().await;
    assert_eq!(stage.app.framed.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn without_javascript_the_frames_load_and_a_link_continues() {
    let setup = Setup {
        scripts: false,
        ..Setup::default()
    };
    let stage = Stage::start(false, setup).await;
    stage.start_logout().await;
    stage.browser.find("h1", "已退出登录").await;
    stage.browser.screenshot("logout-with-frames").await;
    assert_eq!(stage.app.framed.lock().unwrap().len(), 1);
    stage.browser.click("a", "继续").await;
    stage.assert_logged_out().await;
}

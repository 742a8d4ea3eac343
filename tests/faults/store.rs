//! Every endpoint while the store fails: the database is locked, the disk is full, or the files are
//! gone or damaged. Each endpoint gives its own kind of error within three seconds, and works again
//! once the cause is removed: a failed request uses nothing up.

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use panda_oidc_panda::simulator::SimulatorHandle;
use reqwest::Method;
use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::disk_full::{limit_file_size, with_sigxfsz_ignored};
use crate::page::honest;
use crate::support::app::{RelyingParty, VERIFIER};
use crate::support::browser::{Answer, Browser};
use crate::support::program::{CLIENT_ID, Program, REDIRECT_URI};
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{launch_url, portal, signed_in, tokens};

/// The longest time a response may take while the store fails.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(3);

const SCIM_TOKEN: &str = "hr-0123456789abcdef0123456789abcdef";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const TICKET: &str = "urn:panda-oidc:token-type:ticket";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// What a request needs from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Read,
    Write,
}

/// The response to a request that cannot get what it needs.
#[derive(Debug, Clone, Copy)]
enum Failure {
    /// An error page.
    Page,
    /// `temporarily_unavailable` in the query of the redirect URI (RFC 6749 §4.1.2.1).
    Query,
    /// The same in its fragment.
    Fragment,
    /// The same in a form that is posted to it.
    FormPost,
    /// 503 `temporarily_unavailable` as JSON.
    OAuth,
    /// 500 as a SCIM error, which RFC 7644 §3.12 lists and 503 not.
    Scim,
    /// 503 in plain text.
    Text,
    /// 200 without the values that come from the store.
    Less,
}

/// A request to an endpoint.
struct Request {
    name: &'static str,
    needs: Needs,
    failure: Failure,
    /// The status when the store works.
    success: u16,
    browser: Browser,
    method: Method,
    url: String,
    form: Vec<(&'static str, String)>,
    bearer: Option<String>,
}

impl Request {
    fn get(name: &'static str, url: impl Into<String>) -> Self {
        Self {
            name,
            needs: Needs::Nothing,
            failure: Failure::Page,
            success: 200,
            browser: Browser::new(),
            method: Method::GET,
            url: url.into(),
            form: vec![],
            bearer: None,
        }
    }

    fn post(name: &'static str, url: impl Into<String>, form: &[(&'static str, &str)]) -> Self {
        Self {
            method: Method::POST,
            form: form
                .iter()
                .map(|(key, value)| (*key, (*value).to_owned()))
                .collect(),
            ..Self::get(name, url)
        }
    }

    /// A request with the credentials of `client`.
    fn of_client(
        name: &'static str,
        client: &RelyingParty,
        path: &str,
        form: &[(&'static str, &str)],
    ) -> Self {
        let mut request = Self::post(name, client.at(path), form);
        request.form.push(("client_id", client.client_id.clone()));
        let secret = client.client_secret.clone().unwrap();
        request.form.push(("client_secret", secret));
        request.needs(Needs::Write, Failure::OAuth)
    }

    fn needs(self, needs: Needs, failure: Failure) -> Self {
        Self {
            needs,
            failure,
            ..self
        }
    }

    fn succeeds(self, success: u16) -> Self {
        Self { success, ..self }
    }

    fn from(self, browser: &Browser) -> Self {
        Self {
            browser: browser.clone(),
            ..self
        }
    }

    fn bearer(self, token: &str) -> Self {
        Self {
            bearer: Some(token.to_owned()),
            ..self
        }
    }

    async fn send(&self) -> Answer {
        let mut browser = self.browser.clone();
        let request = browser.send(self.method.clone(), &self.url, |request| {
            let request = match self.method {
                Method::POST => request.form(&self.form),
                _ => request,
            };
            match &self.bearer {
                Some(token) => request.bearer_auth(token),
                None => request,
            }
        });
        request.await
    }

    /// Sends it while the store fails at what `fails` says, and checks the response.
    async fn send_while_failing(&self, fails: Needs) {
        let answer = tokio::time::timeout(MAX_ANSWER_TIME, self.send()).await;
        let answer = answer.unwrap_or_else(|_| panic!("{}: no response in time", self.name));
        let is_failure =
            self.needs == Needs::Write || self.needs == Needs::Read && fails == Needs::Read;
        if is_failure {
            self.failure.check(self.name, &answer);
        } else {
            assert_eq!(
                answer.status, self.success,
                "{}: {}",
                self.name, answer.body
            );
        }
    }

    async fn send_while_working(&self) {
        let answer = self.send().await;
        assert_eq!(
            answer.status, self.success,
            "{}: {}",
            self.name, answer.body
        );
        if self.url.contains("/authorize") && self.success == 303 {
            let url = answer.location();
            assert!(url.as_str().contains("code="), "{}: {url}", self.name);
        }
    }
}

impl Failure {
    #[track_caller]
    fn check(self, name: &str, answer: &Answer) {
        let redirect = |separator: char| {
            assert_eq!(answer.status, 303, "{name}: {}", answer.body);
            let location = answer.header("location").to_owned();
            let (target, parameters) = location.split_once(separator).expect(&location);
            assert_eq!(target, REDIRECT_URI, "{name}");
            let parameters: Vec<_> = url::form_urlencoded::parse(parameters.as_bytes())
                .filter(|(key, _)| ["error", "state", "iss", "code"].contains(&&**key))
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            parameters.join(" ")
        };
        let issuer = answer.url.origin().ascii_serialization();
        let expected = format!("error=temporarily_unavailable state=the-state iss={issuer}");
        match self {
            Self::Page => {
                honest(answer, 503, false, "ticket=");
                assert!(
                    answer.body.contains("登录服务出了问题"),
                    "{name}: {}",
                    answer.body
                );
            }
            Self::Query => assert_eq!(redirect('?'), expected, "{name}"),
            Self::Fragment => assert_eq!(redirect('#'), expected, "{name}"),
            Self::FormPost => {
                assert_eq!(answer.status, 200, "{name}: {}", answer.body);
                assert!(
                    answer.body.contains(&format!("action=\"{REDIRECT_URI}\"")),
                    "{name}"
                );
                let fields = ["error", "state", "iss"].map(|key| answer.field(key));
                assert_eq!(
                    fields,
                    ["temporarily_unavailable", "the-state", &issuer],
                    "{name}"
                );
            }
            Self::OAuth => {
                assert_eq!(answer.status, 503, "{name}: {}", answer.body);
                assert_eq!(answer.header("content-type"), "application/json", "{name}");
                assert_eq!(answer.header("cache-control"), "no-store", "{name}");
                assert_eq!(answer.json()["error"], "temporarily_unavailable", "{name}");
            }
            Self::Scim => {
                assert_eq!(answer.status, 500, "{name}: {}", answer.body);
                assert_eq!(
                    answer.header("content-type"),
                    "application/scim+json",
                    "{name}"
                );
                assert_eq!(answer.json()["status"], "500", "{name}");
            }
            Self::Text => {
                assert_eq!(answer.status, 503, "{name}: {}", answer.body);
                assert!(
                    answer.header("content-type").starts_with("text/plain"),
                    "{name}"
                );
            }
            Self::Less => {
                assert_eq!(answer.status, 200, "{name}: {}", answer.body);
                assert!(
                    !answer.body.contains("panda_oidc_directory"),
                    "{name}: {}",
                    answer.body
                );
            }
        }
    }
}

/// The program, and one prepared request for each endpoint.
struct Stage {
    _portal: SimulatorHandle,
    program: Program,
    requests: Vec<Arc<Request>>,
}

impl Stage {
    async fn open() -> Self {
        let portal = portal().await;
        let exchange = format!(
            "client_uri = 'http://127.0.0.1:9/app'\nrefresh_token = 'always'\n\
             grant_types = ['authorization_code', 'refresh_token', 'client_credentials', '{TOKEN_EXCHANGE}']\n\
             subject_token_types = ['{TICKET}', '{ACCESS_TOKEN}']\n\
             allowed_resources = ['https://api']\naccess_token_audience = ['{CLIENT_ID}']\n\
             post_logout_redirect_uris = ['http://127.0.0.1:9/out']\n\
             [directory]\nsync = '1h'\n[groups.dispatch]\nmembers = ['1']\n\
             [[admin.tokens]]\nname = 'hr'\ntoken = '{SCIM_TOKEN}'\nscopes = ['scim']\n"
        );
        let mut program = Program::prepare(portal.url().as_str(), "", &exchange);
        program.spawn_by(&mut with_sigxfsz_ignored());
        program.until_ready().await;
        let requests = requests(&program, &portal).await;
        let requests = requests.into_iter().map(Arc::new).collect();
        Self {
            _portal: portal,
            program,
            requests,
        }
    }

    fn database(&self) -> PathBuf {
        self.program.data().join("panda-oidc.db")
    }

    fn request(&self, name: &str) -> &Request {
        let named = |request: &&Arc<Request>| request.name == name;
        self.requests.iter().find(named).expect(name)
    }

    /// Sends all requests at once while the store fails at what `fails` says.
    async fn fail(&self, fails: Needs) {
        let mut sent = JoinSet::new();
        for request in &self.requests {
            let request = Arc::clone(request);
            sent.spawn(async move { request.send_while_failing(fails).await });
        }
        sent.join_all().await;
    }

    /// Sends all requests, which must succeed although they failed before.
    async fn recover(&self) {
        for request in &self.requests {
            request.send_while_working().await;
        }
    }
}

/// One request for each endpoint, with everything it needs to succeed.
async fn requests(program: &Program, portal: &SimulatorHandle) -> Vec<Request> {
    let client = program.client();
    let authorize = |changes: &[(&str, &str)]| client.authorize_url(changes).to_string();
    let mut browser = signed_in(program, portal).await;
    let given = tokens(program, &mut browser).await;
    let given = |name: &str| given[name].as_str().unwrap();
    let code = client.login(&mut browser).await;
    let revoked = tokens(program, &mut browser).await;
    let revoked = revoked["refresh_token"].as_str().unwrap();

    let mut waiting = Browser::new();
    waiting.get(authorize(&[])).await;
    let resumed = waiting
        .get(launch_url(program, &portal.issue_ticket(CHEN_TAO)))
        .await;
    let mut switching = signed_in(program, portal).await;
    let other = portal.issue_ticket(HEI_LONG_JIANG);
    switching.get(launch_url(program, &other)).await;
    let switch = switching
        .get(program.at("/switch"))
        .await
        .field("confirmation");
    let mut leaving = signed_in(program, portal).await;
    let leave = leaving
        .get(program.at("/logout"))
        .await
        .field("confirmation");
    let mut hinted = signed_in(program, portal).await;
    let hint = tokens(program, &mut hinted).await;
    let hint = hint["id_token"].as_str().unwrap();
    let hint = program.at(&format!("/logout?id_token_hint={hint}"));

    let read = |request: Request| request.needs(Needs::Read, Failure::Page);
    let write = |request: Request| request.needs(Needs::Write, Failure::Page).succeeds(303);
    let silent = |name, mode, failure| {
        let url = authorize(&[("prompt", "none"), ("response_mode", mode)]);
        write(Request::get(name, url))
            .from(&browser)
            .needs(Needs::Write, failure)
    };
    let form: Vec<_> = client
        .authorize_url(&[])
        .query_pairs()
        .into_owned()
        .collect();
    let mut posted = Request::post("POST /authorize", program.at("/authorize"), &[]);
    posted.form = form
        .into_iter()
        .map(|(key, value)| (&*key.leak(), value))
        .collect();
    let scim = |name, path: &str| {
        Request::get(name, format!("{}{path}", program.admin))
            .bearer(SCIM_TOKEN)
            .needs(Needs::Read, Failure::Scim)
    };
    let with_ticket = |url: String| {
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}ticket={}", portal.issue_ticket(CHEN_TAO))
    };
    vec![
        Request::get("discovery", program.at("/.well-known/openid-configuration")),
        Request::get("jwks", program.at("/jwks")),
        Request::get("healthz", format!("{}/healthz", program.admin)),
        Request::get("readyz", format!("{}/readyz", program.admin))
            .needs(Needs::Write, Failure::Text),
        Request::get("metrics", format!("{}/metrics", program.admin))
            .needs(Needs::Read, Failure::Less),
        scim("SCIM list", "/scim/v2/Users"),
        scim("SCIM user", "/scim/v2/Users/1"),
        scim("SCIM groups", "/scim/v2/Groups"),
        Request::get("authorize, nobody signed in", authorize(&[])),
        write(Request::get("authorize", authorize(&[]))).from(&browser),
        write(Request::get(
            "authorize, ticket",
            with_ticket(authorize(&[])),
        )),
        write(Request::get(
            "authorize, max_age=0",
            authorize(&[("max_age", "0")]),
        ))
        .from(&browser)
        .needs(Needs::Read, Failure::Page)
        .succeeds(200),
        write(posted).from(&browser),
        silent("prompt=none", "query", Failure::Query),
        silent("prompt=none, fragment", "fragment", Failure::Fragment),
        silent("prompt=none, form_post", "form_post", Failure::FormPost).succeeds(200),
        write(Request::get(
            "prompt=none, ticket",
            with_ticket(authorize(&[("prompt", "none")])),
        ))
        .needs(Needs::Write, Failure::Query),
        write(Request::get("resume", resumed.location())).from(&waiting),
        write(Request::get("launch", with_ticket(program.at("/launch")))),
        write(Request::get(
            "launch, client",
            with_ticket(program.at("/launch/app")),
        )),
        write(Request::get(
            "launch, deep link",
            with_ticket(program.at("/launch/app/d/1")),
        )),
        read(Request::get("list of apps", program.at("/launch"))).from(&browser),
        read(Request::get(
            "launch without ticket",
            program.at("/launch/app"),
        ))
        .from(&browser)
        .succeeds(303),
        read(Request::get("switch", program.at("/switch"))).from(&switching),
        write(Request::post(
            "POST /switch",
            program.at("/switch"),
            &[("confirmation", &switch)],
        ))
        .from(&switching),
        read(Request::get("logout", program.at("/logout"))).from(&leaving),
        write(Request::get("logout, hint", hint))
            .from(&hinted)
            .succeeds(200),
        write(Request::post(
            "POST /logout/confirm",
            program.at("/logout/confirm"),
            &[("confirmation", &leave)],
        ))
        .from(&leaving)
        .succeeds(200),
        Request::of_client(
            "code",
            &client,
            "/token",
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", REDIRECT_URI),
                ("code_verifier", VERIFIER),
            ],
        ),
        Request::of_client(
            "refresh",
            &client,
            "/token",
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", given("refresh_token")),
            ],
        ),
        Request::of_client(
            "client_credentials",
            &client,
            "/token",
            &[("grant_type", "client_credentials")],
        )
        .needs(Needs::Nothing, Failure::OAuth),
        Request::of_client(
            "exchange of a ticket",
            &client,
            "/token",
            &[
                ("grant_type", TOKEN_EXCHANGE),
                ("subject_token_type", TICKET),
                ("subject_token", &portal.issue_ticket(CHEN_TAO)),
            ],
        ),
        Request::of_client(
            "exchange of a token",
            &client,
            "/token",
            &[
                ("grant_type", TOKEN_EXCHANGE),
                ("subject_token_type", ACCESS_TOKEN),
                ("subject_token", given("access_token")),
                ("resource", "https://api"),
            ],
        )
        .needs(Needs::Read, Failure::OAuth),
        Request::of_client(
            "introspect",
            &client,
            "/introspect",
            &[("token", given("access_token"))],
        )
        .needs(Needs::Read, Failure::OAuth),
        Request::of_client("revoke", &client, "/revoke", &[("token", revoked)]),
        Request::get("userinfo", program.at("/userinfo"))
            .bearer(given("access_token"))
            .needs(Needs::Read, Failure::OAuth),
    ]
}

#[tokio::test]
async fn every_endpoint_answers_while_the_database_is_locked() {
    let stage = Stage::open().await;
    let other = Connection::open(stage.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    stage.fail(Needs::Write).await;
    let log = stage.program.log();
    assert!(log.contains("database is locked"), "{log}");
    other.execute_batch("ROLLBACK").unwrap();
    stage.recover().await;
}

#[tokio::test]
async fn every_endpoint_answers_while_the_disk_is_full() {
    let stage = Stage::open().await;
    let log = fs::metadata(stage.database().with_extension("db-wal"));
    limit_file_size(&stage.program, &log.unwrap().len().to_string());
    stage.fail(Needs::Write).await;
    limit_file_size(&stage.program, "unlimited");
    stage.recover().await;
}

#[tokio::test]
async fn every_endpoint_answers_while_the_database_is_gone() {
    let stage = Stage::open().await;
    let away = stage.program.folder().join("away");
    fs::rename(stage.program.data(), &away).unwrap();
    fs::create_dir(stage.program.data()).unwrap();
    // A read relies for a second on the last check of the files.
    let userinfo = stage.request("userinfo");
    crate::tools::until("it notices", async || userinfo.send().await.status == 503).await;
    stage.fail(Needs::Read).await;
    let log = stage.program.log();
    assert!(
        log.contains("was deleted or replaced while it was in use"),
        "{log}"
    );
    fs::remove_dir(stage.program.data()).unwrap();
    fs::rename(&away, stage.program.data()).unwrap();
    stage.recover().await;
}

#[tokio::test]
async fn every_endpoint_answers_while_another_database_is_in_its_place() {
    let stage = Stage::open().await;
    let copy = stage.program.folder().join("copy.db");
    fs::copy(stage.database(), &copy).unwrap();
    fs::rename(&copy, stage.database()).unwrap();
    let before = fs::read(stage.database()).unwrap();
    stage
        .request("launch")
        .send_while_failing(Needs::Read)
        .await;
    assert!(fs::read(stage.database()).unwrap() == before);
}

#[tokio::test]
async fn every_endpoint_answers_while_the_database_is_damaged() {
    let stage = Stage::open().await;
    // The log is moved into the file, and a new commit makes the program read the file again.
    let other = Connection::open(stage.database()).unwrap();
    other
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let length = fs::metadata(stage.database()).unwrap().len();
    let mut file = OpenOptions::new()
        .write(true)
        .open(stage.database())
        .unwrap();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0xa5; usize::try_from(length).unwrap() - 4096])
        .unwrap();
    other.execute_batch("PRAGMA user_version = 6").unwrap();
    stage.fail(Needs::Read).await;
    let log = stage.program.log();
    assert!(log.contains("database disk image is malformed"), "{log}");
}

//! The product: two processes over one database, the browsers, and what the clients have received.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use panda_oidc::jobs::directory_sync::{SyncOptions, sync};
use panda_oidc_panda::simulator::Person;
use proptest_state_machine::StateMachineTest;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::step::Move;
use crate::support::app::RelyingParty;
use crate::support::browser::Browser;
use crate::support::replicas::Replicas;
use crate::world::{ALWAYS, BACKEND, BROWSERS, OFFLINE, START, World};

/// The names of the people. A page shows that of the person who is signed in.
pub const NAMES: [&str; 3] = ["陈涛", "黑龙江", "新耀分公司"];

/// Somebody who never leaves and never clicks: an empty list would be refused.
const ANOTHER: &str = "值班室";

/// The client identifiers; the world knows clients by their numbers.
const CLIENT_IDS: [&str; 4] = ["always", "offline", "plain", "backend"];

const SECRET: &str = "model-secret-0123456789";

/// The product, and everything that a test holds of it.
pub struct Product {
    /// The processes and the portal.
    pub replicas: Replicas,
    /// The browsers with their cookies.
    pub browsers: Vec<Browser>,
    /// The tickets, in the order of the world; as the following lists.
    pub tickets: Vec<String>,
    /// What was received for each code.
    pub grants: Vec<Received>,
    /// The access tokens.
    pub access_tokens: Vec<String>,
    /// The `sid` of each session that has one yet.
    pub sids: BTreeMap<usize, String>,
    /// Cookies that a browser once had, and the session that they were of.
    pub old_cookies: Vec<(Browser, usize)>,
    /// How often the portal was asked about a ticket.
    pub portal_calls: usize,
    /// A browser without cookies, to copy.
    pub stranger: Browser,
}

/// What a client received for a code.
#[derive(Debug, Default)]
pub struct Received {
    /// The code; empty if there was none.
    pub code: String,
    /// The refresh tokens, the current one last.
    pub refresh_tokens: Vec<String>,
    /// The last access token.
    pub access_token: Option<String>,
    /// The last ID token.
    pub id_token: Option<String>,
}

impl StateMachineTest for Product {
    type SystemUnderTest = Self;
    type Reference = World;

    fn init_test(_: &World) -> Self {
        runtime().block_on(Self::open())
    }

    fn apply(mut product: Self, world: &World, next: Move) -> Self {
        runtime().block_on(product.follow(world, &next));
        product
    }

    fn check_invariants(product: &Self, world: &World) {
        runtime().block_on(product.check(world, RECENT));
    }

    fn teardown(product: Self, world: World) {
        runtime().block_on(async {
            product.check(&world, usize::MAX).await;
            product.replicas.stop().await;
        });
    }
}

/// How many of the latest tokens and cookies are looked at after every step. At the end all are.
const RECENT: usize = 2;

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

fn people() -> Vec<Person> {
    let names = NAMES.into_iter().chain([ANOTHER]);
    let people = names.zip(1..).map(|(name, id)| Person::new(id, name, ""));
    people.collect()
}

fn sections() -> String {
    let clients: String = (0..CLIENT_IDS.len()).map(registration).collect();
    format!(
        "[directory]\nsync = 'off'\nmax_removal = '100%'\n\
         [session]\nlifetime = '12h'\nticket_memory = '7d'\n{clients}"
    )
}

fn registration(client: usize) -> String {
    let client_id = CLIENT_IDS[client];
    let refresh_token = if client == ALWAYS {
        "always"
    } else {
        "offline_access"
    };
    let grant_types = if client == BACKEND {
        "grant_types = ['urn:ietf:params:oauth:grant-type:token-exchange']\n\
         subject_token_types = ['urn:panda-oidc:token-type:ticket']"
            .to_owned()
    } else {
        format!("redirect_uris = ['http://127.0.0.1:9/{client_id}']")
    };
    format!(
        "[[clients]]\nclient_id = '{client_id}'\nclient_secret = '{SECRET}'\n\
         id_token_signed_response_alg = 'EdDSA'\naccess_token_lifetime = '30m'\n\
         refresh_token = '{refresh_token}'\nrefresh_token_lifetime = '20d'\n\
         refresh_token_idle_lifetime = '10d'\nrefresh_token_grace = '10s'\n{grant_types}\n"
    )
}

/// A folder with a database that knows the people.
async fn prepared() -> TempDir {
    let replicas = Replicas::open(1, START, people(), &sections(), None).await;
    let app = &replicas.processes[0].app;
    sync(app, SyncOptions::default(), &|_, _| ()).await.unwrap();
    replicas.stop().await
}

impl Product {
    async fn open() -> Self {
        static PREPARED: tokio::sync::OnceCell<TempDir> = tokio::sync::OnceCell::const_new();
        let data = PREPARED.get_or_init(prepared).await.path();
        let stranger = Browser::new();
        Self {
            replicas: Replicas::open(2, START, people(), &sections(), Some(data)).await,
            browsers: vec![stranger.clone(); BROWSERS],
            tickets: Vec::new(),
            grants: Vec::new(),
            access_tokens: Vec::new(),
            sids: BTreeMap::new(),
            old_cookies: Vec::new(),
            portal_calls: 0,
            stranger,
        }
    }

    /// The URL of an endpoint at a process.
    pub fn at(&self, process: usize, path: &str) -> String {
        format!("{}{path}", self.replicas.processes[process].address)
    }

    /// A client that talks to a process.
    pub fn client(&self, client: usize, process: usize) -> RelyingParty {
        let client_id = CLIENT_IDS[client];
        RelyingParty {
            issuer: self.replicas.processes[process].address.clone(),
            client_id: client_id.to_owned(),
            client_secret: Some(SECRET.to_owned()),
            redirect_uri: format!("http://127.0.0.1:9/{client_id}"),
        }
    }

    /// The scopes that a client requests.
    pub fn scope(client: usize) -> &'static str {
        if client == OFFLINE {
            "openid profile offline_access"
        } else {
            "openid profile"
        }
    }
}

//! Measures the store's work for a login.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up must fail"
)]

#[path = "support/processor_time.rs"]
mod processor_time;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use criterion::measurement::Measurement as _;
use criterion::{Criterion, criterion_group, criterion_main};
use openidconnect::{ClientId, Nonce};
use panda_oidc::crypto::handle::Digest;
use panda_oidc::crypto::identifiers::GrantId;
use panda_oidc::login::sign_in::{ContinuedSession, SignIn};
use panda_oidc::oauth::grant::Grant;
use panda_oidc::oauth::pkce::CodeChallenge;
use panda_oidc::oauth::requested_claims::RequestedClaims;
use panda_oidc::oauth::scope::Scopes;
use panda_oidc::session::{LogoutNotice, Session, SessionId, User};
use panda_oidc::store::{
    CodeRedemption, Grants as _, Maintenance as _, Sessions as _, SqliteStore, Store, WriteTimeout,
};
use panda_oidc_sdk::{Identity, Subject};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use processor_time::ProcessorTime;

/// How many people are signed in.
const PEOPLE: u64 = 1000;

criterion_group! {
    name = store;
    config = Criterion::default()
        .with_measurement(ProcessorTime)
        .sample_size(20)
        .measurement_time(Duration::from_secs(8));
    targets = logins, reads
}
criterion_main!(store);

fn logins(criterion: &mut Criterion<ProcessorTime>) {
    let bench = Bench::new();
    for tasks in [1, 64] {
        criterion.bench_function(&format!("issue and take, {tasks} at a time"), |bencher| {
            bencher.iter_custom(|iterations| {
                let before = ProcessorTime.start();
                bench.runtime.block_on(async {
                    let mut running = JoinSet::new();
                    for task in 0..tasks {
                        let share = iterations / tasks + u64::from(task < iterations % tasks);
                        running.spawn(login(Arc::clone(&bench.store), share));
                    }
                    running.join_all().await;
                });
                ProcessorTime.end(before)
            });
        });
    }
    bench.end();
}

fn grafana() -> ClientId {
    ClientId::new("grafana".to_owned())
}

fn reads(criterion: &mut Criterion<ProcessorTime>) {
    let bench = Bench::new();
    let grants: Vec<_> = bench.runtime.block_on(async {
        let mut grants = Vec::new();
        for _ in 0..PEOPLE {
            let code = issue_code(&*bench.store).await;
            bench
                .store
                .redeem(&code, &grafana(), None, now() + TimeDelta::hours(1), now())
                .await
                .unwrap();
            grants.push(code);
        }
        grants
    });
    criterion.bench_function("session", |bencher| {
        bencher.iter(|| {
            let handle = digest("handle", next() % PEOPLE);
            let session = bench.store.session(&handle, now());
            black_box(bench.runtime.block_on(session).unwrap().unwrap())
        });
    });
    criterion.bench_function("granted", |bencher| {
        let mut ids = grants.iter().cycle();
        bencher.iter(|| {
            let active_grant = bench.store.active_grant(ids.next().unwrap(), now());
            black_box(bench.runtime.block_on(active_grant).unwrap().unwrap())
        });
    });
    criterion.bench_function("session, after a commit", |bencher| {
        bencher.iter_custom(|iterations| {
            let mut spent = Duration::ZERO;
            for _ in 0..iterations {
                bench.runtime.block_on(issue_code(&*bench.store));
                let handle = digest("handle", next() % PEOPLE);
                let before = ProcessorTime.start();
                let session = bench.store.session(&handle, now());
                black_box(bench.runtime.block_on(session).unwrap().unwrap());
                spent += ProcessorTime.end(before);
            }
            spent
        });
    });
    bench.end();
}

async fn login(store: Arc<SqliteStore>, times: u64) {
    for _ in 0..times {
        let code = issue_code(&*store).await;
        let redemption = store
            .redeem(&code, &grafana(), None, now() + TimeDelta::hours(1), now())
            .await
            .unwrap();
        assert!(matches!(redemption, CodeRedemption::Granted(_)));
    }
}

/// Issues a code to one of the signed-in users and returns its id.
async fn issue_code(store: &impl Store) -> GrantId {
    let number = next();
    let code = digest("code", number);
    let grant = Grant {
        client_id: grafana(),
        subject: Subject::new((number % PEOPLE).to_string()).unwrap(),
        sid: sid(number % PEOPLE),
        scopes: Scopes::parse("openid profile phone"),
        redirect_uri: "https://grafana.example.com/login/generic_oauth".to_owned(),
        nonce: Some(Nonce::new("n-0S6_WzA2Mj0123456789".to_owned())),
        challenge: CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        auth_time: now(),
        issues_refresh_token: false,
        resources: Vec::new(),
        claims: RequestedClaims::default(),
        acr: None,
    };
    let expires_at = now() + TimeDelta::seconds(60);
    store.issue(&code, grant, expires_at).await.unwrap();
    code
}

/// A store in which [`PEOPLE`] users are signed in.
struct Bench {
    runtime: Runtime,
    store: Arc<SqliteStore>,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store =
            SqliteStore::open(&folder.path().join("panda-oidc.db"), WriteTimeout::Command).unwrap();
        runtime.block_on(async {
            for person in 0..PEOPLE {
                store.sign_in(sign_in(person), now()).await.unwrap();
            }
        });
        Self {
            runtime,
            store: Arc::new(store),
            _folder: folder,
        }
    }

    fn end(self) {
        self.runtime.block_on(self.store.close()).unwrap();
    }
}

fn sign_in(person: u64) -> SignIn {
    SignIn {
        claim: None,
        logout_notice: LogoutNotice {
            listeners: [].into(),
            leased_until: now(),
            deferred: None,
            expires_at: now(),
        },
        continues: ContinuedSession::None,
        session: Session {
            sid: sid(person),
            user_agent: digest("user agent", person),
            user: User {
                identity: Identity {
                    subject: Subject::new(person.to_string()).unwrap(),
                    name: Some("陈涛".to_owned()),
                    phone: Some("1822199904".to_owned()),
                },
                updated_at: now(),
            },
            auth_time: now(),
            expires_at: now() + TimeDelta::hours(8),
            ticket: digest("ticket", person),
        },
        handle: digest("handle", person),
        retired_handle: None,
    }
}

fn sid(person: u64) -> SessionId {
    SessionId::from(digest::<GrantId>("session", person).to_text())
}

fn digest<T: From<[u8; 32]>>(of: &str, number: u64) -> T {
    (*Digest::of(format!("{of} {number}").as_bytes()).as_bytes()).into()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn next() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

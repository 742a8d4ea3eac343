//! The floor: a bare server that does for a login only what no provider can leave out. It answers three
//! requests; the first commits a row, the second commits and signs twice, the third verifies a signature.
//! Figures from different machines can be compared as multiples of it.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rusqlite::Connection as Database;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::http::Connection;
use super::login::Client;
use super::server::Used;

/// The beginning of the names of its threads.
const THREADS: &str = "floor-";

/// What is signed, in the size of a token.
const TOKEN: [u8; 700] = [b'a'; 700];

/// The size of what is committed for a login.
const ROW: usize = 400;

/// A running server for the tokens of one client.
pub(crate) struct Floor {
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
    _folder: tempfile::TempDir,
}

impl Floor {
    /// Starts the server on threads of its own.
    pub(crate) fn start(client: &Client) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name(format!("{THREADS}http"))
            .enable_all()
            .build()
            .unwrap();
        let work = Arc::new(Work {
            id_token: Signer::new(client.id_token),
            access_token: Signer::new(client.access_token),
            commits: start_writer(&folder.path().join("floor.db")),
        });
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve(listener, work));
        Self {
            address,
            runtime: Some(runtime),
            _folder: folder,
        }
    }

    /// The three requests of a login.
    pub(crate) async fn login(connection: &mut Connection) {
        for path in ["/authorize", "/token", "/userinfo"] {
            let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
            let answer = connection.ask(&request).await.unwrap();
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }

    /// The processor time it has used so far.
    pub(crate) fn used() -> Used {
        Used::of_process(Path::new("/proc/self")).by_threads(THREADS)
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the requests need.
struct Work {
    id_token: Signer,
    access_token: Signer,
    commits: mpsc::Sender<oneshot::Sender<()>>,
}

impl Work {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<String>, Infallible> {
        match request.uri().path() {
            "/authorize" => self.commit().await,
            "/token" => {
                self.commit().await;
                self.id_token.sign();
                self.access_token.sign();
            }
            _ => self.access_token.verify(),
        }
        Ok(Response::new("x".repeat(ROW)))
    }

    async fn commit(&self) {
        let (done, committed) = oneshot::channel();
        self.commits.send(done).await.unwrap();
        committed.await.unwrap();
    }
}

async fn serve(listener: std::net::TcpListener, work: Arc<Work>) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let work = Arc::clone(&work);
        tokio::spawn(async move {
            let service = service_fn(|request| work.answer(request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // It ends with the load.
            let _ = connection.await;
        });
    }
}

/// Starts the thread that commits. Everybody who waits shares one transaction.
fn start_writer(path: &Path) -> mpsc::Sender<oneshot::Sender<()>> {
    let database = Database::open(path).unwrap();
    database
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE logins (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID",
        )
        .unwrap();
    let (commits, mut queue) = mpsc::channel::<oneshot::Sender<()>>(1024);
    let thread = thread::Builder::new().name(format!("{THREADS}store"));
    let commit = move || {
        let mut waiting = Vec::new();
        while queue.blocking_recv_many(&mut waiting, 1024) > 0 {
            let execute = |sql| database.prepare_cached(sql).unwrap().execute([]).unwrap();
            execute("BEGIN IMMEDIATE");
            for _ in &waiting {
                let insert = "INSERT INTO logins VALUES (randomblob(32), ?1)";
                let mut insert = database.prepare_cached(insert).unwrap();
                insert.execute([[0; ROW].as_slice()]).unwrap();
            }
            execute("COMMIT");
            for done in waiting.drain(..) {
                // A load that has ended no longer waits.
                let _ = done.send(());
            }
        }
    };
    thread.spawn(commit).unwrap();
    commits
}

/// A key with a signature of it to verify.
struct Signer {
    key: Key,
    public: ParsedPublicKey,
    signature: Vec<u8>,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    fn new(alg: &str) -> Self {
        let (key, algorithm, public): (
            _,
            &'static dyn aws_lc_rs::signature::VerificationAlgorithm,
            _,
        ) = match alg {
            "RS256" => {
                let key = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
                let public = key.public_key().as_ref().to_vec();
                (Key::Rsa(Box::new(key)), &RSA_PKCS1_2048_8192_SHA256, public)
            }
            "ES256" => {
                let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
                let public = key.public_key().as_ref().to_vec();
                (Key::Ecdsa(key), &ECDSA_P256_SHA256_FIXED, public)
            }
            _ => {
                let key = Ed25519KeyPair::generate().unwrap();
                let public = key.public_key().as_ref().to_vec();
                (Key::Ed25519(key), &ED25519, public)
            }
        };
        let signature = key.sign();
        let public = ParsedPublicKey::new(algorithm, public).unwrap();
        Self {
            key,
            public,
            signature,
        }
    }

    fn sign(&self) {
        self.key.sign();
    }

    fn verify(&self) {
        self.public.verify_sig(&TOKEN, &self.signature).unwrap();
    }
}

impl Key {
    fn sign(&self) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, &TOKEN, &mut signature)
                    .unwrap();
                signature
            }
            Self::Ecdsa(key) => key.sign(&random, &TOKEN).unwrap().as_ref().to_vec(),
            Self::Ed25519(key) => key.sign(&TOKEN).as_ref().to_vec(),
        }
    }
}

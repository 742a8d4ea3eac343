//! Outgoing TLS with certificates that no public CA issued: to the portal, and to a client's logout
//! endpoint.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::page::{asked_in, honest};
use crate::scripted_portal::{good, ok};
use crate::support::browser::Browser;
use crate::support::program::{BINARY, Program};
use crate::tools::{launch, tokens, until};

/// The certificate `name` in `tests/fixtures/tls`, as PEM.
fn pem(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls");
    std::fs::read_to_string(format!("{folder}/{name}.pem")).unwrap()
}

/// A server with the certificate `name`. It signs Chen Tao in, and takes logout tokens.
async fn serve(name: &str) -> String {
    let certificate = CertificateDer::from_pem_slice(pem(name).as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(pem("key").as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let tls = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                if let Ok(stream) = tls.accept(stream).await {
                    answer(stream).await;
                }
            });
        }
    });
    url
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut head = Vec::new();
    while !String::from_utf8_lossy(&head).contains("\r\n\r\n") {
        if !matches!(stream.read_buf(&mut head).await, Ok(1..)) {
            return;
        }
    }
    let answer = if head.starts_with(b"GET /PandaOMS/OMS/GetUserByTicket") {
        good()
    } else {
        ok(b"{}")
    };
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}

/// A server whose answer to any handshake is `bytes`, and then the end of the connection.
async fn answering(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut hello = vec![0; 4096];
                let _ = stream.read(&mut hello).await;
                let _ = stream.write_all(bytes).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    url
}

/// A program whose `[provider]` has this `ca_file`, beside its configuration.
async fn program(portal: &str, ca: &str) -> Program {
    let mut program = Program::prepare(portal, "ca_file = 'portal.pem'", "");
    std::fs::write(program.folder().join("portal.pem"), ca).unwrap();
    program.restart().await;
    program
}

async fn signs_in(program: &Program) -> bool {
    launch(program, &mut Browser::new(), "T").await.status == 303
}

#[tokio::test]
async fn a_certificate_that_the_portal_signed_itself_is_trusted_if_it_is_in_ca_file() {
    for name in ["own", "own-ca", "own-named"] {
        let program = program(&serve(name).await, &pem(name)).await;
        assert!(signs_in(&program).await, "{name} {}", program.log());
    }
}

#[tokio::test]
async fn the_ca_of_the_company_is_trusted_if_it_is_in_ca_file() {
    let ca = format!("{}\n{}", pem("own"), pem("ca"));
    let program = program(&serve("issued").await, &ca).await;
    assert!(signs_in(&program).await, "{}", program.log());
}

#[tokio::test]
async fn each_problem_with_tls_has_its_own_words() {
    const CIPHERS: &str = "TLS 1.2 with ECDHE and GCM or ChaCha20, or TLS 1.3";
    for (portal, ca, words) in [
        (serve("own").await, "ca", "set `ca_file`"),
        (serve("own-ca").await, "ca", "set `ca_file`"),
        (serve("issued").await, "own", "set `ca_file`"),
        (serve("expired").await, "expired", "has expired"),
        (serve("misnamed").await, "ca", "another name"),
        // Alerts: handshake_failure, protocol_version.
        (
            answering(b"\x15\x03\x03\x00\x02\x02\x28").await,
            "ca",
            CIPHERS,
        ),
        (
            answering(b"\x15\x03\x01\x00\x02\x02\x46").await,
            "ca",
            CIPHERS,
        ),
        (answering(b"").await, "ca", "closed the connection during"),
        (
            answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await,
            "ca",
            "does not speak TLS",
        ),
    ] {
        let program = program(&portal, &pem(ca)).await;
        let answer = asked_in(&program, true, "secret.ticket").await;
        honest(&answer, 503, true, "secret.ticket");
        let log = program.log();
        assert!(log.contains(words), "{words}: {log}");
        assert!(!log.contains("secret.ticket"));
    }
}

#[tokio::test]
async fn ca_file_at_the_top_counts_for_the_portal_and_for_clients() {
    let (portal, app) = (serve("own").await, serve("issued").await);
    let logout = format!("backchannel_logout_uri = '{app}/logout'");
    for (trusted, words) in [
        (
            pem("own") + "\n" + pem("ca").as_str(),
            "Told app that session",
        ),
        (
            pem("own"),
            "no TLS connection: the certificate is from a CA that this machine does not know",
        ),
    ] {
        let mut program = Program::prepare(&portal, "", &logout);
        let file = program.folder().join("all.pem");
        std::fs::write(&file, trusted).unwrap();
        program.spawn_by(Command::new(BINARY).env("PANDA_OIDC__CA_FILE", &file));
        program.until_ready().await;
        let mut browser = Browser::new();
        assert_eq!(launch(&program, &mut browser, "T").await.status, 303);
        let tokens = tokens(&program, &mut browser).await;
        let hint = tokens["id_token"].as_str().unwrap();
        let logout = format!("/logout?id_token_hint={hint}");
        browser.get(program.at(&logout)).await;
        until(words, async || program.log().contains(words)).await;
    }
}

#[tokio::test]
async fn a_ca_file_that_cannot_be_used_is_told_with_key_and_remedy() {
    for (content, problem) in [
        (None, "cannot be read"),
        (Some(""), "no certificate"),
        (
            Some("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            "no certificate",
        ),
        (
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "cannot be read",
        ),
    ] {
        let program = Program::prepare("https://127.0.0.1:9", "ca_file = 'portal.pem'", "");
        let file: PathBuf = program.folder().join("portal.pem");
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        for top in [false, true] {
            let mut check = Command::new(BINARY);
            check
                .arg("check")
                .arg("--config")
                .arg(program.config_file());
            if top {
                check.env("PANDA_OIDC__CA_FILE", &file);
            }
            let output = check.output().unwrap();
            let text = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{text}");
            let key = if top { "ca_file" } else { "provider.ca_file" };
            assert!(text.contains(key) && text.contains(problem), "{text}");
            assert!(text.contains("PEM"), "{text}");
        }
    }
}

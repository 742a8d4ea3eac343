//! How PostgreSQL is reached: the URL with libpq's parameters, TLS, and the bounds of the pool.

use std::fmt;
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use panda_oidc_sdk::TrustedCertificates;
use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use url::Url;

/// How many connections a process opens at most, unless `store.pool_size` says otherwise.
const POOL_SIZE: usize = 16;

/// Where PostgreSQL is, and how its connections are used.
#[derive(Clone)]
pub struct PostgresSettings {
    pub(super) server: Config,
    pub(super) tls: ClientConfig,
    /// The most connections that a process opens.
    pub pool_size: usize,
    /// Whether statements are prepared once for each connection. A pooler that gives each transaction another
    /// connection may not allow that.
    pub prepared_statements: bool,
    /// How long a new connection may take.
    pub connect_timeout: Duration,
    /// How long a step may take, once it has a connection.
    pub statement_timeout: Duration,
}

/// What certificates a connection requires (libpq's `sslmode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verification {
    /// The server's certificate is not looked at.
    None,
    /// Its issuer must be trusted.
    Issuer,
    /// Its issuer must be trusted, and it must be for the host.
    Host,
}

/// Why a URL does not name a database.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// It is not a URL of PostgreSQL.
    #[error("it is not a URL of PostgreSQL")]
    NotPostgres,
    /// A part of it is wrong. Does not repeat the URL, which may hold a password.
    #[error("{0}")]
    Invalid(String),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up ({0})")]
    Tls(#[from] rustls::Error),
    /// The certificates in `ca_file` cannot be read.
    #[error("ca_file: {0}")]
    CaFile(#[from] panda_oidc_sdk::CaFileError),
}

impl PostgresSettings {
    /// Reads a URL as libpq does: `postgresql://user:password@host:port/database?sslmode=verify-full`. The
    /// certificates in `ca_file` are trusted in addition to those of the machine.
    ///
    /// # Errors
    ///
    /// [`UrlError`]; it never repeats the URL.
    pub fn new(url: &str, ca_file: Option<&Path>) -> Result<Self, UrlError> {
        let mut url = Url::parse(url.trim()).map_err(|_| UrlError::NotPostgres)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(UrlError::NotPostgres);
        }
        // The driver knows three of libpq's modes; what they verify is decided here.
        let parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let (modes, others): (Vec<_>, Vec<_>) = parameters
            .into_iter()
            .partition(|(name, _)| name == "sslmode");
        if others.is_empty() {
            url.set_query(None);
        } else {
            url.query_pairs_mut().clear().extend_pairs(&others);
        }
        let mode = modes.last().map_or("prefer", |(_, mode)| mode.as_str());
        let (mode, verification) = match mode {
            "disable" => (SslMode::Disable, Verification::None),
            "prefer" => (SslMode::Prefer, Verification::None),
            // As libpq: with a file of CAs, `require` means `verify-ca`.
            "require" if ca_file.is_some() => (SslMode::Require, Verification::Issuer),
            "require" => (SslMode::Require, Verification::None),
            "verify-ca" => (SslMode::Require, Verification::Issuer),
            "verify-full" => (SslMode::Require, Verification::Host),
            _ => {
                return Err(UrlError::Invalid(
                    "sslmode is none of disable, prefer, require, verify-ca and verify-full"
                        .to_owned(),
                ));
            }
        };
        let mut server = Config::from_str(url.as_str()).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            UrlError::Invalid(cause.unwrap_or_else(|| error.to_string()))
        })?;
        if server.get_hosts().is_empty() {
            return Err(UrlError::Invalid("it names no host".to_owned()));
        }
        if server.get_dbname().is_none() {
            return Err(UrlError::Invalid("it names no database".to_owned()));
        }
        server.ssl_mode(mode);
        if server.get_application_name().is_none() {
            server.application_name("panda-oidc");
        }
        Ok(Self {
            server,
            tls: client_config(verification, ca_file)?,
            pool_size: POOL_SIZE,
            prepared_statements: true,
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(3),
        })
    }

    /// The hosts and the database, for messages. Never the password.
    #[must_use]
    pub fn location(&self) -> String {
        let ports = self.server.get_ports();
        let hosts: Vec<String> = self
            .server
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(index, host)| {
                let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
                match host {
                    tokio_postgres::config::Host::Tcp(name) => format!("{name}:{port}"),
                    #[cfg(unix)]
                    tokio_postgres::config::Host::Unix(folder) => folder.display().to_string(),
                }
            })
            .collect();
        let database = self.server.get_dbname().unwrap_or_default();
        format!("{}/{database}", hosts.join(","))
    }
}

impl fmt::Debug for PostgresSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSettings")
            .field("location", &self.location())
            .finish_non_exhaustive()
    }
}

fn client_config(
    verification: Verification,
    ca_file: Option<&Path>,
) -> Result<ClientConfig, UrlError> {
    let trusted = match ca_file {
        Some(file) => TrustedCertificates::read(file)?,
        None => TrustedCertificates::default(),
    };
    if verification == Verification::Host {
        return Ok(trusted.client_config()?);
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let issuer = match verification {
        // Any host of any public CA would pass, so only the CAs of the file count.
        Verification::Issuer if trusted.is_empty() => {
            return Err(UrlError::Invalid(
                "sslmode=verify-ca needs store.ca_file; or write sslmode=verify-full".to_owned(),
            ));
        }
        Verification::Issuer => {
            let roots = Arc::new(trusted.roots());
            let verifier =
                WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
            Some(
                verifier
                    .build()
                    .map_err(|error| UrlError::Invalid(error.to_string()))?,
            )
        }
        Verification::None | Verification::Host => None,
    };
    let verifier = Arc::new(Lenient {
        provider: Arc::clone(&provider),
        issuer,
    });
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

/// Verifies what `sslmode` asks for: nothing, or the issuer but not the host.
#[derive(Debug)]
struct Lenient {
    issuer: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<rustls::crypto::CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(issuer) = &self.issuer else {
            return Ok(ServerCertVerified::assertion());
        };
        let verified =
            issuer.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // The chain is verified before the name.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

//! TLS of outgoing connections: which certificates are trusted, and why a connection was not made.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore,
    SignatureScheme,
};
use rustls_platform_verifier::Verifier;

/// Certificates that are trusted in addition to those of the machine.
///
/// Each counts in two ways: as a CA, for the certificates that it issued; and as itself, when a server
/// shows this very certificate. The latter is for servers that signed their own: whatever name it has and
/// whether or not it is a CA, it is the one that the operator has seen. Its dates still count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedCertificates(Vec<CertificateDer<'static>>);

/// Why the certificates in a file cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum CaFileError {
    /// The file cannot be read.
    #[error("it cannot be read ({0})")]
    Unreadable(io::Error),
    /// The file has no certificate.
    #[error("it has no certificate in PEM (`-----BEGIN CERTIFICATE-----`)")]
    Empty,
    /// The file has a certificate that is none.
    #[error("it has a certificate that cannot be read")]
    Malformed,
    /// TLS cannot be set up with the certificates.
    #[error("TLS cannot be set up with it ({0})")]
    Tls(#[from] rustls::Error),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up with it ({0})")]
    Client(#[from] reqwest::Error),
}

impl TrustedCertificates {
    /// Reads the certificates in the PEM file at `path`.
    ///
    /// # Errors
    ///
    /// [`CaFileError`].
    pub fn read(path: &Path) -> Result<Self, CaFileError> {
        let bytes = std::fs::read(path).map_err(CaFileError::Unreadable)?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        let found = found.map_err(|_| CaFileError::Malformed)?;
        if found.is_empty() {
            return Err(CaFileError::Empty);
        }
        if found.iter().any(|certificate| !is_certificate(certificate)) {
            return Err(CaFileError::Malformed);
        }
        Ok(Self(found))
    }

    /// These and those in `other`.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self([self.0.as_slice(), &other.0].concat())
    }

    /// Whether there is none, so that only those of the machine are trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These as CAs, without those of the machine.
    #[must_use]
    pub fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.0.iter().cloned());
        roots
    }

    /// The settings of TLS for a client that verifies as the machine does, and accepts these as well.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up.
    pub fn client_config(&self) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Arc::new(TrustVerifier {
            machine: Verifier::new_with_extra_roots(self.0.iter().cloned(), Arc::clone(&provider))?,
            trusted: self.0.clone(),
        });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(config)
    }
}

/// Whether `certificate` can be used as a CA, or as that of a server.
fn is_certificate(certificate: &CertificateDer<'static>) -> bool {
    RootCertStore::empty().add(certificate.clone()).is_ok()
}

/// Verifies as the machine does, and accepts what was trusted in addition.
#[derive(Debug)]
struct TrustVerifier {
    machine: Verifier,
    trusted: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for TrustVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.machine.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(error) if self.trusted.contains(end_entity) && !is_about_dates(&error) => {
                // The dates are checked before all else, so they are good here.
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.machine.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.machine.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.machine.supported_verify_schemes()
    }
}

fn is_about_dates(error: &rustls::Error) -> bool {
    matches!(
        TlsProblem::from(error),
        TlsProblem::Expired | TlsProblem::NotYetValid
    )
}

/// Why no TLS connection was made, each with the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsProblem {
    /// The issuer of the certificate is not trusted.
    UnknownIssuer,
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate has other names.
    WrongName,
    /// There is no version and cipher that both sides speak.
    NothingInCommon,
    /// The connection was closed in the handshake.
    Closed,
    /// The answer is not TLS.
    NotTls,
    /// The certificate cannot be used for another reason.
    UnusableCertificate(String),
}

impl fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NEEDS: &str = "needs TLS 1.2 with ECDHE and GCM or ChaCha20, or TLS 1.3";
        match self {
            Self::UnknownIssuer => write!(
                f,
                "the certificate is from a CA that this machine does not know: set `ca_file` to the \
                 certificate of that CA, or to the server's own if it signed itself"
            ),
            Self::Expired => write!(
                f,
                "the certificate has expired: renew it on the server; if it has not, the clock of this \
                 machine is wrong"
            ),
            Self::NotYetValid => write!(
                f,
                "the certificate is not valid yet: the clock of this machine, or of the one that issued \
                 it, is wrong"
            ),
            Self::WrongName => write!(
                f,
                "the certificate is for another name than the address has: write the address with a name \
                 that is in the certificate, or set `ca_file` to this very certificate"
            ),
            Self::NothingInCommon => write!(
                f,
                "the server offers no TLS version and cipher in common with this machine: it {NEEDS}"
            ),
            Self::Closed => write!(
                f,
                "the server closed the connection during the TLS handshake, as old servers do: it {NEEDS}"
            ),
            Self::NotTls => write!(
                f,
                "what answers there does not speak TLS: write http:// instead of https://, or the port \
                 of its https"
            ),
            Self::UnusableCertificate(why) => write!(
                f,
                "the certificate cannot be used ({why}): have another one issued"
            ),
        }
    }
}

impl TlsProblem {
    /// The problem behind a request that failed; `None` if it was not about TLS.
    #[must_use]
    pub fn of(error: &reqwest::Error) -> Option<Self> {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                return Some(Self::from(tls));
            }
            if let Some(problem) = error.downcast_ref::<io::Error>().and_then(of_io) {
                return Some(problem);
            }
            cause = error.source();
        }
        None
    }
}

/// An I/O error of a handshake wraps that of TLS, often in another I/O error. Its `source` skips them.
fn of_io(error: &io::Error) -> Option<TlsProblem> {
    let inner = error.get_ref();
    if let Some(io) = inner.and_then(|inner| inner.downcast_ref::<io::Error>()) {
        return of_io(io);
    }
    if let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return Some(TlsProblem::from(tls));
    }
    let is_handshake = inner.is_some_and(|inner| inner.to_string().contains("handshake"));
    (is_handshake && error.kind() == io::ErrorKind::UnexpectedEof).then_some(TlsProblem::Closed)
}

impl From<&rustls::Error> for TlsProblem {
    fn from(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(certificate) => of_certificate(certificate),
            rustls::Error::PeerIncompatible(_)
            | rustls::Error::AlertReceived(
                AlertDescription::HandshakeFailure
                | AlertDescription::ProtocolVersion
                | AlertDescription::InsufficientSecurity,
            ) => Self::NothingInCommon,
            rustls::Error::InvalidMessage(_) => Self::NotTls,
            other => Self::UnusableCertificate(other.to_string()),
        }
    }
}

fn of_certificate(error: &CertificateError) -> TlsProblem {
    match error {
        // The issuer has the name of a trusted one and another key, as after a renewal.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            TlsProblem::UnknownIssuer
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsProblem::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsProblem::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsProblem::WrongName
        }
        // A CA's certificate as that of the server: `openssl req -x509` makes such ones.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            TlsProblem::UnknownIssuer
        }
        other => TlsProblem::UnusableCertificate(other.to_string()),
    }
}

//! What a client may know about a failure: a registered code and a sentence of ours.

use std::borrow::Cow;

/// A registered error code (RFC 6749 §4.1.2.1 and §5.2, OIDC Core §3.1.2.6, RFC 6750 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request is malformed.
    InvalidRequest,
    /// Client authentication failed.
    InvalidClient,
    /// The code or the token presented as a grant is no good.
    InvalidGrant,
    /// The person may not use the client.
    AccessDenied,
    /// The scope exceeds what was granted.
    InvalidScope,
    /// The resource is unknown, or none of the client's business (RFC 8707 §2).
    InvalidTarget,
    /// An essential `acr` cannot be met (OpenID Connect Core Error Code
    /// `unmet_authentication_requirements` 1.0).
    UnmetAuthenticationRequirements,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// The grant type is not one of ours.
    UnsupportedGrantType,
    /// The response type is not one of ours.
    UnsupportedResponseType,
    /// Something of ours failed.
    ServerError,
    /// Something of ours or of the portal's is down; later may be better.
    TemporarilyUnavailable,
    /// `prompt=none`, and nobody is signed in.
    LoginRequired,
    /// The `request` parameter is not supported.
    RequestNotSupported,
    /// The `request_uri` parameter is not supported.
    RequestUriNotSupported,
    /// The `registration` parameter is not supported.
    RegistrationNotSupported,
    /// The access token is unknown, expired, revoked or malformed.
    InvalidToken,
    /// The access token was not granted enough.
    InsufficientScope,
}

impl ErrorCode {
    /// The code as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::AccessDenied => "access_denied",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::LoginRequired => "login_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
        }
    }
}

/// A failure of the protocol, as the client is told of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description}", code.as_str())]
pub struct OAuthError {
    /// The registered code.
    pub code: ErrorCode,
    /// A sentence for the developer of the client, in the characters RFC 6749 §5.2 allows.
    pub description: Cow<'static, str>,
}

impl OAuthError {
    /// An error with a sentence; characters that may not stand in one become `?`.
    #[must_use]
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        let description = description.into();
        // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E
        let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
        if description.chars().all(allowed) {
            return Self { code, description };
        }
        let clean = description
            .chars()
            .map(|c| if allowed(c) { c } else { '?' })
            .collect::<String>();
        Self {
            code,
            description: clean.into(),
        }
    }

    /// `invalid_request` with a sentence.
    #[must_use]
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// `invalid_client` with a sentence: the client has not proved itself (RFC 6749 §5.2).
    #[must_use]
    pub fn invalid_client(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidClient, description)
    }

    /// `invalid_grant` with a sentence: what the client brought is no good (RFC 6749 §5.2).
    #[must_use]
    pub fn invalid_grant(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidGrant, description)
    }
}

//! The errors that a client receives: a registered code and a description.

use std::borrow::Cow;

/// A registered error code (RFC 6749 §4.1.2.1 and §5.2, OIDC Core §3.1.2.6, RFC 6750 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request is malformed.
    InvalidRequest,
    /// Client authentication failed.
    InvalidClient,
    /// The authorization code or refresh token is invalid.
    InvalidGrant,
    /// The user may not use the client.
    AccessDenied,
    /// The scope exceeds what was granted.
    InvalidScope,
    /// The resource is unknown, or the client may not request it (RFC 8707 §2).
    InvalidTarget,
    /// An essential `acr` cannot be met (OpenID Connect Core Error Code
    /// `unmet_authentication_requirements` 1.0).
    UnmetAuthenticationRequirements,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// The grant type is not supported.
    UnsupportedGrantType,
    /// The response type is not supported.
    UnsupportedResponseType,
    /// This provider failed.
    ServerError,
    /// This provider or the portal is unavailable. A retry may succeed.
    TemporarilyUnavailable,
    /// `prompt=none`, and no sufficient session exists.
    LoginRequired,
    /// The `request` parameter is not supported.
    RequestNotSupported,
    /// The `request_uri` parameter is not supported.
    RequestUriNotSupported,
    /// The `registration` parameter is not supported.
    RegistrationNotSupported,
    /// The access token is unknown, expired, revoked or malformed.
    InvalidToken,
    /// The access token lacks a scope.
    InsufficientScope,
}

impl ErrorCode {
    /// The code as it is sent.
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

/// A protocol error, as it is sent to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description}", code.as_str())]
pub struct OAuthError {
    /// The registered code.
    pub code: ErrorCode,
    /// A description for the developer of the client, in the characters that RFC 6749 §5.2 allows.
    pub description: Cow<'static, str>,
}

impl OAuthError {
    /// An error with a description. Characters that are not allowed in it become `?`.
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

    /// `invalid_request` with a description.
    #[must_use]
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// `invalid_client` with a description: client authentication failed (RFC 6749 §5.2).
    #[must_use]
    pub fn invalid_client(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidClient, description)
    }

    /// `invalid_grant` with a description: the presented grant is invalid (RFC 6749 §5.2).
    #[must_use]
    pub fn invalid_grant(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidGrant, description)
    }
}

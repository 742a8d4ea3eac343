//! The discovery document: what this provider supports, and nothing else (OIDC Discovery §3, RFC
//! 8414 §2).

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::url::ParseError;
use openidconnect::{
    AdditionalProviderMetadata, AuthUrl, AuthenticationContextClass, IssuerUrl, JsonWebKeySetUrl,
    LanguageTag, ProviderMetadata, ResponseTypes, TokenUrl, UserInfoUrl,
};
use serde::{Deserialize, Serialize};

use super::acr;
use super::issuer::Issuer;
use super::response_mode::ResponseMode;
use super::scope::Scope;
use crate::keys::SigningAlg;
use crate::keys::jws::JwsAlg;
use crate::oauth::grant_type::GrantType;

/// The paths of the endpoints below the issuer, for the routes of `http` and for this document.
pub mod path {
    /// Discovery by OIDC Discovery §4.
    pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
    /// Discovery by RFC 8414 §3.
    pub const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
    /// The JWK Set.
    pub const JWKS: &str = "/jwks";
    /// The authorization endpoint.
    pub const AUTHORIZE: &str = "/authorize";
    /// The token endpoint.
    pub const TOKEN: &str = "/token";
    /// The introspection endpoint (RFC 7662).
    pub const INTROSPECT: &str = "/introspect";
    /// The revocation endpoint (RFC 7009).
    pub const REVOKE: &str = "/revoke";
    /// The userinfo endpoint.
    pub const USERINFO: &str = "/userinfo";
    /// The e-mail addresses of a user, as Grafana requests them.
    pub const EMAILS: &str = "/userinfo/emails";
    /// The end session endpoint.
    pub const LOGOUT: &str = "/logout";
}

/// Members that the type of the `openidconnect` crate lacks.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a registered metadata member"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Additional {
    /// RFC 8414 §2.
    pub code_challenge_methods_supported: Vec<String>,
    /// RFC 8414 §2.
    pub introspection_endpoint: String,
    /// RFC 8414 §2.
    pub introspection_endpoint_auth_methods_supported: Vec<CoreClientAuthMethod>,
    /// RFC 8414 §2: "MUST be present if" the endpoint accepts assertions.
    pub introspection_endpoint_auth_signing_alg_values_supported: Vec<CoreJwsSigningAlgorithm>,
    /// RFC 8414 §2.
    pub revocation_endpoint: String,
    /// RFC 8414 §2.
    pub revocation_endpoint_auth_methods_supported: Vec<CoreClientAuthMethod>,
    /// RFC 8414 §2: "MUST be present if" the endpoint accepts assertions.
    pub revocation_endpoint_auth_signing_alg_values_supported: Vec<CoreJwsSigningAlgorithm>,
    /// RFC 9207 §3.
    pub authorization_response_iss_parameter_supported: bool,
    /// RP-Initiated Logout 1.0 §2.1.
    pub end_session_endpoint: String,
    /// Front-Channel Logout 1.0 §3.
    pub frontchannel_logout_supported: bool,
    /// Front-Channel Logout 1.0 §3: `iss` and `sid` are in the URL of the frame.
    pub frontchannel_logout_session_supported: bool,
    /// Back-Channel Logout 1.0 §2.1.
    pub backchannel_logout_supported: bool,
    /// Back-Channel Logout 1.0 §2.1.
    pub backchannel_logout_session_supported: bool,
}

impl AdditionalProviderMetadata for Additional {}

/// The discovery document's type.
pub type Metadata = ProviderMetadata<
    Additional,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// The claims that a client may receive.
const CLAIMS: [&str; 19] = [
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "at_hash",
    "sid",
    "acr",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "updated_at",
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
];

/// Builds the discovery document of `issuer`. `emails` says whether any client gets addresses.
///
/// # Errors
///
/// Never for an [`Issuer`]: it is a URL, so its endpoints are URLs too.
pub fn metadata(issuer: &Issuer, emails: bool) -> Result<Metadata, ParseError> {
    let algs = SigningAlg::ALL.into_iter().map(|alg| match alg {
        SigningAlg::RS256 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        SigningAlg::PS256 => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        SigningAlg::ES256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        SigningAlg::EdDSA => CoreJwsSigningAlgorithm::EdDsa,
    });
    let assertion_algs = JwsAlg::ALL.map(|alg| match alg {
        JwsAlg::HS256 => CoreJwsSigningAlgorithm::HmacSha256,
        JwsAlg::HS384 => CoreJwsSigningAlgorithm::HmacSha384,
        JwsAlg::HS512 => CoreJwsSigningAlgorithm::HmacSha512,
        JwsAlg::RS256 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        JwsAlg::PS256 => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        JwsAlg::ES256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        JwsAlg::EdDSA => CoreJwsSigningAlgorithm::EdDsa,
    });
    let grant_types = GrantType::ALL
        .into_iter()
        .map(|grant_type| match grant_type {
            GrantType::AuthorizationCode => CoreGrantType::AuthorizationCode,
            GrantType::RefreshToken => CoreGrantType::RefreshToken,
            GrantType::ClientCredentials => CoreGrantType::ClientCredentials,
            GrantType::TokenExchange => CoreGrantType::Extension(grant_type.as_str().to_owned()),
        });
    let response_modes = ResponseMode::ALL.into_iter().map(|mode| match mode {
        ResponseMode::Query => CoreResponseMode::Query,
        ResponseMode::Fragment => CoreResponseMode::Fragment,
        ResponseMode::FormPost => CoreResponseMode::FormPost,
    });
    let scopes = Scope::ALL
        .iter()
        .filter(|scope| emails || **scope != Scope::Email)
        .map(|scope| openidconnect::Scope::new(scope.as_str().to_owned()));
    let confidential_methods = vec![
        CoreClientAuthMethod::ClientSecretBasic,
        CoreClientAuthMethod::ClientSecretPost,
        CoreClientAuthMethod::ClientSecretJwt,
        CoreClientAuthMethod::PrivateKeyJwt,
    ];
    let all_methods = [
        confidential_methods.clone(),
        vec![CoreClientAuthMethod::None],
    ]
    .concat();
    let metadata = Metadata::new(
        IssuerUrl::new(issuer.to_string())?,
        AuthUrl::new(issuer.at(path::AUTHORIZE))?,
        JsonWebKeySetUrl::new(issuer.at(path::JWKS))?,
        vec![ResponseTypes::new(vec![CoreResponseType::Code])],
        vec![CoreSubjectIdentifierType::Public],
        algs.clone().collect(),
        Additional {
            code_challenge_methods_supported: vec!["S256".to_owned()],
            introspection_endpoint: issuer.at(path::INTROSPECT),
            introspection_endpoint_auth_methods_supported: confidential_methods,
            introspection_endpoint_auth_signing_alg_values_supported: assertion_algs.to_vec(),
            revocation_endpoint: issuer.at(path::REVOKE),
            revocation_endpoint_auth_methods_supported: all_methods.clone(),
            revocation_endpoint_auth_signing_alg_values_supported: assertion_algs.to_vec(),
            authorization_response_iss_parameter_supported: true,
            end_session_endpoint: issuer.at(path::LOGOUT),
            frontchannel_logout_supported: true,
            frontchannel_logout_session_supported: true,
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
        },
    );
    Ok(metadata
        .set_token_endpoint(Some(TokenUrl::new(issuer.at(path::TOKEN))?))
        .set_userinfo_endpoint(Some(UserInfoUrl::new(issuer.at(path::USERINFO))?))
        .set_userinfo_signing_alg_values_supported(Some(algs.collect()))
        .set_scopes_supported(Some(scopes.collect()))
        .set_response_modes_supported(Some(response_modes.collect()))
        .set_grant_types_supported(Some(grant_types.collect()))
        .set_token_endpoint_auth_methods_supported(Some(all_methods))
        .set_token_endpoint_auth_signing_alg_values_supported(Some(assertion_algs.into()))
        .set_claims_supported(Some(
            CLAIMS
                .into_iter()
                .filter(|claim| emails || !claim.starts_with("email"))
                .map(|claim| CoreClaimName::new(claim.to_owned()))
                .collect(),
        ))
        .set_claims_parameter_supported(Some(true))
        .set_acr_values_supported(Some(vec![AuthenticationContextClass::new(
            acr::TICKET.to_owned(),
        )]))
        .set_display_values_supported(Some(vec![
            CoreAuthDisplay::Page,
            CoreAuthDisplay::Popup,
            CoreAuthDisplay::Touch,
        ]))
        .set_request_parameter_supported(Some(false))
        .set_request_uri_parameter_supported(Some(false))
        .set_ui_locales_supported(Some(vec![
            LanguageTag::new("zh-CN".to_owned()),
            LanguageTag::new("en".to_owned()),
        ])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_what_works() {
        let issuer = Issuer::new("https://sso.example.com").unwrap();
        insta::assert_json_snapshot!(metadata(&issuer, true).unwrap());
    }
}

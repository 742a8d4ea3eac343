//! A `[[clients]]` section, as written by the operator.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use crate::config::paths::FilePath;
use crate::keys::SigningAlg;
use crate::keys::jws::JwsAlg;
use crate::oauth::grant_type::{GrantType, SubjectTokenType};
use crate::people::UserSet;

/// A client section.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ClientSection {
    pub(super) client_id: String,
    pub(super) client_secret: Option<SecretString>,
    pub(super) client_secret_file: Option<FilePath>,
    pub(super) client_secret_env: Option<String>,
    pub(super) client_secret_sha256: Option<SecretString>,
    pub(super) jwks: Option<serde_json::Value>,
    pub(super) jwks_uri: Option<String>,
    pub(super) client_name: Option<String>,
    pub(super) client_uri: Option<String>,
    #[serde(default)]
    pub(super) redirect_uris: Vec<String>,
    pub(super) initiate_login_uri: Option<String>,
    pub(super) initiate_login_parameters: Option<Vec<LaunchParameterKey>>,
    pub(super) target_link_parameter: Option<String>,
    pub(super) target_link_format: Option<TargetLinkFormatKey>,
    #[serde(default)]
    pub(super) links: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) post_logout_redirect_uris: Vec<String>,
    pub(super) backchannel_logout_uri: Option<String>,
    pub(super) backchannel_logout_session_required: Option<bool>,
    pub(super) frontchannel_logout_uri: Option<String>,
    pub(super) frontchannel_logout_session_required: Option<bool>,
    pub(super) token_endpoint_auth_method: Option<AuthMethod>,
    pub(super) token_endpoint_auth_signing_alg: Option<JwsAlg>,
    #[serde(default)]
    pub(super) token_parameters_in_url: bool,
    #[serde(default)]
    pub(super) require_pkce: bool,
    #[serde(default)]
    pub(super) id_token_signed_response_alg: SigningAlg,
    pub(super) access_token_signed_response_alg: Option<SigningAlg>,
    pub(super) userinfo_signed_response_alg: Option<SigningAlg>,
    #[serde(default)]
    pub(super) id_token_claims: IdTokenClaims,
    #[serde(default)]
    pub(super) access_token_typ: AccessTokenTyp,
    #[serde(default = "an_hour", with = "humantime_serde")]
    pub(super) access_token_lifetime: Duration,
    #[serde(default)]
    pub(super) access_token_audience: Vec<String>,
    #[serde(default)]
    pub(super) resources: Vec<String>,
    #[serde(default)]
    pub(super) allowed_resources: Vec<String>,
    #[serde(default = "GrantType::defaults")]
    pub(super) grant_types: Vec<GrantType>,
    #[serde(default)]
    pub(super) subject_token_types: Vec<SubjectTokenType>,
    #[serde(default)]
    pub(super) refresh_token: RefreshWhen,
    #[serde(default = "ninety_days", with = "humantime_serde")]
    pub(super) refresh_token_lifetime: Duration,
    #[serde(default = "thirty_days", with = "humantime_serde")]
    pub(super) refresh_token_idle_lifetime: Duration,
    #[serde(default = "ten_seconds", with = "humantime_serde")]
    pub(super) refresh_token_grace: Duration,
    pub(super) allow: Option<UserSet>,
    pub(super) deny: Option<UserSet>,
    #[serde(default)]
    pub(super) unlinked: Unlinked,
    pub(in crate::config) contact: Option<String>,
    pub(super) preset: Option<String>,
    pub(super) email: Option<String>,
    #[serde(default)]
    pub(super) email_verified: Verified,
    #[serde(default)]
    pub(super) split_names: Split,
    #[serde(default)]
    pub(super) claims: ClaimSections,
}

/// The values of `initiate_login_parameters`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LaunchParameterKey {
    Iss,
    TargetLinkUri,
    LoginHint,
}

/// The values of `target_link_format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TargetLinkFormatKey {
    Url,
    Path,
}

/// RFC 7591 §2, `token_endpoint_auth_method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AuthMethod {
    None,
    ClientSecretBasic,
    ClientSecretPost,
    ClientSecretJwt,
    PrivateKeyJwt,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) enum AccessTokenTyp {
    #[default]
    #[serde(rename = "at+jwt")]
    AtJwt,
    #[serde(rename = "JWT")]
    Jwt,
}

/// The values of `id_token_claims`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IdTokenClaims {
    #[default]
    Full,
    Minimal,
}

/// When a client gets a refresh token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefreshWhen {
    /// When it requests the scope `offline_access` (OIDC Core §11).
    #[default]
    OfflineAccess,
    /// With every login.
    Always,
}

fn an_hour() -> Duration {
    Duration::from_hours(1)
}

fn ninety_days() -> Duration {
    Duration::from_hours(90 * 24)
}

fn thirty_days() -> Duration {
    Duration::from_hours(30 * 24)
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

/// The values of `email_verified`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verified {
    #[default]
    Always,
    WhenTrue,
}

/// The values of `split_names`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Split {
    #[default]
    People,
    Everybody,
    #[serde(rename = "nobody")]
    None,
}

/// An entry of `[clients.claims]`.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a template, or { value = \"…\", scope = \"…\" }"
)]
pub(super) enum ClaimSection {
    Template(String),
    Scoped(Scoped),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scoped {
    pub(super) value: String,
    #[serde(default)]
    pub(super) scope: ClaimScope,
}

/// The scopes that a claim can belong to.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ClaimScope {
    #[default]
    Openid,
    Profile,
    Email,
    Phone,
}

/// `[clients.claims]`.
pub(super) type ClaimSections = BTreeMap<String, ClaimSection>;

/// Whether users without an account at the client may use it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unlinked {
    /// They may use it.
    #[default]
    Allow,
    /// They may not.
    Deny,
}

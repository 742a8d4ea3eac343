//! Modules about the claims that an authorization request asks for.

use serde_json::json;

use super::module::{Mode, Module};

/// `VerifyScopesReturnedInUserInfoClaims` warns unless all fourteen claims of `profile` are present. The
/// portal supplies only the name. The provider derives the parts of the name, `preferred_username` and
/// `updated_at`. It would have to invent the other claims, so the warning remains.
pub async fn oidcc_scope_profile(mode: Mode) {
    let mut module = Module::start(mode).await;
    let tokens = module.login(&[("scope", "openid profile")]).await;
    for claim in [
        "name",
        "given_name",
        "family_name",
        "preferred_username",
        "updated_at",
    ] {
        assert!(tokens.userinfo.get(claim).is_some(), "{claim}");
    }
    assert_eq!(tokens.userinfo.get("phone_number"), None, "not asked for");
}

/// Both claims of `phone`, for a user whose number in the portal is valid.
pub async fn oidcc_scope_phone(mode: Mode) {
    let mut module = Module::start(mode).await;
    let tokens = module.login(&[("scope", "openid phone")]).await;
    assert_eq!(tokens.userinfo["phone_number"], "+8613800138000");
    assert_eq!(tokens.userinfo["phone_number_verified"], false);
    assert_eq!(tokens.userinfo.get("name"), None, "not asked for");
}

/// The registration of a client with which the suite runs the modules that request `email`: discovery
/// lists the scope then.
const WITH_EMAIL: &str = "email = '{{ user.id }}@panda.invalid'\nid_token_claims = 'minimal'";

/// `EnsureIdTokenDoesNotContainEmailForScopeEmail`.
async fn email_from_userinfo(mode: Mode, scope: &str) {
    let mut module = Module::start_with(mode, WITH_EMAIL).await;
    let discovery = module.fetch("/.well-known/openid-configuration").await;
    let scopes = discovery["scopes_supported"].as_array().unwrap();
    assert!(scopes.contains(&"email".into()));
    let tokens = module.login(&[("scope", scope)]).await;
    assert_eq!(tokens.userinfo["email"], "1@panda.invalid");
    assert_eq!(tokens.userinfo["email_verified"], false);
    for claim in ["email", "email_verified"] {
        assert_eq!(tokens.claims.get(claim), None, "{claim}");
    }
}

pub async fn oidcc_scope_email(mode: Mode) {
    email_from_userinfo(mode, "openid email").await;
}

pub async fn oidcc_ensure_other_scope_order_succeeds(mode: Mode) {
    email_from_userinfo(mode, "email openid").await;
}

/// `EnsureUserInfoContainsName`, `EnsureIdTokenDoesNotContainName`.
pub async fn oidcc_claims_essential(mode: Mode) {
    let mut module = Module::start(mode).await;
    let requested = json!({"userinfo": {"name": {"essential": true}}}).to_string();
    let tokens = module.login(&[("claims", &requested)]).await;
    assert_eq!(tokens.userinfo["name"], "陈涛");
    assert_eq!(tokens.claims.get("name"), None);
}

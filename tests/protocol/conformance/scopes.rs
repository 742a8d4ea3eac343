//! Modules about the claims that a request asks for.

use serde_json::json;

use super::module::{Mode, Module};

/// `VerifyScopesReturnedInUserInfoClaims` wants all fourteen claims of `profile` or warns. The portal
/// knows a name and nothing else of them; its parts, a name for the account and the time of the last
/// change are ours to tell. The rest would be made up, so that the warning stays.
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

/// Both claims, for somebody whose number the portal has in a form that can be read.
pub async fn oidcc_scope_phone(mode: Mode) {
    let mut module = Module::start(mode).await;
    let tokens = module.login(&[("scope", "openid phone")]).await;
    assert_eq!(tokens.userinfo["phone_number"], "+8613800138000");
    assert_eq!(tokens.userinfo["phone_number_verified"], false);
    assert_eq!(tokens.userinfo.get("name"), None, "not asked for");
}

/// The suite turns `openid email` round, and skips the module where `email` is no scope.
pub async fn oidcc_ensure_other_scope_order_succeeds(mode: Mode) {
    let mut module = Module::start(mode).await;
    let tokens = module.login(&[("scope", "phone openid")]).await;
    assert!(tokens.userinfo.get("phone_number").is_some());
}

/// `EnsureUserInfoContainsName`, `EnsureIdTokenDoesNotContainName`.
pub async fn oidcc_claims_essential(mode: Mode) {
    let mut module = Module::start(mode).await;
    let wish = json!({"userinfo": {"name": {"essential": true}}}).to_string();
    let tokens = module.login(&[("claims", &wish)]).await;
    assert_eq!(tokens.userinfo["name"], "陈涛");
    assert_eq!(tokens.claims.get("name"), None);
}

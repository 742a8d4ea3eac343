//! The certification plans of the OpenID Foundation's conformance suite, run against the binary as the
//! suite runs them: with static clients, behind a TLS proxy, and with a simulated portal.
//!
//! As in the suite, a plan is a list of modules. Each module is a function with the suite's name for it.
//! The checks are stricter than the suite's: what is a warning in the suite is a failure in these tests.
//! `docs/conformance.md` lists the modules that the suite omits for static clients, and those that it
//! skips because discovery does not list the feature. [`config`] checks that discovery does not list it.

mod agent;
mod config;
mod grants;
mod invalid_requests;
mod login;
mod logout;
mod logout_notifications;
mod module;
mod proxy;
mod reauthentication;
mod scopes;
mod tokens;
mod userinfo;

/// A plan; its modules run with the response mode `$mode`.
macro_rules! plan {
    ($(#[$doc:meta])* $plan:ident, $mode:ident: $($file:ident::{$($module:ident),+ $(,)?}),+ $(,)?) => {
        $(#[$doc])*
        mod $plan {
            $($(
                #[tokio::test]
                async fn $module() {
                    super::$file::$module(super::module::Mode::$mode).await;
                }
            )+)+
        }
    };
}

/// The modules of `oidcc-basic` and `oidcc-formpost-basic`, which are the same.
macro_rules! basic_plan {
    ($(#[$doc:meta])* $plan:ident, $mode:ident) => {
        plan! {
            $(#[$doc])*
            $plan, $mode:
            login::{
                oidcc_server,
                oidcc_server_client_secret_post,
                oidcc_ensure_request_without_nonce_succeeds_for_code_flow,
                oidcc_display_page,
                oidcc_display_popup,
                oidcc_ensure_request_with_unknown_parameter_succeeds,
                oidcc_login_hint,
                oidcc_ui_locales,
                oidcc_claims_locales,
                oidcc_ensure_request_with_acr_values_succeeds,
                oidcc_ensure_post_request_succeeds,
                oidcc_ensure_request_with_valid_pkce_succeeds,
            },
            userinfo::{oidcc_userinfo_get, oidcc_userinfo_post_header, oidcc_userinfo_post_body},
            scopes::{
                oidcc_scope_profile,
                oidcc_scope_email,
                oidcc_scope_phone,
                oidcc_ensure_other_scope_order_succeeds,
                oidcc_claims_essential,
            },
            reauthentication::{
                oidcc_prompt_login,
                oidcc_prompt_none_not_logged_in,
                oidcc_prompt_none_logged_in,
                oidcc_max_age_1,
                oidcc_max_age_10000,
                oidcc_id_token_hint,
            },
            invalid_requests::{
                oidcc_response_type_missing,
                oidcc_ensure_registered_redirect_uri,
                oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported,
                oidcc_ensure_request_object_with_redirect_uri,
            },
            grants::{oidcc_codereuse, oidcc_codereuse_30seconds, oidcc_refresh_token},
        }
    };
}

basic_plan! {
    /// `oidcc-basic-certification-test-plan`.
    oidcc_basic, Default
}

basic_plan! {
    /// `oidcc-formpost-basic-certification-test-plan`.
    oidcc_formpost_basic, FormPost
}

plan! {
    /// `oidcc-config-certification-test-plan`.
    oidcc_config, Default:
    config::{oidcc_discovery_endpoint_verification},
}

plan! {
    /// `oidcc-rp-initiated-logout-certification-test-plan`.
    oidcc_rp_initiated_logout, Default:
    config::{oidcc_rp_initiated_logout_discovery_endpoint_verification},
    logout::{
        oidcc_rp_initiated_logout,
        oidcc_rp_initiated_logout_bad_logout_redirect_uri,
        oidcc_rp_initiated_logout_modified_id_token_hint,
        oidcc_rp_initiated_logout_no_id_token_hint,
        oidcc_rp_initiated_logout_no_params,
        oidcc_rp_initiated_logout_no_post_logout_redirect_uri,
        oidcc_rp_initiated_logout_no_state,
        oidcc_rp_initiated_logout_only_state,
        oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri,
        oidcc_rp_initiated_logout_bad_id_token_hint,
    },
}

plan! {
    /// `oidcc-backchannel-rp-initiated-logout-certification-test-plan`.
    oidcc_backchannel_rp_initiated_logout, Default:
    config::{oidcc_backchannel_logout_discovery_endpoint_verification},
    logout_notifications::{oidcc_backchannel_rp_initiated_logout},
}

plan! {
    /// `oidcc-frontchannel-rp-initiated-logout-certification-test-plan`.
    oidcc_frontchannel_rp_initiated_logout, Default:
    config::{oidcc_frontchannel_logout_discovery_endpoint_verification},
    logout_notifications::{oidcc_frontchannel_rp_initiated_logout},
}

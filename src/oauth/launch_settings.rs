//! What a client receives with a launch (OIDC Core §4).

use std::collections::BTreeMap;

/// A parameter of a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaunchParameter {
    /// `iss`: the issuer.
    Iss,
    /// `target_link_uri`: the page to open after the login.
    TargetLinkUri,
    /// `login_hint`: the user.
    LoginHint,
}

/// How a client expects the page to open after the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetLinkFormat {
    /// The whole URL.
    Url,
    /// Only what follows the origin.
    Path,
}

/// The settings of a client for launches.
#[derive(Debug, Clone)]
pub struct LaunchSettings {
    /// `initiate_login_parameters`.
    pub parameters: Vec<LaunchParameter>,
    /// `target_link_parameter`: the name under which the client receives the page.
    pub target_link_parameter: String,
    /// `target_link_format`.
    pub target_link_format: TargetLinkFormat,
    /// `links`: the URL of each named page.
    pub links: BTreeMap<String, String>,
}

impl Default for LaunchSettings {
    fn default() -> Self {
        Self {
            parameters: vec![LaunchParameter::Iss, LaunchParameter::TargetLinkUri],
            target_link_parameter: "target_link_uri".to_owned(),
            target_link_format: TargetLinkFormat::Url,
            links: BTreeMap::new(),
        }
    }
}

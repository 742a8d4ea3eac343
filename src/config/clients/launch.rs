//! The keys of a client about launches (OIDC Core §4).

use std::collections::BTreeMap;

use url::Url;

use super::check::Check;
use super::section::{ClientSection, LaunchParameterKey, TargetLinkFormatKey};
use crate::oauth::initiate_login::named_link;
use crate::oauth::launch_settings::{LaunchParameter, LaunchSettings, TargetLinkFormat};

/// The name of the parameter in the specification.
const TARGET_LINK_URI: &str = "target_link_uri";

impl Check<'_, '_> {
    pub(super) fn launch(
        &mut self,
        section: &ClientSection,
        client_uri: Option<&Url>,
    ) -> LaunchSettings {
        let default = LaunchSettings::default();
        let parameters = section.initiate_login_parameters.as_ref();
        let parameters = parameters.map_or(default.parameters, |keys| {
            keys.iter().map(|key| key.parameter()).collect()
        });
        let name = section.target_link_parameter.as_deref();
        if let Some(name) = name {
            self.target_link_parameter(name);
            if !parameters.contains(&LaunchParameter::TargetLinkUri) {
                self.fail(
                    "target_link_parameter",
                    "target_link_uri is not among the initiate_login_parameters, so it is never sent",
                    "add \"target_link_uri\" to them, or take target_link_parameter out",
                );
            }
        }
        let name = name.unwrap_or(TARGET_LINK_URI);
        let format = match section.target_link_format {
            Some(TargetLinkFormatKey::Path) => TargetLinkFormat::Path,
            // OIDC Core §4 defines a URL. Apps with a name of their own for it expect a path.
            None if name != TARGET_LINK_URI => TargetLinkFormat::Path,
            Some(TargetLinkFormatKey::Url) | None => TargetLinkFormat::Url,
        };
        LaunchSettings {
            parameters,
            target_link_parameter: name.to_owned(),
            target_link_format: format,
            links: self.links(section, client_uri),
        }
    }

    fn target_link_parameter(&mut self, name: &str) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            self.fail(
                "target_link_parameter",
                "it is not 1 to 64 of the characters A-Z a-z 0-9 - . _ ~",
                "write the name under which the app expects the page, such as \"next\"",
            );
        }
        if matches!(name, "iss" | "login_hint") {
            self.fail(
                "target_link_parameter",
                format!("`{name}` is another parameter of a launch"),
                "write the name under which the app expects the page, such as \"next\"",
            );
        }
    }

    /// The named pages, as URLs.
    fn links(
        &mut self,
        section: &ClientSection,
        client_uri: Option<&Url>,
    ) -> BTreeMap<String, String> {
        let mut links = BTreeMap::new();
        if section.links.is_empty() {
            return links;
        }
        let Some(home) = client_uri else {
            if section.client_uri.is_none() {
                self.fail(
                    "links",
                    "there is no client_uri that the pages are below",
                    "add client_uri, the app's home page",
                );
            }
            return links;
        };
        for (name, link) in &section.links {
            let plain = |character: char| character.is_alphanumeric() || "-._~".contains(character);
            let dots = name.chars().all(|character| character == '.');
            if name.is_empty() || dots || name.chars().count() > 64 || !name.chars().all(plain) {
                self.fail(
                    &format!("links.{name}"),
                    "the name is not 1 to 64 letters, digits or - . _ ~",
                    "choose a plain name: it is the end of the launch URL",
                );
            }
            match named_link(home, link) {
                Ok(url) => {
                    links.insert(name.clone(), url);
                }
                Err(_) => self.fail(
                    &format!("links.{name}"),
                    format!("`{link}` is no page below client_uri"),
                    "write the path below client_uri, such as \"/d/abc/pumps?orgId=1&kiosk\"",
                ),
            }
        }
        links
    }
}

impl LaunchParameterKey {
    fn parameter(self) -> LaunchParameter {
        match self {
            Self::Iss => LaunchParameter::Iss,
            Self::TargetLinkUri => LaunchParameter::TargetLinkUri,
            Self::LoginHint => LaunchParameter::LoginHint,
        }
    }
}

//! Apps that are recognised by their redirect URI, and that refuse people without an e-mail address.

use url::Url;

use super::check::Check;
use super::section::ClientSection;
use crate::config::presets;

/// An app, and the presets that have an address for it.
struct Product {
    name: &'static str,
    is_path: fn(&str) -> bool,
    presets: &'static [&'static str],
}

const PRODUCTS: [Product; 6] = [
    Product {
        name: "Grafana",
        is_path: |path| path.ends_with("/login/generic_oauth"),
        presets: &["grafana"],
    },
    Product {
        name: "Open WebUI",
        is_path: |path| path.ends_with("/oauth/oidc/callback"),
        presets: &["open-webui"],
    },
    Product {
        name: "Dex",
        is_path: |path| path.ends_with("/dex/callback"),
        presets: &["dex"],
    },
    Product {
        name: "an app on Flask-AppBuilder, such as Superset or Airflow",
        is_path: |path| path.contains("/oauth-authorized/"),
        presets: &["flask-appbuilder", "superset", "airflow"],
    },
    Product {
        name: "oauth2-proxy",
        is_path: |path| path.ends_with("/oauth2/callback"),
        presets: &["oauth2-proxy"],
    },
    Product {
        name: "Keycloak",
        is_path: |path| path.contains("/broker/") && path.ends_with("/endpoint"),
        presets: &["keycloak"],
    },
];

impl Check<'_, '_> {
    /// Warns about a known app without its preset and without an address. `email = "omit"` is a decision.
    pub(super) fn product(&mut self, section: &ClientSection) {
        if section.email.is_some() {
            return;
        }
        let found = section.redirect_uris.iter().find_map(|uri| {
            let url = Url::parse(uri).ok()?;
            let path = url.path().trim_end_matches('/').to_ascii_lowercase();
            PRODUCTS.iter().find(|app| (app.is_path)(&path))
        });
        let Some(Product { name, presets, .. }) = found else {
            return;
        };
        let own = section.preset.as_deref();
        if presets.iter().any(|preset| own == Some(*preset)) {
            return;
        }
        let in_this_build = |name: &&&str| presets::ALL.iter().any(|(known, _)| *known == **name);
        let remedy = match presets.iter().find(in_this_build) {
            Some(preset) => format!("add preset = \"{preset}\", or email = \"link\" or a template"),
            None => {
                "add email = \"{{ user.id }}@panda.invalid\", or \"link\" for the linked account's"
                    .to_owned()
            }
        };
        self.warn(
            "email",
            format!(
                "the redirect URI is that of {name}, which refuses people without an e-mail address, and the \
                 client has none for them"
            ),
            remedy + "; email = \"omit\" if none is needed",
        );
    }
}

//! `preset = "grafana"`: defaults for one client, as most clients of that kind need them. Each preset is
//! a file with keys of a client section. A key in the client's own section wins over the preset.

use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

use super::findings::Findings;

/// The presets of this build.
pub(super) const ALL: &[(&str, &str)] = &[
    ("grafana", include_str!("../../config/presets/grafana.toml")),
    (
        "keycloak",
        include_str!("../../config/presets/keycloak.toml"),
    ),
    (
        "oauth2-proxy",
        include_str!("../../config/presets/oauth2-proxy.toml"),
    ),
    ("spring", include_str!("../../config/presets/spring.toml")),
    (
        "flask-appbuilder",
        include_str!("../../config/presets/flask-appbuilder.toml"),
    ),
];

/// The only table that is merged entry by entry. Any other key replaces the preset's value as a whole.
const CLAIMS: &str = "claims";

/// Completes the clients of `source` that name a preset.
pub(super) fn complete(source: Figment) -> Figment {
    let Ok(Value::Array(tag, mut clients)) = source.find_value("clients") else {
        return source;
    };
    let mut completed = false;
    for client in &mut clients {
        if let Value::Dict(_, client) = client
            && let Some(preset) = client.get("preset").and_then(Value::as_str).and_then(named)
        {
            fill(client, preset);
            completed = true;
        }
    }
    if !completed {
        return source;
    }
    let metadata = source.find_metadata("clients").cloned();
    source.merge(Completed {
        metadata,
        clients: Value::Array(tag, clients),
    })
}

/// The preset called `name`.
fn named(name: &str) -> Option<Dict> {
    let (_, text) = ALL.iter().find(|(known, _)| *known == name)?;
    toml::from_str(text).ok()
}

/// Adds the values of `preset` to `client` for keys that the client does not set.
fn fill(client: &mut Dict, preset: Dict) {
    for (key, value) in preset {
        match (client.get_mut(&key), value) {
            (None, value) => {
                client.insert(key, value);
            }
            (Some(Value::Dict(_, own)), Value::Dict(_, preset)) if key == CLAIMS => {
                for (claim, value) in preset {
                    own.entry(claim).or_insert(value);
                }
            }
            (Some(_), _) => {}
        }
    }
}

/// Reports a `clients[index]` that names an unknown preset.
pub(super) fn check(index: usize, preset: Option<&str>, findings: &mut Findings<'_>) {
    let Some(preset) = preset else { return };
    if ALL.iter().any(|(known, _)| *known == preset) {
        return;
    }
    let names: Vec<_> = ALL.iter().map(|(name, _)| *name).collect();
    findings.add(
        &format!("clients[{index}].preset"),
        format!("`{preset}` is no preset"),
        format!("write one of: {}; or take it out", names.join(", ")),
    );
}

/// The completed clients. They keep their metadata, so that problems still name the operator's file.
struct Completed {
    metadata: Option<Metadata>,
    clients: Value,
}

impl Provider for Completed {
    fn metadata(&self) -> Metadata {
        self.metadata.clone().unwrap_or_default()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let clients = Dict::from([("clients".to_owned(), self.clients.clone())]);
        Ok(Map::from([(Profile::Default, clients)]))
    }
}

//! The whole configuration, as written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::admin::AdminSection;
use super::clients::ClientSection;
use super::directory::Directory;
use super::limits::LimitsSection;
use super::log::LogSection;
use super::paths::FilePath;
use super::sections::{KeysSection, Server, SessionSection};
use super::store::StoreSection;
use crate::people::Group;

/// The keys of the top, and the sections.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) issuer: String,
    pub(super) contact: Option<String>,
    pub(super) ca_file: Option<FilePath>,
    pub(super) clients_dir: Option<FilePath>,
    #[serde(default)]
    pub(super) reload_on_change: bool,
    #[serde(default)]
    pub(super) log: LogSection,
    #[serde(default)]
    pub(super) server: Server,
    #[serde(default)]
    pub(super) admin: AdminSection,
    pub(super) provider: figment::value::Dict,
    #[serde(default)]
    pub(super) session: SessionSection,
    #[serde(default)]
    pub(super) store: StoreSection,
    #[serde(default)]
    pub(super) keys: KeysSection,
    #[serde(default)]
    pub(super) directory: Directory,
    #[serde(default)]
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) groups_file: Option<FilePath>,
    #[serde(default)]
    pub(super) limits: LimitsSection,
    #[serde(default)]
    pub(super) clients: Vec<ClientSection>,
}

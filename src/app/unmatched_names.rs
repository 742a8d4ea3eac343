//! Looks for names in the configuration and in the groups file that match nothing.

use std::collections::{BTreeMap, BTreeSet};

use panda_oidc_sdk::Subject;

use super::App;
use crate::links::{Disputed, PersonQuery, Row, RowMatch, match_rows, person_query};
use crate::oauth::claim_mapping::EmailPolicy;
use crate::oauth::client::Client;
use crate::oauth::clients::Clients;
use crate::people::{
    Attribute, Groups, GroupsFile, KnownNames, Link, Mentions, Place, Unmatched, UserSet, unmatched,
};
use crate::store::{Store, StoreError};

/// How many links are read at once.
const BATCH_SIZE: u32 = 1000;

/// Logs a warning for each name of rules and access rules that matches nothing. Ids are left to
/// [`find_all`], which reads all people.
pub async fn warn(app: &App) {
    let groups = app.groups.current();
    match find(&app.clients, &groups, Some(app.store.as_ref())).await {
        Ok(found) => {
            for unmatched in found {
                tracing::warn!("{unmatched}");
            }
        }
        Err(error) => tracing::warn!("Names that match nothing were not looked for: {error}"),
    }
}

/// The groups, roles and attributes that match nothing. Without a store there are no links.
///
/// # Errors
///
/// When the store fails.
pub async fn find(
    clients: &Clients,
    groups: &Groups,
    store: Option<&dyn Store>,
) -> Result<Vec<Unmatched>, StoreError> {
    let places = places(clients, groups);
    let mut known = known_without_links(groups);
    // Most configurations mention nothing that only links have, and their links need not be read.
    let needs_links = places.iter().any(|place| {
        let Mentions {
            groups,
            roles,
            attributes,
            ..
        } = &place.mentions;
        !(attributes.is_empty() && groups.is_subset(&known.groups) && roles.is_subset(&known.roles))
    });
    if needs_links && let Some(store) = store {
        add_links(store, &mut known, &mut |_| {}).await?;
    }
    Ok(unmatched(&places, &known))
}

/// Everything that [`find`] finds, and also ids that nobody has and links in clients that are not
/// registered. `keep` is `directory.keep`.
///
/// # Errors
///
/// When the store fails.
pub async fn find_all(
    clients: &Clients,
    groups: &Groups,
    keep: &[String],
    store: &dyn Store,
) -> Result<Vec<Unmatched>, StoreError> {
    let mut places = places(clients, groups);
    let ids_of = |name: &str, ids: BTreeSet<String>| Place {
        name: name.to_owned(),
        denies: false,
        mentions: Mentions {
            ids,
            ..Mentions::default()
        },
    };
    places.push(ids_of(
        "groups",
        groups.member_ids().map(str::to_owned).collect(),
    ));
    places.push(ids_of("directory.keep", keep.iter().cloned().collect()));
    let mut known = known_without_links(groups);
    let mut unregistered: BTreeMap<String, usize> = BTreeMap::new();
    add_links(store, &mut known, &mut |client| {
        if clients.get(client).is_none() {
            *unregistered.entry(client.to_owned()).or_default() += 1;
        }
    })
    .await?;
    if store.user_count().await? > 0 {
        let ids = places.iter().flat_map(|place| &place.mentions.ids);
        let query = PersonQuery {
            subjects: ids
                .filter_map(|id| Subject::new(id.as_str()).ok())
                .collect(),
            ..PersonQuery::default()
        };
        let people = store.find_people(query).await?;
        known.ids = Some(
            people
                .iter()
                .map(|person| person.subject.to_string())
                .collect(),
        );
    }
    let mut found = unmatched(&places, &known);
    let clients = unregistered.into_iter();
    found.extend(clients.map(|(client, links)| Unmatched::Client { client, links }));
    Ok(found)
}

/// The rows of the groups file whose name or telephone number is not that of their id, with their line.
///
/// # Errors
///
/// When the store fails.
pub async fn disputed_members(
    file: &GroupsFile,
    store: &dyn Store,
) -> Result<Vec<(u64, Disputed)>, StoreError> {
    let rows = file.described.iter().map(|member| Row {
        line: member.line,
        subject: Some(member.subject.clone()),
        phone: member.phone.clone(),
        name: member.name.clone(),
        ..Row::default()
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let people = store.find_people(person_query(&rows)).await?;
    let found = match_rows(&rows, &people).into_iter();
    let disputed = found.zip(&rows).filter_map(|(found, row)| match found {
        RowMatch::Disputed(disputed) => Some((row.line, disputed)),
        _ => None,
    });
    Ok(disputed.collect())
}

/// Every place that mentions names.
fn places(clients: &Clients, groups: &Groups) -> Vec<Place> {
    let mut places = Vec::new();
    for client in clients.all() {
        places_of(client, &mut places);
    }
    places.extend(groups.rules().map(|(group, rule)| Place {
        name: format!("group {group}"),
        denies: false,
        mentions: rule.mentions(),
    }));
    places
}

fn places_of(client: &Client, places: &mut Vec<Place>) {
    let mut add = |key: &str, denies: bool, mentions: Mentions| {
        places.push(Place {
            name: format!("client {}: {key}", client.id.as_str()),
            denies,
            mentions,
        });
    };
    if let Some(access) = &client.access {
        let mentions =
            |set: &Option<UserSet>| set.as_ref().map(UserSet::mentions).unwrap_or_default();
        add("allow", false, mentions(&access.allow));
        add("deny", true, mentions(&access.deny));
    }
    if let EmailPolicy::Made(rule) = &client.claims.email {
        add("email", false, rule.mentions());
    }
    for own in &client.claims.own {
        add(
            &format!("claims.{}", own.rule.claim()),
            false,
            own.rule.mentions(),
        );
    }
}

fn known_without_links(groups: &Groups) -> KnownNames {
    KnownNames {
        groups: groups.names().into_iter().collect(),
        roles: groups.role_names().map(str::to_owned).collect(),
        ..KnownNames::default()
    }
}

/// Adds the names that links have to `known`, and calls `each_client` with the client of each link that
/// is for one client.
async fn add_links(
    store: &dyn Store,
    known: &mut KnownNames,
    each_client: &mut (dyn FnMut(&str) + Send),
) -> Result<(), StoreError> {
    let mut last = None;
    loop {
        let batch = store.links_after(last.as_ref(), BATCH_SIZE).await?;
        for (link_key, link) in &batch {
            add_link(link, known);
            if let Some(client) = &link_key.client {
                each_client(client);
            }
        }
        match batch.into_iter().last() {
            Some((link_key, _)) => last = Some(link_key),
            None => return Ok(()),
        }
        // A read runs on the calling thread, so other tasks get their turn.
        tokio::task::yield_now().await;
    }
}

fn add_link(link: &Link, known: &mut KnownNames) {
    let attributes = known.attributes.get_or_insert_default();
    for (name, value) in &link.attributes {
        if !attributes.contains(name) {
            attributes.insert(name.clone());
        }
        let names = match name.as_str() {
            "groups" => &mut known.groups,
            "roles" => &mut known.roles,
            _ => continue,
        };
        match value {
            Attribute::One(one) => _ = names.insert(one.clone()),
            Attribute::Many(many) => names.extend(many.iter().cloned()),
        }
    }
}

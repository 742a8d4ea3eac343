//! Where a key belongs. A key that is written below a `[section]` is one of that section for TOML, although
//! the operator may mean the top of the file. Each section's own struct tells its keys.

use std::sync::Arc;

use figment::error::Kind;
use figment::{Error, Figment};
use panda_oidc_sdk::{Host, OpenError, SystemClock};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

use super::admin::{AdminSection, TokenSection};
use super::clients::ClientSection;
use super::store::StoreSection;
use super::{Directory, Document, KeysSection, LimitsSection, LogSection, Server, SessionSection};
use crate::people::{Group, UserSet};
use crate::problem::Problem;

/// The place of keys that belong to no section.
const TOP: &str = "the top, before any [section]";

/// The place of a client's keys.
const CLIENTS: &str = "[[clients]], above its sub-tables such as [clients.claims]";

/// How similar a misspelt key is to the one that is meant.
const SIMILAR: f64 = 0.9;

/// The keys of the top that are sections. A heading leads out of every table, so it is never in another's place.
const SECTIONS: [&str; 10] = [
    "server",
    "log",
    "admin",
    "provider",
    "session",
    "store",
    "keys",
    "directory",
    "groups",
    "limits",
];

type Keys = &'static [&'static str];

/// Every place, with the keys that belong there.
fn homes() -> [(&'static str, Keys); 14] {
    [
        (TOP, keys_of::<Document>()),
        ("[server]", keys_of::<Server>()),
        ("[admin]", keys_of::<AdminSection>()),
        ("[[admin.tokens]]", keys_of::<TokenSection>()),
        ("[log]", keys_of::<LogSection>()),
        ("[provider]", provider_keys()),
        ("[session]", keys_of::<SessionSection>()),
        ("[store]", keys_of::<StoreSection>()),
        ("[keys]", keys_of::<KeysSection>()),
        ("[directory]", keys_of::<Directory>()),
        ("[limits]", keys_of::<LimitsSection>()),
        ("[groups.NAME]", keys_of::<Group>()),
        (CLIENTS, keys_of::<ClientSection>()),
        ("allow or deny of [[clients]]", keys_of::<UserSet>()),
    ]
}

/// The remedy for the key `name`, which is not used where it is written: where it belongs. `None` if it
/// belongs nowhere.
fn belongs(name: &str) -> Option<String> {
    let homes = homes();
    let places = homes.iter().filter(|(_, keys)| keys.contains(&name));
    let places: Vec<_> = places.map(|(place, _)| *place).collect();
    (!places.is_empty()).then(|| format!("it belongs to {}", places.join(", or to ")))
}

/// Where `name` belongs if it is a key of the top or of a client. These are the keys that end up in a table
/// with names of its own, such as `[clients.claims]`, when they are written below it.
pub(super) fn swallowed(name: &str) -> Option<&'static str> {
    let homes = [
        (TOP, keys_of::<Document>()),
        (CLIENTS, keys_of::<ClientSection>()),
    ];
    let mut places = homes
        .iter()
        .filter(|(_, keys)| keys.contains(&name) && !SECTIONS.contains(&name));
    places.next().map(|(place, _)| *place)
}

/// Converts an error of figment. A key that belongs elsewhere is told where.
pub(super) fn problem(error: Error) -> Problem {
    let remedy = match &error.kind {
        Kind::UnknownField(name, known) => belongs(name).or_else(|| misspelt(name, known)),
        // The tables [clients.claims] and [groups] have names of their own as keys.
        _ => match error.path.as_slice() {
            [clients, _, table, name, ..] if clients == "clients" && table == "claims" => {
                belongs(name)
            }
            [table, name] if table == "groups" => belongs(name),
            _ => None,
        },
    };
    let problem = Problem::from_figment(error);
    match remedy {
        Some(remedy) => Problem { remedy, ..problem },
        None => problem,
    }
}

/// The remedy for a misspelt key that is similar to none of `known`, but to a key of another place.
fn misspelt(name: &str, known: &[&str]) -> Option<String> {
    let similarity = |key: &str| strsim::jaro_winkler(name, key);
    if known.iter().any(|key| similarity(key) > 0.8) {
        return None;
    }
    let homes = homes();
    let all = homes
        .iter()
        .flat_map(|(place, keys)| keys.iter().map(move |key| (similarity(key), key, place)));
    let (_, key, place) = all
        .filter(|(similarity, ..)| *similarity > SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(format!("did you mean `{key}`, which belongs to {place}?"))
}

/// The keys of the plugins' tables: what each says when it meets a key that nobody has.
fn provider_keys() -> Keys {
    let Ok(host) = Host::new(Arc::new(SystemClock)) else {
        return &[];
    };
    let table = Figment::from(("\0", true));
    let keys = crate::plugins::ALL.iter().find_map(|plugin| {
        let Err(OpenError::Settings(error)) = plugin.open(&table, &host) else {
            return None;
        };
        match error.kind {
            Kind::UnknownField(_, known) => Some(known),
            _ => None,
        }
    });
    keys.unwrap_or_default()
}

/// The keys of a section: the fields that its struct asks a deserializer for.
fn keys_of<'de, T: Deserialize<'de>>() -> Keys {
    let mut keys: Keys = &[];
    let asked = T::deserialize(FieldNames(&mut keys));
    debug_assert!(asked.is_err(), "a section is a struct");
    keys
}

/// A deserializer that takes down the field names of the struct it is asked for, and fails.
struct FieldNames<'a>(&'a mut Keys);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("only field names are read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

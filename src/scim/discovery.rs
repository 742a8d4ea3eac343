//! The discovery documents: features, resource types and schemas (RFC 7643 §5 to §7).

use serde_json::{Value as Json, json};

use super::base::BaseUrl;
use super::filter::Attribute as _;
use super::group::GroupAttribute;
use super::page::MAX_PAGE_SIZE;
use super::user::UserAttribute;

/// The names of the resource types.
pub const RESOURCE_TYPES: [&str; 2] = ["User", "Group"];

/// The URNs of the schemas.
pub const SCHEMAS: [&str; 2] = [UserAttribute::SCHEMA, GroupAttribute::SCHEMA];

/// `/ServiceProviderConfig`.
#[must_use]
pub fn service_provider(base: &BaseUrl) -> Json {
    let unsupported = json!({ "supported": false });
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": unsupported,
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": MAX_PAGE_SIZE },
        "changePassword": unsupported,
        "sort": unsupported,
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token of [[admin.tokens]], in the header Authorization",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{}/ServiceProviderConfig", base.as_str()),
        },
    })
}

/// A resource type, by its name.
#[must_use]
pub fn resource_type(name: &str, base: &BaseUrl) -> Option<Json> {
    let (endpoint, schema, description) = match name {
        "User" => ("/Users", UserAttribute::SCHEMA, "People of the portal"),
        "Group" => (
            "/Groups",
            GroupAttribute::SCHEMA,
            "Groups of the configuration and the groups file",
        ),
        _ => return None,
    };
    Some(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": name,
        "name": name,
        "endpoint": endpoint,
        "description": description,
        "schema": schema,
        "meta": { "resourceType": "ResourceType", "location": base.at("ResourceTypes", name) },
    }))
}

/// A schema, by its URN.
#[must_use]
pub fn schema(urn: &str, base: &BaseUrl) -> Option<Json> {
    let (name, description, attributes) = match urn {
        UserAttribute::SCHEMA => ("User", "A person of the portal", user()),
        GroupAttribute::SCHEMA => ("Group", "People who belong together", group()),
        _ => return None,
    };
    Some(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn,
        "name": name,
        "description": description,
        "attributes": attributes,
        "meta": { "resourceType": "Schema", "location": base.at("Schemas", urn) },
    }))
}

fn user() -> Vec<Json> {
    vec![
        Attribute::text(
            "userName",
            "The portal's ID, as id. It is never another person's",
        )
        .exact()
        .unique()
        .json(),
        Attribute::text("displayName", "The name, as the portal has it").json(),
        Attribute::of("name", "complex", "The name in its parts")
            .with([
                Attribute::text("formatted", "The whole name"),
                Attribute::text("familyName", "The surname, where it is clear which it is"),
                Attribute::text("givenName", "The rest of such a name"),
            ])
            .json(),
        Attribute::of("active", "boolean", "False of somebody who has left").json(),
        Attribute::of("emails", "complex", "The address of the linked account")
            .many()
            .with([
                Attribute::text("value", "The address"),
                Attribute::primary(),
            ])
            .json(),
        Attribute::of("phoneNumbers", "complex", "The portal's number")
            .many()
            .with([
                Attribute::text(
                    "value",
                    "In E.164 where it is clear which number is meant, else as it was entered",
                ),
                Attribute::primary(),
            ])
            .json(),
        Attribute::of("groups", "complex", "The groups somebody is in")
            .many()
            .with([
                Attribute::text("value", "The group's id").exact(),
                Attribute::reference("$ref", "Group"),
                Attribute::text("display", "The group's name"),
            ])
            .json(),
        Attribute::of(
            "roles",
            "complex",
            "The roles that groups bring, and those given alone",
        )
        .many()
        .with([Attribute::text("value", "The role").exact()])
        .json(),
    ]
}

fn group() -> Vec<Json> {
    vec![
        Attribute::text("displayName", "The name of the group, as id").json(),
        Attribute::of("members", "complex", "Who is in the group")
            .many()
            .with([
                Attribute::text("value", "The user's id").exact(),
                Attribute::reference("$ref", "User"),
                Attribute::text("display", "The user's name"),
                Attribute::text("type", "Always \"User\""),
            ])
            .json(),
    ]
}

/// The definition of an attribute (RFC 7643 §7). Every attribute is read-only.
struct Attribute(Json);

impl Attribute {
    fn of(name: &str, kind: &str, description: &str) -> Self {
        Self(json!({
            "name": name,
            "type": kind,
            "multiValued": false,
            "description": description,
            "required": false,
            "mutability": "readOnly",
            "returned": "default",
        }))
    }

    fn text(name: &str, description: &str) -> Self {
        let mut attribute = Self::of(name, "string", description);
        attribute.0["caseExact"] = json!(false);
        attribute.0["uniqueness"] = json!("none");
        attribute
    }

    fn primary() -> Self {
        Self::of("primary", "boolean", "Always true: there is one")
    }

    fn reference(name: &str, to: &str) -> Self {
        let mut attribute = Self::of(name, "reference", "Where it is found").exact();
        attribute.0["referenceTypes"] = json!([to]);
        attribute
    }

    fn exact(mut self) -> Self {
        self.0["caseExact"] = json!(true);
        self
    }

    fn unique(mut self) -> Self {
        self.0["required"] = json!(true);
        self.0["uniqueness"] = json!("server");
        self
    }

    fn many(mut self) -> Self {
        self.0["multiValued"] = json!(true);
        self
    }

    fn with(mut self, parts: impl IntoIterator<Item = Self>) -> Self {
        self.0["subAttributes"] = parts.into_iter().map(Self::json).collect();
        self
    }

    fn json(self) -> Json {
        self.0
    }
}

//! The discovery documents.

use super::*;

#[test]
fn discovery_documents_match_their_snapshots() {
    let base = BaseUrl::new("http://127.0.0.1:9401");
    insta::assert_json_snapshot!("service_provider_config", service_provider(&base));
    let types: Vec<_> = RESOURCE_TYPES.map(|name| resource_type(name, &base)).into();
    insta::assert_json_snapshot!("resource_types", types);
    let schemas: Vec<_> = SCHEMAS.map(|urn| schema(urn, &base)).into();
    insta::assert_json_snapshot!("schemas", schemas);
    assert!(resource_type("Device", &base).is_none() && schema("x", &base).is_none());
}

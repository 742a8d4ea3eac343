//! `/Users`, and the discovery endpoints of SCIM.

use std::collections::BTreeSet;

use panda_oidc::directory::Change as Listed;
use panda_oidc_sdk::{Identity, Subject};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{HR, ScimClient, ids};

#[tokio::test]
async fn a_client_discovers_schemas_and_resource_types() {
    let reader = ScimClient::open().await;
    let config = reader.get("/ServiceProviderConfig").await.expect_ok();
    assert_eq!(
        config["filter"],
        json!({ "supported": true, "maxResults": 500 })
    );
    assert_eq!(
        config["meta"]["location"],
        format!("{}/scim/v2/ServiceProviderConfig", reader.program.admin)
    );
    for (endpoint, names) in [
        ("/ResourceTypes", ["User", "Group"]),
        (
            "/Schemas",
            [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:core:2.0:Group",
            ],
        ),
    ] {
        let list = reader.get(endpoint).await.expect_ok();
        assert_eq!(
            (ids(&list), &list["totalResults"]),
            (names.to_vec(), &json!(2))
        );
        for (index, name) in names.iter().enumerate() {
            let resource = reader.get(&format!("{endpoint}/{name}")).await.expect_ok();
            assert_eq!(resource, list["Resources"][index]);
        }
        reader
            .get(&format!("{endpoint}/Device"))
            .await
            .expect_error(404);
        reader.filtered(endpoint, "id pr").await.expect_error(403);
    }
    // The endpoint of each resource type is served.
    for resource in reader.get("/ResourceTypes").await.expect_ok()["Resources"]
        .as_array()
        .unwrap()
    {
        reader
            .get(resource["endpoint"].as_str().unwrap())
            .await
            .expect_ok();
    }
}

#[tokio::test]
async fn a_user_has_the_linked_account_and_the_groups() {
    let reader = ScimClient::open().await;
    let response = reader.get("/Users/1").await;
    let user = response.expect_ok();
    let url = |path: &str| format!("{}/scim/v2{path}", reader.program.admin);
    let mut expected = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "1",
        "externalId": "chentao",
        "userName": "1",
        "displayName": "陈涛",
        "name": { "formatted": "陈涛", "familyName": "陈", "givenName": "涛" },
        "active": true,
        "emails": [{ "value": "chen@w.cn", "primary": true }],
        "phoneNumbers": [{ "value": "1822199904", "primary": true }],
        "groups": [{ "value": "dispatch", "display": "dispatch", "$ref": url("/Groups/dispatch") }],
        "roles": [{ "value": "Editor" }],
    });
    expected["meta"] = user["meta"].clone();
    assert_eq!(user, expected);
    assert_eq!(user["meta"]["location"], url("/Users/1"));
    assert_eq!(user["meta"]["version"], response.etag);
    // A list returns the same representation.
    let list = reader.get("/Users?count=1").await.expect_ok();
    assert_eq!(list["Resources"][0], user);
    for unknown in ["/Users/999", "/Users/%E9%99%88", "/Users/1%20or"] {
        reader.get(unknown).await.expect_error(404);
    }
}

#[tokio::test]
async fn a_user_who_has_left_or_was_forgotten_is_kept_as_inactive() {
    let reader = ScimClient::open().await;
    let left = reader.get("/Users/2").await.expect_ok();
    assert_eq!(
        (&left["active"], &left["displayName"]),
        (&json!(false), &json!("张伟"))
    );
    assert!(left.get("groups").is_none(), "{left}");
    let inactive = reader
        .filtered("/Users", "active eq false")
        .await
        .expect_ok();
    assert_eq!(ids(&inactive), ["2"]);
    let mut forget = std::process::Command::new(crate::support::program::BINARY);
    forget.args(["users", "forget", "2", "--config"]);
    let output = forget.arg(reader.program.config_file()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let forgotten = reader.get("/Users/2").await.expect_ok();
    assert_eq!(forgotten["active"], false);
    for personal in ["displayName", "name", "phoneNumbers", "emails"] {
        assert!(forgotten.get(personal).is_none(), "{forgotten}");
    }
}

/// Pagination: RFC 7644 §3.4.2.4.
#[tokio::test]
async fn pages_together_are_the_whole_list() {
    let reader = ScimClient::open().await;
    let mut seen = Vec::new();
    for start in (1..).step_by(20) {
        let page = reader
            .get(&format!("/Users?startIndex={start}&count=20"))
            .await
            .expect_ok();
        assert_eq!(
            page["schemas"],
            json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"])
        );
        assert_eq!(
            (&page["totalResults"], &page["startIndex"]),
            (&json!(63), &json!(start))
        );
        let page_ids = ids(&page);
        assert_eq!(page["itemsPerPage"], page_ids.len());
        if page_ids.is_empty() {
            break;
        }
        seen.extend(page_ids.into_iter().map(str::to_owned));
    }
    assert_eq!(seen.len(), 63);
    assert_eq!(
        seen.iter().collect::<BTreeSet<_>>().len(),
        63,
        "nobody twice"
    );
    // A filtered list is paged in the same way.
    let filtered = async |query: &str| {
        let request = reader
            .request(Method::GET, &format!("/Users?{query}"))
            .bearer_auth(HR);
        let request = request.query(&[("filter", "displayName eq \"用户\"")]);
        ScimClient::send(request).await.expect_ok()
    };
    let page = filtered("startIndex=59&count=20").await;
    assert_eq!(
        (ids(&page), &page["totalResults"]),
        (vec!["158", "159"], &json!(60))
    );
    for empty in ["startIndex=61", "count=0", "startIndex=9223372036854775807"] {
        let page = filtered(empty).await;
        assert_eq!(
            (ids(&page), &page["totalResults"]),
            (vec![], &json!(60)),
            "{empty}"
        );
        let page = reader.get(&format!("/Users?{empty}")).await.expect_ok();
        assert_eq!(page["totalResults"], 63, "{empty}");
    }
    assert_eq!(
        reader.get("/Users?startIndex=0&count=-1").await.expect_ok()["startIndex"],
        1
    );
    let (keyword, _) = reader.get("/Users?count=many").await.expect_error(400);
    assert_eq!(keyword, "invalidValue");
}

#[tokio::test]
async fn users_can_be_filtered() {
    let reader = ScimClient::open().await;
    for (filter, found) in [
        ("userName eq \"1\"", vec!["1"]),
        ("userName Eq \"1\" and active eq false", vec![]),
        ("id eq \"999\"", vec![]),
        ("id eq \"陈\"", vec![]),
        ("externalId eq \"chentao\"", vec!["1"]),
        ("emails.value sw \"CHEN@\"", vec!["1"]),
        ("phoneNumbers.value eq \"+8613800138000\"", vec!["2"]),
        ("displayName co \"分\" and active eq true", vec!["10"]),
        ("groups.value eq \"branch\"", vec!["10"]),
        (
            "(id eq \"1\" or id eq \"2\") and not (active eq true)",
            vec!["2"],
        ),
    ] {
        let list = reader.filtered("/Users", filter).await.expect_ok();
        assert_eq!(ids(&list), found, "{filter}");
        assert_eq!(list["totalResults"], found.len(), "{filter}");
    }
    for filter in [
        "userName gt \"1\"",
        "nickName eq \"x\"",
        "id eq \"1",
        "emails[value eq \"x\"]",
    ] {
        let (keyword, detail) = reader.filtered("/Users", filter).await.expect_error(400);
        assert_eq!(keyword, "invalidFilter", "{filter}");
        assert!(detail.starts_with("filter, character "), "{detail}");
    }
    let log = reader.program.log();
    assert!(
        !log.contains("chentao") && !log.contains("13800138000"),
        "personal data in the log"
    );
}

#[tokio::test]
async fn a_client_chooses_attributes() {
    let reader = ScimClient::open().await;
    let fetch = async |query: &str| reader.get(&format!("/Users/1?{query}")).await.expect_ok();
    let keys = |user: &serde_json::Value| {
        user.as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    let set = |names: &[&str]| {
        names
            .iter()
            .map(ToString::to_string)
            .collect::<BTreeSet<_>>()
    };
    let user = fetch("attributes=USERNAME,name.familyName").await;
    assert_eq!(keys(&user), set(&["schemas", "id", "userName", "name"]));
    assert_eq!(user["name"], json!({ "familyName": "陈" }));
    let user = fetch("excludedAttributes=id,phoneNumbers,emails,meta,groups,roles,name").await;
    assert_eq!(
        keys(&user),
        set(&[
            "schemas",
            "id",
            "externalId",
            "userName",
            "displayName",
            "active"
        ])
    );
}

/// Entity tags: RFC 7644 §3.14.
#[tokio::test]
async fn an_unchanged_resource_is_not_sent_again() {
    let reader = ScimClient::open().await;
    for path in [
        "/Users/1",
        "/Users?count=3",
        "/Groups/dispatch",
        "/Groups",
        "/Schemas",
    ] {
        let first = reader.get(path).await;
        assert!(first.etag.starts_with("W/\""), "{path}: {first:?}");
        let again = reader.get_if_none_match(path, &first.etag).await;
        assert_eq!(
            (again.status, again.body.as_str(), &again.etag),
            (304, "", &first.etag),
            "{path}"
        );
        let other = reader.get_if_none_match(path, "W/\"other\"").await;
        assert_eq!((other.status, other.body), (200, first.body), "{path}");
    }
    let tags = async || {
        let (user, list) = (
            reader.get("/Users/1").await,
            reader.get("/Users?count=3").await,
        );
        (
            user.etag,
            list.etag,
            reader.get("/Groups/dispatch").await.etag,
        )
    };
    let before = tags().await;
    reader.link("1", Some("ct"), None).await;
    let linked = tags().await;
    assert!(linked.0 != before.0 && linked.1 != before.1);
    let renamed = Identity {
        subject: Subject::new("1").unwrap(),
        name: Some("陈滔".to_owned()),
        phone: None,
    };
    reader.sync_directory(vec![Listed::Listed(renamed)]).await;
    let renamed = tags().await;
    assert!(renamed.0 != linked.0 && renamed.1 != linked.1 && renamed.2 != linked.2);
}

/// RFC 7644 §3.4.3.
#[tokio::test]
async fn a_posted_search_returns_the_same_list() {
    let reader = ScimClient::open().await;
    let search = async |endpoint: &str, body: String| {
        let request = reader
            .request(Method::POST, &format!("{endpoint}/.search"))
            .bearer_auth(HR);
        ScimClient::send(
            request
                .header("content-type", "application/scim+json")
                .body(body),
        )
        .await
    };
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "attributes": ["displayName"],
        "filter": "displayName sw \"陈\"",
        "startIndex": 1,
        "count": 10
    });
    let list = search("/Users", body.to_string()).await.expect_ok();
    assert_eq!(
        list["Resources"],
        json!([{
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": "1",
            "displayName": "陈涛",
        }])
    );
    let groups = search(
        "/Groups",
        json!({ "filter": "id eq \"branch\"" }).to_string(),
    )
    .await;
    assert_eq!(ids(&groups.expect_ok()), ["branch"]);
    let (keyword, _) = search("/Users", "{".to_owned()).await.expect_error(400);
    assert_eq!(keyword, "invalidSyntax");
}

/// The guide's example has the members of a user, in their order, down to the last.
#[tokio::test]
async fn the_example_of_the_guide_has_the_members_of_a_user() {
    let reader = ScimClient::open().await;
    let response = reader.get("/Users/1").await;
    let user = response.expect_ok();
    for guide in [
        include_str!("../../../docs/scim.md"),
        include_str!("../../../docs/scim.zh.md"),
    ] {
        let (_, example) = guide.split_once("```json\n").unwrap();
        let example = example.split("```").next().unwrap();
        let example = serde_json::from_str(example).unwrap();
        assert_eq!(members(&example), members(&user));
        let (_, head) = guide.split_once("```http\n").unwrap();
        let head = head.split("```").next().unwrap();
        for header in ["content-type", "cache-control"] {
            let sent = response.headers[header].to_str().unwrap();
            assert!(head.contains(&format!("{header}: {sent}\n")), "{head}");
        }
    }
}

/// The names of all members of `value`, those inside others too.
fn members(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(object) => {
            let names = object.iter();
            names
                .flat_map(|(name, value)| [vec![name.as_str()], members(value)].concat())
                .collect()
        }
        Value::Array(list) => list.iter().flat_map(members).collect(),
        _ => Vec::new(),
    }
}

//! `/Users`, and what a client discovers before.

use std::collections::BTreeSet;

use panda_oidc::directory::Change as Listed;
use panda_oidc_sdk::{Identity, Subject};
use reqwest::Method;
use serde_json::json;

use super::reader::{HR, Reader, ids};

#[tokio::test]
async fn a_client_discovers_what_there_is() {
    let reader = Reader::open().await;
    let config = reader.get("/ServiceProviderConfig").await.well();
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
        let list = reader.get(endpoint).await.well();
        assert_eq!(
            (ids(&list), &list["totalResults"]),
            (names.to_vec(), &json!(2))
        );
        for (index, name) in names.iter().enumerate() {
            let one = reader.get(&format!("{endpoint}/{name}")).await.well();
            assert_eq!(one, list["Resources"][index]);
        }
        reader.get(&format!("{endpoint}/Device")).await.error(404);
        reader.filtered(endpoint, "id pr").await.error(403);
    }
    // Each endpoint of a resource type is there.
    for one in reader.get("/ResourceTypes").await.well()["Resources"]
        .as_array()
        .unwrap()
    {
        reader.get(one["endpoint"].as_str().unwrap()).await.well();
    }
}

#[tokio::test]
async fn a_person_is_told_with_the_account_and_the_groups() {
    let reader = Reader::open().await;
    let told = reader.get("/Users/1").await;
    let user = told.well();
    let at = |path: &str| format!("{}/scim/v2{path}", reader.program.admin);
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
        "groups": [{ "value": "dispatch", "display": "dispatch", "$ref": at("/Groups/dispatch") }],
        "roles": [{ "value": "Editor" }],
    });
    expected["meta"] = user["meta"].clone();
    assert_eq!(user, expected);
    assert_eq!(user["meta"]["location"], at("/Users/1"));
    assert_eq!(user["meta"]["version"], told.tag);
    // What a list tells is the same.
    let list = reader.get("/Users?count=1").await.well();
    assert_eq!(list["Resources"][0], user);
    for nobody in ["/Users/999", "/Users/%E9%99%88", "/Users/1%20or"] {
        reader.get(nobody).await.error(404);
    }
}

#[tokio::test]
async fn a_leaver_stays_and_is_not_active_and_so_does_one_who_was_forgotten() {
    let reader = Reader::open().await;
    let left = reader.get("/Users/2").await.well();
    assert_eq!(
        (&left["active"], &left["displayName"]),
        (&json!(false), &json!("张伟"))
    );
    assert!(left.get("groups").is_none(), "{left}");
    let inactive = reader.filtered("/Users", "active eq false").await.well();
    assert_eq!(ids(&inactive), ["2"]);
    let mut forget = std::process::Command::new(crate::support::program::BINARY);
    forget.args(["users", "forget", "2", "--config"]);
    let done = forget.arg(reader.program.config_file()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let forgotten = reader.get("/Users/2").await.well();
    assert_eq!(forgotten["active"], false);
    for personal in ["displayName", "name", "phoneNumbers", "emails"] {
        assert!(forgotten.get(personal).is_none(), "{forgotten}");
    }
}

/// RFC 7644 §3.4.2.4.
#[tokio::test]
async fn pages_are_of_one_list() {
    let reader = Reader::open().await;
    let mut seen = Vec::new();
    for start in (1..).step_by(20) {
        let page = reader
            .get(&format!("/Users?startIndex={start}&count=20"))
            .await
            .well();
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
    // Of a filtered list, too.
    let of = async |query: &str| {
        let request = reader
            .request(Method::GET, &format!("/Users?{query}"))
            .bearer_auth(HR);
        let request = request.query(&[("filter", "displayName eq \"用户\"")]);
        Reader::send(request).await.well()
    };
    let page = of("startIndex=59&count=20").await;
    assert_eq!(
        (ids(&page), &page["totalResults"]),
        (vec!["158", "159"], &json!(60))
    );
    for nothing in ["startIndex=61", "count=0", "startIndex=9223372036854775807"] {
        let page = of(nothing).await;
        assert_eq!(
            (ids(&page), &page["totalResults"]),
            (vec![], &json!(60)),
            "{nothing}"
        );
        let page = reader.get(&format!("/Users?{nothing}")).await.well();
        assert_eq!(page["totalResults"], 63, "{nothing}");
    }
    assert_eq!(
        reader.get("/Users?startIndex=0&count=-1").await.well()["startIndex"],
        1
    );
    let (keyword, _) = reader.get("/Users?count=many").await.error(400);
    assert_eq!(keyword, "invalidValue");
}

#[tokio::test]
async fn people_are_found_by_filters() {
    let reader = Reader::open().await;
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
        let list = reader.filtered("/Users", filter).await.well();
        assert_eq!(ids(&list), found, "{filter}");
        assert_eq!(list["totalResults"], found.len(), "{filter}");
    }
    for filter in [
        "userName gt \"1\"",
        "nickName eq \"x\"",
        "id eq \"1",
        "emails[value eq \"x\"]",
    ] {
        let (keyword, detail) = reader.filtered("/Users", filter).await.error(400);
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
    let reader = Reader::open().await;
    let told = async |query: &str| reader.get(&format!("/Users/1?{query}")).await.well();
    let keys = |user: &serde_json::Value| {
        user.as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    let of = |names: &[&str]| {
        names
            .iter()
            .map(ToString::to_string)
            .collect::<BTreeSet<_>>()
    };
    let user = told("attributes=USERNAME,name.familyName").await;
    assert_eq!(keys(&user), of(&["schemas", "id", "userName", "name"]));
    assert_eq!(user["name"], json!({ "familyName": "陈" }));
    let user = told("excludedAttributes=id,phoneNumbers,emails,meta,groups,roles,name").await;
    assert_eq!(
        keys(&user),
        of(&[
            "schemas",
            "id",
            "externalId",
            "userName",
            "displayName",
            "active"
        ])
    );
}

/// RFC 7644 §3.14.
#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let reader = Reader::open().await;
    for path in [
        "/Users/1",
        "/Users?count=3",
        "/Groups/dispatch",
        "/Groups",
        "/Schemas",
    ] {
        let first = reader.get(path).await;
        assert!(first.tag.starts_with("W/\""), "{path}: {first:?}");
        let again = reader.get_unless(path, &first.tag).await;
        assert_eq!(
            (again.status, again.body.as_str(), &again.tag),
            (304, "", &first.tag),
            "{path}"
        );
        let other = reader.get_unless(path, "W/\"other\"").await;
        assert_eq!((other.status, other.body), (200, first.body), "{path}");
    }
    let tags = async || {
        let (one, list) = (
            reader.get("/Users/1").await,
            reader.get("/Users?count=3").await,
        );
        (one.tag, list.tag, reader.get("/Groups/dispatch").await.tag)
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
    reader.reading(vec![Listed::Listed(renamed)]).await;
    let renamed = tags().await;
    assert!(renamed.0 != linked.0 && renamed.1 != linked.1 && renamed.2 != linked.2);
}

/// RFC 7644 §3.4.3.
#[tokio::test]
async fn a_search_is_a_list_that_is_posted() {
    let reader = Reader::open().await;
    let search = async |endpoint: &str, body: String| {
        let request = reader
            .request(Method::POST, &format!("{endpoint}/.search"))
            .bearer_auth(HR);
        Reader::send(
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
    let list = search("/Users", body.to_string()).await.well();
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
    assert_eq!(ids(&groups.well()), ["branch"]);
    let (keyword, _) = search("/Users", "{".to_owned()).await.error(400);
    assert_eq!(keyword, "invalidSyntax");
}

//! `/Groups`.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{ScimClient, WIKI, ids};

fn members(group: &Value) -> Vec<&str> {
    let members = group["members"].as_array().unwrap();
    members
        .iter()
        .map(|member| member["value"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_group_has_the_users_whom_its_list_or_its_rule_names() {
    let reader = ScimClient::open().await;
    let list = reader.get("/Groups").await.expect_ok();
    assert_eq!(ids(&list), ["branch", "dispatch", "空/组"]);
    assert_eq!(list["totalResults"], 3);
    let groups: Vec<_> = list["Resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(members)
        .collect();
    // User 2 has left, and user 999 does not exist.
    assert_eq!(groups, [vec!["10"], vec!["1"], vec![]]);
    let group = reader.get("/Groups/dispatch").await;
    assert_eq!(group.expect_ok(), list["Resources"][1]);
    let url = |path: &str| format!("{}/scim/v2{path}", reader.program.admin);
    assert_eq!(
        group.json(),
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "id": "dispatch",
            "displayName": "dispatch",
            "members": [{ "value": "1", "type": "User", "display": "陈涛", "$ref": url("/Users/1") }],
            "meta": {
                "resourceType": "Group",
                "location": url("/Groups/dispatch"),
                "version": group.etag,
            },
        })
    );
}

#[tokio::test]
async fn every_reference_can_be_fetched() {
    let reader = ScimClient::open().await;
    let prefix = format!("{}/scim/v2", reader.program.admin);
    let list = reader.get("/Groups").await.expect_ok();
    for group in list["Resources"].as_array().unwrap() {
        let location = group["meta"]["location"].as_str().unwrap();
        let found = reader
            .get(location.strip_prefix(&prefix).unwrap())
            .await
            .expect_ok();
        assert_eq!(&found, group);
        for member in group["members"].as_array().unwrap() {
            let location = member["$ref"].as_str().unwrap();
            let user = reader
                .get(location.strip_prefix(&prefix).unwrap())
                .await
                .expect_ok();
            let groups: Vec<_> = user["groups"].as_array().unwrap().iter().collect();
            let reference = groups
                .iter()
                .find(|reference| reference["value"] == group["id"])
                .unwrap();
            assert_eq!(reference["$ref"], group["meta"]["location"]);
        }
    }
    reader.get("/Groups/nobody").await.expect_error(404);
}

#[tokio::test]
async fn groups_can_be_filtered_and_returned_without_members() {
    let reader = ScimClient::open().await;
    for (filter, found) in [
        ("displayName eq \"DISPATCH\"", vec!["dispatch"]),
        ("id sw \"空\"", vec!["空/组"]),
        ("members.value eq \"10\"", vec!["branch"]),
        ("members.value eq \"2\"", vec![]),
        ("members pr", vec!["branch", "dispatch"]),
    ] {
        let list = reader.filtered("/Groups", filter).await.expect_ok();
        assert_eq!(ids(&list), found, "{filter}");
    }
    let (keyword, _) = reader
        .filtered("/Groups", "userName eq \"1\"")
        .await
        .expect_error(400);
    assert_eq!(keyword, "invalidFilter");
    let list = reader
        .get("/Groups?excludedAttributes=members&startIndex=2&count=1")
        .await
        .expect_ok();
    assert_eq!(
        (ids(&list), &list["totalResults"]),
        (vec!["dispatch"], &json!(3))
    );
    assert!(list["Resources"][0].get("members").is_none());
    let request = reader.request(Method::GET, "/Groups/dispatch?attributes=displayName");
    let bare = ScimClient::send(request.bearer_auth(WIKI))
        .await
        .expect_ok();
    assert_eq!(bare["displayName"], "dispatch");
    assert!(bare.get("members").is_none());
}

/// Each name is compared with what each member has.
#[tokio::test]
async fn a_search_names_a_limited_number_of_attributes() {
    let reader = ScimClient::open().await;
    let names = |count: usize| (0..count).map(|it| format!("m{it:x}")).collect::<Vec<_>>();
    for list in ["attributes", "excludedAttributes"] {
        for (count, fits) in [(100, true), (101, false), (6500, false)] {
            let url = format!("{}/scim/v2/Groups/.search", reader.program.admin);
            let search = reqwest::Client::new().post(url).bearer_auth(WIKI);
            let searched = ScimClient::send(search.json(&json!({ list: names(count) }))).await;
            if fits {
                searched.expect_ok();
                continue;
            }
            let (kind, detail) = searched.expect_error(400);
            assert_eq!(kind, "invalidValue");
            assert!(detail.contains("more than 100"), "{detail}");
        }
        let query = format!("/Groups?{list}={}", names(101).join(","));
        reader.get(&query).await.expect_error(400);
    }
}

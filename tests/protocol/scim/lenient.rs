//! What systems ask that pull people: those changed since the last time, and spellings of Entra ID.

use chrono::{DateTime, TimeDelta, Utc};

use super::client::{ScimClient, ids};

#[tokio::test]
async fn people_who_changed_since_the_last_time_are_found() {
    let reader = ScimClient::open().await;
    let user = reader.get("/Users/1").await.expect_ok();
    let modified = user["meta"]["lastModified"].as_str().unwrap().to_owned();
    let at = DateTime::parse_from_rfc3339(&modified)
        .unwrap()
        .with_timezone(&Utc);
    let east = at.with_timezone(&chrono::FixedOffset::east_opt(8 * 3600).unwrap());
    let (hour, hour_ago) = (at + TimeDelta::hours(1), at - TimeDelta::hours(1));
    for (filter, expected) in [
        (format!("meta.lastModified ge \"{modified}\""), true),
        (format!("meta.lastModified le \"{modified}\""), true),
        (format!("meta.lastModified eq \"{modified}\""), true),
        (format!("meta.lastModified gt \"{modified}\""), false),
        (format!("meta.lastModified lt \"{modified}\""), false),
        (format!("meta.lastModified ne \"{modified}\""), false),
        (
            format!("meta.lastModified GT \"{}\"", hour_ago.to_rfc3339()),
            true,
        ),
        (
            format!("meta.lastModified gt \"{}\"", hour.to_rfc3339()),
            false,
        ),
        (
            format!("meta.lastmodified ge \"{}\"", east.to_rfc3339()),
            true,
        ),
        // A `+` that was not escaped in a URL is a space.
        (
            format!(
                "meta.lastModified ge \"{}\"",
                east.to_rfc3339().replace('+', " ")
            ),
            true,
        ),
        (
            format!(
                "meta.lastModified ge \"{}\"",
                hour_ago.format("%Y-%m-%dT%H:%M:%S")
            ),
            true,
        ),
        ("meta.lastModified ge \"2000-01-01\"".to_owned(), true),
        ("meta.lastModified pr".to_owned(), true),
        (
            format!("active eq true and meta.lastModified ge \"{modified}\""),
            true,
        ),
        (format!("not (meta.lastModified lt \"{modified}\")"), true),
    ] {
        let found = ids(&reader.filtered("/Users", &filter).await.expect_ok()).contains(&"1");
        assert_eq!(found, expected, "{filter}");
    }
    for filter in [
        "meta.lastModified gt \"yesterday\"",
        "meta.lastModified co \"2026\"",
        "meta.lastModified gt true",
        "userName gt \"1\"",
        "active gt true",
    ] {
        let (keyword, detail) = reader.filtered("/Users", filter).await.expect_error(400);
        assert_eq!(keyword, "invalidFilter", "{filter}");
        assert!(detail.starts_with("filter, character "), "{detail}");
    }
}

#[tokio::test]
async fn booleans_and_ids_are_read_as_systems_write_them() {
    let reader = ScimClient::open().await;
    let found = async |filter: &str| {
        let list = reader.filtered("/Users", filter).await.expect_ok();
        ids(&list)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let active = found("active eq true").await;
    for filter in [
        "active eq \"True\"",
        "active eq \"true\"",
        "active eq True",
        "active eq TRUE",
        "active ne \"False\"",
        "active ne false",
    ] {
        assert_eq!(found(filter).await, active, "{filter}");
    }
    assert_eq!(found("id eq 1").await, ["1"]);
    assert_eq!(found("userName eq 1 and active eq \"True\"").await, ["1"]);
    reader
        .filtered("/Users", "active eq \"yes\"")
        .await
        .expect_error(400);
}

#[tokio::test]
async fn a_slash_at_the_end_of_an_address_does_not_matter() {
    let reader = ScimClient::open().await;
    for path in [
        "/Users",
        "/Users/1",
        "/Groups",
        "/ServiceProviderConfig",
        "/ResourceTypes",
        "/Schemas",
        "/ResourceTypes/User",
    ] {
        let plain = reader.get(path).await.expect_ok();
        assert_eq!(
            reader.get(&format!("{path}/")).await.expect_ok(),
            plain,
            "{path}"
        );
    }
    let queried = reader.get("/Users/?count=1").await.expect_ok();
    assert_eq!(queried["itemsPerPage"], 1);
    reader.get("/Users/1/x/").await.expect_error(404);
    let log = reader.program.log();
    assert!(log.contains("asked: GET /scim/v2/Users/{id}"), "{log}");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["/healthz/", "/readyz/", "/metrics/"] {
        let answer = http.get(format!("{}{path}", reader.program.admin)).send();
        assert_eq!(answer.await.unwrap().status(), 200, "{path}");
    }
}
